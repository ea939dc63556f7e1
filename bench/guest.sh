#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In the guest: all measurements. What the kernel does in its first seconds is over by then; sleeping takes no time here.
export NUMAPERF_KO=/numaperf/kmod/numaperf.ko
sleep 20
cd /numaperf/extra/bench || exit 1
status=0
run() { echo "# $*"; ./"$@" || { echo "failed	$1"; status=1; }; }
# shellcheck disable=SC2086 # names by the word; without any: all
for name in ${*:-placement pin fault region hint}; do
	case $name in
	hint) run hint hint=ftrace; run hint hint=kprobe ;;
	*) run "$name" ;;
	esac
done
exit $status
