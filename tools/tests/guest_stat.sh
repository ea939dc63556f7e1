#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# stat against the module: right numbers for known placements, UNKNOWN where nothing can be known, for root and for an ordinary user.
# $0's folder holds memory_work.

here=$(dirname "$0")
# shellcheck source=tools/tests/tap.sh
. "$here/tap.sh"

work_program=$here/memory_work
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
balancing=/proc/sys/kernel/numa_balancing

if [ ! -e /dev/numaperf ]; then
	echo '1..0 # SKIP the module is not loaded'
	exit 0
fi

with_cpus=$(members /sys/devices/system/node/has_cpu)
with_memory=$(members /sys/devices/system/node/has_memory)
near=$(for n in $with_cpus; do echo "$with_memory" | grep -x "$n"; done | head -n 1)
far=$(echo "$with_memory" | grep -v -x "$near" | head -n 1)

# The whole's share of a source, in per cent without its sign, or UNKNOWN; and the number of its samples.
share() { awk -v s="$1" '$1 == s && $2 ~ /-/ { print $3; exit }' "$work/err"; }
samples() { awk -v s="$1" '$1 == s && $2 ~ /-/ { for (i = 4; i <= NF; i++) if ($i ~ /^[0-9]+$/) { print $i; exit } }' "$work/err"; }
at_least() { awk "BEGIN { exit !(\"$1\" ~ /^[0-9]/ && $1 + 0 >= $2) }" </dev/null 2>/dev/null; }
at_most() { awk "BEGIN { exit !(\"$1\" ~ /^[0-9]/ && $1 + 0 <= $2) }" </dev/null 2>/dev/null; }

[ "$(cat $balancing 2>/dev/null)" = 1 ] && measurable=yes || measurable=

measured()
{
	if [ -z "$measurable" ] || [ -z "$near" ] || [ -z "$far" ]; then
		skip "$1" 'needs two nodes with memory, one of them with CPUs, and NUMA balancing'
		return 1
	fi
}

hint_faults() { awk '$1 == "numa_hint_faults" { print $2 }' /proc/vmstat; }

# As run, and again (at most four times in all) if the kernel itself took hardly any hint faults meanwhile: a scan that the host held up
# makes the scanner pause for a time in proportion (task_numa_work()). What the kernel did count must be there.
run_scanned()
{
	for _ in 1 2 3 4; do
		before=$(hint_faults)
		run "$@"
		[ $(($(hint_faults) - before)) -lt 1000 ] || break
	done
}

# ----------------------------------------------------------- known placements

if measured 'remote memory is remote'; then
	run_scanned "$NUMAPERF" stat --period 16 -- "$NUMAPERF" run -N "$near" -m "$far" "$work_program" 8 4
	expect 'remote memory is remote' 'status_is 0 && at_most "$(share hint)" 5 && at_least "$(samples hint)" 1000'
	expect 'and was first touched there' 'at_most "$(share fault)" 10'
	expect 'threads are named' 'says "memory_work"'
	expect 'its resident memory is shown' 'grep -A 9 "^Where its memory is" "$work/err" | grep -q "^ *$far "'
fi
if measured 'local memory is local'; then
	run_scanned "$NUMAPERF" stat -- "$NUMAPERF" run -N "$near" -m "$near" "$work_program" 8 4
	expect 'local memory is local' 'status_is 0 && at_least "$(share hint)" 95 && at_least "$(samples hint)" 1000'
fi
if measured 'an ordinary user measures his own command'; then
	# shellcheck disable=SC2086 # several words
	run_scanned $nobody "$NUMAPERF" stat -- "$NUMAPERF" run -N "$near" -m "$far" "$work_program" 8 4
	expect 'an ordinary user measures his own command' 'status_is 0 && at_most "$(share hint)" 5 && at_least "$(samples hint)" 1000'
fi

# ------------------------------------------------------------------- unknown

if measured 'plain MPOL_BIND is UNKNOWN'; then
	run "$NUMAPERF" stat -- numactl -N "$near" -m "$far" "$work_program" 8 2
	expect 'plain MPOL_BIND is UNKNOWN' '[ "$(share hint)" = UNKNOWN ] && says "MPOL_F_NUMA_BALANCING" && says "numaperf run --membind"'
fi
if measured 'shared memory is UNKNOWN'; then
	run "$NUMAPERF" stat -- "$NUMAPERF" run -N "$near" "$work_program" 16 4 1 shared
	expect 'shared memory is UNKNOWN' '[ "$(share hint)" = UNKNOWN ] && says "shared mappings"'
