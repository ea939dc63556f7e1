#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# leases against the module: who sees which, what is told of them, who may end them, and that ending them sets free.
# $0's folder holds memory_holder.

here=$(dirname "$0")
# shellcheck source=tools/tests/tap.sh
. "$here/tap.sh"

if [ ! -e /dev/numaperf ]; then
	echo '1..0 # SKIP the module is not loaded'
	exit 0
fi
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
cpu=$(members /sys/devices/system/cpu/online | head -n 1)
other=$(members /sys/devices/system/cpu/online | tail -n 1)
node=$(members /sys/devices/system/node/has_normal_memory | tail -n 1)

# list [FILTER]: the leases as root sees them; the first result of FILTER is true
list() { "$NUMAPERF" leases --json >"$work/list" && jq -e "${1:-true}" "$work/list" >/dev/null; }
id_of() { "$NUMAPERF" leases --json | jq -r "first(.leases[] | select($1).id)"; }
movable() { taskset -pc "$other" "$1" >/dev/null 2>&1; }
of_user() { list "any(.leases[]; .uid == $1)"; }
# The output of the last run as JSON
holds() { jq -e "$1" "$work/out" >/dev/null; }

run "$NUMAPERF" leases
expect 'none' 'status_is 0 && prints "^no leases$"'
run "$NUMAPERF" leases --json
expect 'none, as JSON' 'status_is 0 && [ "$(jq -c . "$work/out")" = "{\"leases\":[]}" ]'

# ------------------------------------------------------------- a thread's lease

"$NUMAPERF" run --strict -C "$cpu" sleep 300 &
holder=$!
expect 'a command run strictly has one' 'until_true of_user 0'
target=$(tr -d ' ' <"/proc/$holder/task/$holder/children")
run "$NUMAPERF" leases --json
expect 'every key with its value' 'status_is 0 && holds "
	(.leases | length) == 1 and (.leases[0] |
	.id >= 1 and .kind == \"thread\" and .state == \"held\" and .reason == null and .pid == $target and .tid == $target
	and (.name | type) == \"string\" and .uid == 0 and .cpus == \"$cpu\" and .nodes == null and .threads == 1
	and .held_bytes == null and .asked_bytes == null and .age_seconds >= 0 and .age_seconds < 60
	and .reasserted == 0 and .losses == 0)"'
id=$(id_of ".pid == $target")
run "$NUMAPERF" leases
expect 'for people' 'status_is 0 && prints "^ *ID KIND" && prints "^ *$id thread held .* $target .* root .*CPU $cpu "'
expect 'while it is held, its thread is not to be moved' '! movable "$target"'

# --------------------------------------------------------------- of two users

$nobody "$NUMAPERF" run --strict -C "$cpu" sleep 300 &
other_holder=$!
expect "root sees another user's" 'until_true of_user 65534 && list "[.leases[].uid] == [0, 65534]"'
other_id=$(id_of '.uid == 65534')
run $nobody "$NUMAPERF" leases --json
expect 'an ordinary user sees only his own' 'status_is 0 && holds "[.leases[].id] == [$other_id]"'
run $nobody "$NUMAPERF" leases
expect 'an ordinary user sees his name' 'status_is 0 && prints " nobody " && ! prints " root "'
run $nobody "$NUMAPERF" leases --revoke "$id"
expect "an ordinary user may not revoke another's" 'status_is 1 && says "CAP_SYS_NICE" && [ ! -s "$work/out" ]'
run $nobody "$NUMAPERF" leases --revoke "$other_id"
expect 'nor his own: he may end the command' 'status_is 1 && says "CAP_SYS_NICE"'
run unshare --user --map-root-user "$NUMAPERF" leases --revoke "$id"
expect 'nor may root of a user namespace' 'status_is 1 && says "initial user namespace"'
expect 'so both are there' 'list "[.leases[].id] == [$id, $other_id]" && ! movable "$target"'
kill "$other_holder"
wait "$other_holder" 2>/dev/null

# ------------------------------------------------------------------ revocation

run "$NUMAPERF" leases --revoke "$id"
expect 'root revokes' 'status_is 0 && prints "^revoked lease $id$" && [ ! -s "$work/err" ]'
expect 'it is listed no more' 'list ".leases == []"'
expect 'its thread can be moved' 'movable "$target"'
expect 'the command runs on' 'kill -0 "$target"'
run "$NUMAPERF" leases --revoke "$id"
expect 'a lease that has ended' 'status_is 1 && says "no such lease" && [ ! -s "$work/out" ]'
run "$NUMAPERF" leases --revoke 18446744073709551615
expect 'a lease that never was' 'status_is 1 && says "no such lease"'
kill "$holder"
wait "$holder" 2>/dev/null

# ---------------------------------------------------------------- of memory

"$here/memory_holder" "$node" 2 >"$work/holder" 2>&1 &
holder=$!
expect 'memory is held' 'until_true grep -q "^held$" "$work/holder"'
run "$NUMAPERF" leases --json
expect 'memory: every key with its value' 'status_is 0 && holds "
	(.leases | length) == 1 and (.leases[0] |
	.kind == \"memory\" and .state == \"held\" and .reason == null and .pid == $holder and .tid == null
	and .name == \"memory_holder\" and .uid == 0 and .cpus == null and .nodes == \"$node\" and .threads == null
	and .held_bytes == 2097152 and .asked_bytes == 2097152 and .losses == 0)"'
run "$NUMAPERF" leases
expect 'memory: for people' 'prints " memory held .*node $node .* 2.0 MiB  *2.0 MiB "'
kill -USR1 "$holder"
lost() { list '.leases[0].state == "lost"'; }
expect 'memory: what the holder discards is a loss' 'until_true lost'
run "$NUMAPERF" leases --json
expect 'memory: the loss is told with its reason and size' 'holds ".leases[0] |
	.reason == \"unmapped-part\" and .losses == 1 and .held_bytes == 2097152 - 4096 and .asked_bytes == 2097152"'
run "$NUMAPERF" leases --revoke "$(id_of '.kind == "memory"')"
expect 'memory: root revokes' 'status_is 0 && list ".leases == []"'
expect 'memory: the holder lives' 'kill -0 "$holder"'
kill "$holder"
wait "$holder" 2>/dev/null
finish
