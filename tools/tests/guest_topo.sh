#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# topo on real nodes: what it says is what /sys says, in whole, in a cpuset, and with a CPU offline.

# shellcheck source=tools/tests/tap.sh
. "$(dirname "$0")/tap.sh"

sys=/sys/devices/system
group=/sys/fs/cgroup/numaperf-test-topo
trap 'rmdir "$group" 2>/dev/null; rm -rf "$work"' EXIT

is_in() { members "$2" | grep -q -x "$1"; }

kind()
{
	if ! is_in "$1" $sys/node/has_memory; then
		if is_in "$1" $sys/node/has_cpu; then echo memory-less; else echo empty; fi
	elif ! is_in "$1" $sys/node/has_normal_memory; then
		echo movable-only
	elif is_in "$1" $sys/node/has_cpu; then
		echo normal
	else
		echo cpu-less
	fi
}

package()
{
	first=$(members "$sys/node/node$1/cpulist" | head -n 1)
	if [ -n "$first" ]; then cat "$sys/cpu/cpu$first/topology/physical_package_id"; else echo null; fi
}

# The nodes as the kernel shows them, in topo's words. A row of distances has a column for each node that is online.
expected_nodes()
{
	for id in $(members $sys/node/online); do
		dir=$sys/node/node$id
		kib=$(sed -n 's/.*MemTotal: *\([0-9]*\) kB/\1/p' "$dir/meminfo")
		printf '{ "id": %d, "kind": "%s", "cpus": "%s", "memory_bytes": %d, "package": %s, "distances": "%s" }\n' \
			"$id" "$(kind "$id")" "$(cat "$dir/cpulist")" "$((kib * 1024))" "$(package "$id")" "$(cat "$dir/distance")"
	done | jq -s -S -c '[.[].id | tostring] as $ids |
		map(.distances |= ([$ids, (split(" ") | map(tonumber))] | transpose | map({ (.[0]): .[1] }) | add))'
}
told_nodes() { jq -S -c '[.nodes[] | { id, kind, cpus, memory_bytes, package, distances }]' "$work/out"; }
says_what_sys_says()
{
	nodes=$(expected_nodes)
	[ "$(told_nodes)" = "$nodes" ] && [ "$(jq -r .cpus_online "$work/out")" = "$(cat $sys/cpu/online)" ] && return
	echo "# in /sys: $nodes"
	return 1
}
holds() { jq -e "$@" "$work/out" >/dev/null; }

run "$NUMAPERF" topo --json
expect 'nodes, kinds, CPUs, memory, packages, distances are those of /sys' 'status_is 0 && says_what_sys_says'
expect 'everything is allowed, where there is memory' \
	'holds ".cpus_allowed == .cpus_online and all(.nodes[]; .cpus_allowed == .cpus and .memory_allowed == (.memory_bytes > 0))"'
memory_nodes=$(members $sys/node/has_memory | wc -l)
expect 'NUMA is more than one node with memory' 'holds --argjson n "$memory_nodes" ".is_numa == (\$n > 1)"'
packages=$(cat $sys/cpu/cpu*/topology/physical_package_id | sort -u | wc -l)
expect 'packages are counted' 'holds --argjson n "$packages" ".packages == \$n"'
run "$NUMAPERF" topo
nodes_shown() { awk '/^$/ { exit } NR > 1 { print $1 }' "$work/out"; }
expect 'for people: a row a node' 'status_is 0 && [ "$(nodes_shown)" = "$(members $sys/node/online)" ]'

# ------------------------------------------------------------------ in a cpuset

cpu=$(members $sys/cpu/online | tail -n 1)
node=$(members $sys/node/has_memory | tail -n 1)
mkdir "$group" && echo "$cpu" >"$group/cpuset.cpus" && echo "$node" >"$group/cpuset.mems"
run sh -c 'echo $$ >"$2/cgroup.procs" && exec "$1" topo --json' sh "$NUMAPERF" "$group"
expect 'in a cpuset: the machine is the same' 'status_is 0 && says_what_sys_says'
expect 'in a cpuset: only its CPU is allowed' \
	'holds --arg cpu "$cpu" ".cpus_allowed == \$cpu and ([.nodes[].cpus_allowed] - [\"\"]) == [\$cpu]"'
expect 'in a cpuset: only the memory of its node is allowed' \
	'holds --argjson node "$node" "[.nodes[] | select(.memory_allowed).id] == [\$node]"'

# ---------------------------------------------------------------- CPU offline

if [ -w "$sys/cpu/cpu$cpu/online" ]; then
	echo 0 >"$sys/cpu/cpu$cpu/online"
	run "$NUMAPERF" topo --json
	expect 'a CPU is offline: nodes are those of /sys' 'status_is 0 && says_what_sys_says'
	expect 'a CPU is offline: that is said' 'holds "any(.advice[]; test(\"^1 of [0-9]+ CPUs are offline\"))"'
	echo 1 >"$sys/cpu/cpu$cpu/online"
	run "$NUMAPERF" topo --json
	expect 'it is online again' 'status_is 0 && says_what_sys_says'
else
	skip 'a CPU is offline' 'no CPU can be taken offline here'
fi
finish
