#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# topo: arguments, the JSON that programs rely on, other machines' trees, whole and damaged. Needs no module.

# shellcheck source=tools/tests/tap.sh
. "$(dirname "$0")/tap.sh"

if ! command -v jq >/dev/null; then
	echo '1..0 # SKIP jq is not there'
	exit 0
fi
unset NUMAPERF_FSROOT

# holds FILTER: the output is one JSON text of which this is true
holds() { [ "$(jq -s "length == 1 and (.[0] | $1)" "$work/out" 2>/dev/null)" = true ]; }
silent() { [ ! -s "$work/out" ]; }
names() { grep -q -F -e "$1" "$work/err"; }

# ---------------------------------------------------------------- arguments

run "$NUMAPERF" topo --help
expect 'help' 'status_is 0 && prints "^Usage: numaperf topo" && prints "--json" && prints "--fsroot DIR" && [ ! -s "$work/err" ]'
run "$NUMAPERF" topo --nonsense
expect 'an unknown option' 'status_is 2 && says "unknown or ambiguous option --nonsense" && silent'
run "$NUMAPERF" topo --fsrot /
expect 'a misspelled option' 'status_is 2 && says "did you mean --fsroot"'
run "$NUMAPERF" topo --fsroot
expect 'an argument missing' 'status_is 2 && says "needs an argument"'
run "$NUMAPERF" topo --json=1
expect 'an argument too many' 'status_is 2 && says "takes no argument"'
run "$NUMAPERF" topo --json node0
expect 'an operand' 'status_is 2 && says "unexpected operand" && silent'

# --------------------------------------------------------------------- JSON

kinds='"normal", "cpu-less", "memory-less", "movable-only", "empty"'
a_node='(.id | type) == "number" and (.kind | IN('$kinds')) and (.cpus | type) == "string" and (.cpus_allowed | type) == "string"
	and (.memory_bytes | type) == "number" and (.free_bytes | type) == "number" and .free_bytes <= .memory_bytes
	and (.memory_allowed | type) == "boolean" and (.package | type | IN("number", "null"))
	and (.distances | type) == "object" and ([.distances[] | type] | unique) == ["number"]'
a_machine='([.nodes[].id | tostring] | sort) as $ids | (.nodes | type) == "array" and (.nodes | length) > 0 and all(.nodes[]; '$a_node')
	and [.nodes[].id] == ([.nodes[].id] | sort | unique)
	and all(.nodes[]; (.distances | keys) == $ids)
	and (.packages | type) == "number" and (.cpus_online | type) == "string" and (.cpus_allowed | type) == "string"
	and (.is_numa | type) == "boolean" and (.advice | type) == "array" and all(.advice[]; type == "string")'
whole() { holds "($a_machine)"; }

run "$NUMAPERF" topo --json
expect 'this machine: every key with its type' 'status_is 0 && whole && [ ! -s "$work/err" ]'
expect 'this machine: its CPUs' 'holds ".cpus_online == \"$(cat /sys/devices/system/cpu/online)\""'
allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
first=${allowed%%[-,]*}
run taskset -c "$first" "$NUMAPERF" topo --json
expect 'this machine: the CPUs that are allowed' \
	'whole && holds ".cpus_allowed == \"$first\" and ([.nodes[].cpus_allowed] - [\"\"]) == [\"$first\"]"'
run "$NUMAPERF" topo
expect 'this machine: for people' 'status_is 0 && prints "^NODE KIND" && prints "^DISTANCE" && [ ! -s "$work/err" ]'
run sh -c '"$1" topo --json >/dev/full' sh "$NUMAPERF"
expect 'output that is lost is a failure' 'status_is 1 && says "standard output"'

# ----------------------------------------------------------- another machine

# put PATH TEXT: a file of the tree
put() { mkdir -p "$(dirname "$tree/$1")" && printf '%s\n' "$2" >"$tree/$1"; }
# node ID CPUS KIB DISTANCES
node()
{
	put "$nodes/node$1/cpulist" "$2"
	put "$nodes/node$1/meminfo" "Node $1 MemTotal: $3 kB
Node $1 MemFree: $(($3 / 4)) kB"
	put "$nodes/node$1/distance" "$4"
}
# package ID LIST CPU...
package()
{
	package_id=$1 package_list=$2
	shift 2
	for cpu; do
		put "$cpus/cpu$cpu/topology/physical_package_id" "$package_id"
		put "$cpus/cpu$cpu/topology/package_cpus_list" "$package_list"
	done
}

# Two packages; node ids with gaps: 1 and 4 ordinary, 9 without CPUs, 12 without memory, 40 all movable. CPU 3 is offline.
nodes=sys/devices/system/node
cpus=sys/devices/system/cpu
make_tree()
{
	tree=$work/tree
	rm -rf "$tree"
	put $cpus/online 0-2,4-7
	put $cpus/present 0-7
	package 0 0-2 0 1 2
	package 3 4-7 4 5 6 7
	put $nodes/online 1,4,9,12,40
	put $nodes/has_memory 1,4,9,40
	put $nodes/has_normal_memory 1,4,9
	node 1 0-2 4194304 '10 21 17 32 33'
	node 4 4-5 8388608 '21 10 28 34 35'
	node 9 '' 16777216 '17 28 10 36 37'
	node 12 6 0 '32 34 36 10 38'
	node 40 7 1048576 '33 35 37 38 10'
	put proc/self/status 'Name:	cat
Cpus_allowed_list:	0-1,4
Mems_allowed_list:	1,9'
}
of_tree() { run "$NUMAPERF" topo --json --fsroot "$tree"; }

