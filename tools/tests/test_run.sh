#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# run: arguments, exit statuses, and placing as far as any machine can: by its first node and first allowed CPU. Needs no module.

# shellcheck source=tools/tests/tap.sh
. "$(dirname "$0")/tap.sh"

field() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
first() { echo "$1" | sed 's/[-,].*//'; }
cpu=$(first "$(field Cpus_allowed_list)")
node=$(first "$(field Mems_allowed_list)")

run "$NUMAPERF" run -C "$cpu" -- sh -c 'echo out; echo err >&2; exit 7'
expect 'the exit status is that of the command' 'status_is 7 && prints "^out$" && says "^err$"'
run "$NUMAPERF" run -C "$cpu" -- sh -c 'kill -TERM $$'
expect 'a signal that kills it is seen' 'status_is 143'
run "$NUMAPERF" run -C "$cpu" -- "$work/none"
expect 'a command that is not there' 'status_is 127 && says "No such file"'
run "$NUMAPERF" run -C "$cpu" -- "$work"
expect 'a command that is none' 'status_is 126'
run "$NUMAPERF" run -C "$cpu" ls --version
expect 'options after the command are its own' 'status_is 0'

run "$NUMAPERF" run -C "$cpu" -- grep Cpus_allowed_list /proc/self/status
expect 'physcpubind' 'status_is 0 && prints "	$cpu\$"'
run "$NUMAPERF" run --physcpubind="$cpu" --localalloc -a -b -- true
expect 'long options, and what numactl has' 'status_is 0'
run "$NUMAPERF" run -C all -- true
expect 'all CPUs' 'status_is 0'

run "$NUMAPERF" run -C 65000 true
expect 'a CPU that is not there' 'status_is 1 && says "no CPU 65000"'
run "$NUMAPERF" run -N 65000 true
expect 'a node that is not there' 'status_is 1 && says "no node 65000"'
run "$NUMAPERF" run -m 65000 true
expect 'memory of a node that is not there' 'status_is 1 && says "no node 65000"'
for bad in x 1- -1 70000 +0 1.5; do
	run "$NUMAPERF" run -m "$bad" true
	expect "'$bad' is no list" 'status_is 2 && says "is no list of nodes"'
	run "$NUMAPERF" run -C "$bad" true
	expect "'$bad' is no list of CPUs" 'status_is 2 && says "is no list of CPUs"'
done
for option in -N -m -p -i -C; do
	run "$NUMAPERF" run "$option" '' true
	expect "$option: an empty set" 'status_is 2 && says "is empty"'
done
run "$NUMAPERF" run -m 0 -i 0 true
expect 'two policies' 'status_is 2 && says "only one of --membind"'
run "$NUMAPERF" run -N 0 -C 0 true
expect 'two sets of CPUs' 'status_is 2 && says "only one of --cpunodebind"'
run "$NUMAPERF" run -p 0-1 true
expect 'preferred takes one node' 'status_is 2 && says "takes one node"'
run "$NUMAPERF" run --strict -m 0 true
expect 'strict needs CPUs' 'status_is 2 && says "needs --cpunodebind"'

online=$(cat /sys/devices/system/cpu/online)
if [ "$online" != "$cpu" ] && [ "$(field Cpus_allowed_list)" = "$online" ]; then
	other=$(echo "$online" | sed 's/.*[-,]//')
	run taskset -c "$cpu" "$NUMAPERF" run -C "$other" true
	expect 'a CPU that the affinity forbids' 'status_is 1 && says "CPU $other is forbidden"'
else
	skip 'a CPU that the affinity forbids' 'one CPU, or not all are allowed here'
fi

if "$NUMAPERF" run -m "$node" true 2>/dev/null; then
	run "$NUMAPERF" run -m "$node" -- cat /proc/self/numa_maps
	expect 'membind' 'status_is 0 && ! grep -v -q "bind.*:$node" "$work/out"'
	run "$NUMAPERF" run -i "$node" -- cat /proc/self/numa_maps
	expect 'interleave' 'prints " interleave:$node "'
	run "$NUMAPERF" run -p "$node" -- cat /proc/self/numa_maps
	expect 'preferred' 'prints " prefer:$node "'
	run "$NUMAPERF" run -l -- cat /proc/self/numa_maps
	expect 'localalloc is the default policy' 'prints " default " && ! grep -v -q " default" "$work/out"'
else
	for name in membind interleave preferred 'localalloc is the default policy'; do
		skip "$name" 'memory policy is not permitted here'
	done
fi
finish
