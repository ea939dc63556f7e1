#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In the guest: all measurements. What the kernel does in its first seconds is over by then; sleeping takes no time here.
export NUMAPERF_KO=/numaperf/kmod/numaperf.ko
sleep 20
cd /numaperf/extra/bench || exit 1
[ $# -gt 0 ] || set -- placement pin fault region hint
status=0

# run PROGRAM [ARGUMENT]
run()
{
	echo "# $*"
	program=$1
	shift
	"./$program" "$@" || { echo "failed	$program"; status=1; }
}

for name; do
	case $name in
	hint)
		run hint hint=ftrace
		run hint hint=kprobe
		;;
	*) run "$name" ;;
	esac
done
exit $status