make_tree
of_tree
expect 'tree: every key with its type' 'status_is 0 && whole'
expect 'tree: node ids keep their gaps' 'holds "[.nodes[].id] == [1, 4, 9, 12, 40]"'
expect 'tree: kinds' 'holds "[.nodes[].kind] == [\"normal\", \"normal\", \"cpu-less\", \"memory-less\", \"movable-only\"]"'
expect 'tree: CPUs' 'holds "[.nodes[].cpus] == [\"0-2\", \"4-5\", \"\", \"6\", \"7\"] and .cpus_online == \"0-2,4-7\""'
expect 'tree: what is allowed' \
	'holds "[.nodes[].cpus_allowed] == [\"0-1\", \"4\", \"\", \"\", \"\"] and .cpus_allowed == \"0-1,4\"
		and [.nodes[].memory_allowed] == [true, false, true, false, false]"'
expect 'tree: memory, in bytes' \
	'holds "[.nodes[].memory_bytes / 1073741824] == [4, 8, 16, 0, 1] and [.nodes[].free_bytes / 1073741824] == [1, 2, 4, 0, 0.25]"'
expect 'tree: packages' 'holds ".packages == 2 and [.nodes[].package] == [0, 3, null, 3, 3]"'
expect 'tree: distances are by node id' \
	'holds ".nodes[0].distances == {\"1\": 10, \"4\": 21, \"9\": 17, \"12\": 32, \"40\": 33}
		and .nodes[4].distances == {\"1\": 33, \"4\": 35, \"9\": 37, \"12\": 38, \"40\": 10}"'
expect 'tree: NUMA, and advice that names nodes' \
	'holds ".is_numa and any(.advice[]; test(\"Node 9 \")) and any(.advice[]; test(\"Node 12 \")) and any(.advice[]; test(\"node 40 \"))"'
run env NUMAPERF_FSROOT="$tree" "$NUMAPERF" topo --json
expect 'tree: by the environment' 'status_is 0 && holds "[.nodes[].id] == [1, 4, 9, 12, 40]"'
run env NUMAPERF_FSROOT="$work/none" "$NUMAPERF" topo --json --fsroot "$tree"
expect 'tree: the option goes before the environment' 'status_is 0 && holds "[.nodes[].id] == [1, 4, 9, 12, 40]"'
run "$NUMAPERF" topo --fsroot "$tree"
expect 'tree: for people, what is forbidden in parentheses' \
	'status_is 0 && prints "^  *4 normal .*(8.0 GiB)" && prints "^  *9 cpu-less  *- .* 16.0 GiB"'

rm -rf "${tree:?}/$nodes" "$tree/proc/self"
put proc/meminfo 'MemTotal: 2097152 kB
MemFree: 1048576 kB'
of_tree
expect 'a kernel without NUMA has node 0 with everything' \
	'status_is 0 && whole && holds "(.is_numa | not) and .nodes[0].cpus == \"0-2,4-7\" and .nodes[0].memory_bytes == 2147483648"'

# -------------------------------------------------------------------- damage

# damaged NAME PATH: the tree is refused, and the file at fault named
damaged()
{
	of_tree
	expect "damaged: $1" 'status_is 1 && silent && says "^numaperf topo: topology_discover: " && names "$2"'
	make_tree
}

make_tree
put $nodes/node4/distance '21 10 28'
damaged 'a distance row too short' $nodes/node4/distance
put $nodes/node4/distance '21 10 28 34 35 36'
damaged 'a distance row too long' $nodes/node4/distance
put $nodes/node9/distance '17 x 10 36 37'
damaged 'a distance that is no number' $nodes/node9/distance
rm "$tree/$nodes/node9/meminfo"
damaged 'no meminfo of a node' $nodes/node9/meminfo
put $nodes/node9/meminfo 'Node 9 MemTotal: many kB'
damaged 'a meminfo without numbers' $nodes/node9/meminfo
put $nodes/node1/cpulist '0-'
damaged 'a list that is none' $nodes/node1/cpulist
put $nodes/node12/cpulist 4
damaged 'a CPU on two nodes' $nodes/node
put $nodes/node12/cpulist 3
damaged 'an offline CPU on a node' $nodes/node12/cpulist
put $nodes/node12/cpulist ''
damaged 'a CPU on no node' $nodes/node
put $nodes/has_memory 1,4,9,40-41
damaged 'memory of a node that is not there' $nodes/has_memory
put $nodes/has_memory 1,9,40
damaged 'memory that has_memory does not know of' $nodes
rm "$tree/$nodes/online"
damaged 'no list of nodes' $nodes/online
put $cpus/online ''
damaged 'no CPU' $cpus/online
rm "$tree/$cpus/cpu4/topology/physical_package_id"
damaged 'a CPU without package' $cpus/cpu4/topology/physical_package_id
put $cpus/cpu4/topology/package_cpus_list 5-7
damaged 'a package that lacks its own CPU' $cpus/cpu4/topology/package_cpus_list
tree=$work/none
of_tree
expect 'no tree' 'status_is 1 && silent && names "$work/none"'
finish
