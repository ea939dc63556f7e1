#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# run against the module and on real nodes: memory goes where it is told, and --strict holds threads, children and what they execute.

here=$(dirname "$0")
# shellcheck source=tools/tests/tap.sh
. "$here/tap.sh"

work_program=$here/memory_work
if [ ! -e /dev/numaperf ]; then
	echo '1..0 # SKIP the module is not loaded'
	exit 0
fi

leases() { "$NUMAPERF" leases --json | grep -c '"id"'; }
cpus_of() { sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$1/status"; }
refused() { ! taskset -pc "$other" "$1" >/dev/null 2>&1 && [ "$(cpus_of "$1")" = "$cpu" ]; }

# -------------------------------------------------------------------- memory

# Pages of private anonymous memory on a node, of the biggest mapping.
pages_on() { sed -n "s/.* N$2=\([0-9]*\) .*/\1/p" "/proc/$1/numa_maps" | sort -n | tail -n 1; }
is_there() { [ "$(pages_on "$1" "$2")" = 1024 ]; }

for node in $(members /sys/devices/system/node/has_memory); do
	"$NUMAPERF" run -m "$node" "$work_program" 4 30 &
	expect "membind places pages on node $node" "until_true is_there $! $node"
	kill $! && wait $! 2>/dev/null
done

# -------------------------------------------------------------------- strict

cpu=$(members /sys/devices/system/cpu/online | head -n 1)
other=$(members /sys/devices/system/cpu/online | tail -n 1)

"$NUMAPERF" run --strict -C "$cpu" -- "$work_program" 1 60 3 &
holder=$!
children() { cat "/proc/$1/task/$1/children"; }
threads() { find "/proc/$target/task" -mindepth 1 -maxdepth 1 | sed 's/.*\///'; }
started() { target=$(children "$holder" | tr -d ' ') && [ -n "$target" ] && [ "$(threads | wc -l)" -eq 3 ]; }
all_refused() { for tid in $(threads); do refused "$tid" || return; done; }
expect 'strict: the command runs' 'until_true started'
expect 'strict: one lease is listed' '[ "$(leases)" -eq 1 ]'
expect "strict: no thread can be moved" all_refused
kill -TERM $holder
wait $holder
expect 'strict: signals reach the command, its end is passed on' "[ $? -eq 143 ]"
expect 'strict: nothing is left' '[ "$(leases)" -eq 0 ]'

# A command that closes all descriptors, forks, and executes something else.
"$NUMAPERF" run --strict -C "$cpu" -- sh -c 'for fd in 3 4 5 6 7 8 9; do eval "exec $fd>&-"; done; sleep 60 & exec sleep 61' &
holder=$!
started()
{
	target=$(children "$holder" | tr -d ' ')
	[ -n "$target" ] && child=$(children "$target" | tr -d ' ') && [ -n "$child" ] && [ "$(cat "/proc/$target/comm")" = sleep ]
}
expect 'strict: it executes another' 'until_true started'
expect 'strict: which is held' 'refused $target'
expect 'strict: its child is held' 'refused $child'
expect 'strict: no descriptor of ours is left to it' '! ls -l "/proc/$target/fd" | grep -q numaperf'
kill -KILL $holder
wait $holder 2>/dev/null
released() { taskset -pc "$other" "$target" >/dev/null 2>&1; }
expect 'strict: the lease ends with its holder' 'until_true released'
kill "$target" "$child"

run "$NUMAPERF" run --strict -C "$cpu" -- sh -c 'exit 9'
expect 'strict: exit status' 'status_is 9'
run "$NUMAPERF" run --strict -C "$cpu" -- /nonexistent
expect 'strict: a command that is not there' 'status_is 127 && [ "$(leases)" -eq 0 ]'
run setpriv --reuid=65534 --regid=65534 --clear-groups "$NUMAPERF" run --strict -C "$cpu" -- true
expect 'strict: an ordinary user may' 'status_is 0'
finish