fi
if [ -n "$measurable" ]; then
	echo 0 >$balancing
	run "$NUMAPERF" stat --period 16 -- "$work_program" 8 1
	echo 1 >$balancing
	expect 'without balancing it is UNKNOWN' '[ "$(share hint)" = UNKNOWN ] && says "sysctl kernel.numa_balancing=1"'
	expect 'but first touch is not' 'at_least "$(share fault)" 0'
else
	run "$NUMAPERF" stat -- true
	expect 'without balancing it is UNKNOWN' '[ "$(share hint)" = UNKNOWN ]'
fi
run "$NUMAPERF" stat -- true
expect 'few samples are UNKNOWN' '[ "$(share fault)" = UNKNOWN ] && says "samples are too few"'

# ------------------------------------------------------------------ commands

run "$NUMAPERF" stat -- sh -c 'echo out; exit 7'
expect 'output and exit status are those of the command' 'status_is 7 && [ "$(cat "$work/out")" = out ]'
run "$NUMAPERF" stat -- "$work/none"
expect 'a command that is not there' 'status_is 127 && ! says SOURCE'
run "$NUMAPERF" stat --duration 0.5 -- sleep 30
expect 'a duration ends the command' 'status_is 0 && says SOURCE'
run "$NUMAPERF" stat --children -- sh -c "'$work_program' 1 0.3; true"
expect 'children are counted if asked' 'says "memory_work"'
run "$NUMAPERF" stat -- sh -c "'$work_program' 1 0.3; true"
expect 'and not otherwise' '! grep "^ *[0-9].* memory_work" "$work/err"'
run "$NUMAPERF" stat --no-per-thread -- "$work_program" 1 0.1 2
expect 'threads can be left out' 'status_is 0 && ! says "^Threads"'
run "$NUMAPERF" stat -I 0.4 -- sleep 1
expect 'intervals' '[ "$(grep -c "^Locality of sleep 1" "$work/err")" -ge 2 ]'

# ----------------------------------------------------------------- processes

# A background command is a copy of this shell until it has its own image; stat waits in poll(2) once it counts.
is_named() { [ "$(cat "/proc/$1/comm")" = "$2" ]; }
is_counting() { grep -q poll "/proc/$1/wchan"; }

"$work_program" 4 60 &
target=$!
until_true is_named $target memory_work
run "$NUMAPERF" stat --duration 0.5 --pid $target
expect 'a running process' 'status_is 0 && says "process $target" && says "memory_work"'
"$NUMAPERF" stat --pid $target -o "$work/result" &
stat=$!
until_true is_counting $stat
sleep 1
kill -INT $stat
wait $stat
expect 'an interrupt ends counting and prints' "[ $? -eq 0 ]"' && grep -q SOURCE "$work/result"'
expect 'and the process lives' 'kill -0 $target'
# shellcheck disable=SC2086
run $nobody "$NUMAPERF" stat --pid $target -o /tmp/nobodys
expect "another user's process is refused" 'status_is 1 && says CAP_PERFMON && [ ! -e /tmp/nobodys ]'
"$NUMAPERF" stat --pid $target -o "$work/result2" &
stat=$!
until_true is_counting $stat
kill -KILL $target
wait $stat
expect 'a process that exits meanwhile' "[ $? -eq 0 ]"' && grep -q "ended" "$work/result2"'
run "$NUMAPERF" stat --pid 4194304 -o "$work/result3"
expect 'a process that is not there' 'status_is 1 && says "no process" && [ ! -e "$work/result3" ]'

# ---------------------------------------------------------------------- JSON

run "$NUMAPERF" stat --json -o "$work/json" -- "$work_program" 2 0.5 2
if command -v jq >/dev/null; then
	expect 'JSON is whole' 'jq -e ".exit_status == 0 and (.sources | length) == 2 and (.threads | length) == 2" "$work/json" >/dev/null'
	run "$NUMAPERF" stat --json -I 0.3 -o "$work/json" -- sleep 1
	expect 'JSON of intervals is one object a line' '[ "$(wc -l <"$work/json")" -eq "$(jq -c . "$work/json" | wc -l)" ]'
else
	expect 'JSON is whole' '[ "$(head -n 1 "$work/json")" = "{" ] && [ "$(tail -n 1 "$work/json")" = "}" ]'
	skip 'JSON of intervals is one object a line' 'jq is not there'
fi
expect 'JSON goes where it is told' 'status_is 0 && [ ! -s "$work/err" ] && [ ! -s "$work/out" ]'
finish
