#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# Without the module: clear answers with the remedy, and nothing left behind. Skipped where the module is loaded.

# shellcheck source=tools/tests/tap.sh
. "$(dirname "$0")/tap.sh"

if [ -e /dev/numaperf ]; then
	echo '1..0 # SKIP the module is loaded'
	exit 0
fi
remedy='not loaded: run .modprobe numaperf. as root'

run "$NUMAPERF" stat -o "$work/result" -- sh -c "echo ran >'$work/ran'"
expect 'stat of a command' 'status_is 1 && says "$remedy"'
expect 'stat does not run it' '[ ! -e "$work/ran" ]'
expect 'stat leaves no file' '[ "$(ls "$work")" = "$(printf "err\nout\nstatus")" ]'
run "$NUMAPERF" stat --pid $$
expect 'stat of a process' 'status_is 1 && says "$remedy"'
run "$NUMAPERF" stat --json --pid $$
expect 'stat --json prints no half of an object' 'status_is 1 && ! grep -q "{" "$work/out" "$work/err"'
run "$NUMAPERF" stat --pid 4194304
expect 'stat of a process that is not there' 'status_is 1 && says "no process 4194304"'
run "$NUMAPERF" stat -o "$work/none/result" -- true
expect 'stat into a folder that is not there' 'status_is 1 && says "No such file"'

allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
run "$NUMAPERF" run --strict -C "$allowed" -- sh -c "echo ran >'$work/ran'"
expect 'run --strict' 'status_is 1 && says "$remedy"'
expect 'run --strict does not run it' '[ ! -e "$work/ran" ]'
run "$NUMAPERF" run -C "$allowed" -- true
expect 'run without --strict needs no module' 'status_is 0'
finish
