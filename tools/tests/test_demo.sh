#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# demo: arguments, and that it says what it lacks instead of showing half. All of it: make demo.

# shellcheck source=tools/tests/tap.sh
. "$(dirname "$0")/tap.sh"

silent() { [ ! -s "$work/out" ]; }

run "$NUMAPERF" demo --help
expect 'help' \
	'status_is 0 && prints "^Usage: numaperf demo" && prints "--swap" && prints "--no-redis" && prints "--json" && [ ! -s "$work/err" ]'
run "$NUMAPERF" demo --nonsense
expect 'an unknown option' 'status_is 2 && says "unknown or ambiguous option --nonsense" && silent'
run "$NUMAPERF" demo 1
expect 'an operand' 'status_is 2 && says "unexpected operand" && silent'

nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
if $nobody "$NUMAPERF" --version >/dev/null 2>&1; then
	# shellcheck disable=SC2086 # several words
	run $nobody "$NUMAPERF" demo
	expect 'an ordinary user' 'status_is 1 && says "^numaperf demo: this needs root" && silent'
else
	skip 'an ordinary user' 'the tool can not be run as another user from here'
fi
cpu=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
run taskset -c "$cpu" "$NUMAPERF" demo --json
expect 'one node' 'status_is 1 && says "needs" && silent'
finish
