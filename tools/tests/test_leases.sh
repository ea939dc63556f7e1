#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# leases: arguments, and what it says without the module. With it: guest_leases.sh.

# shellcheck source=tools/tests/tap.sh
. "$(dirname "$0")/tap.sh"

silent() { [ ! -s "$work/out" ]; }

run "$NUMAPERF" leases --help
expect 'help' 'status_is 0 && prints "^Usage: numaperf leases" && prints "--json" && prints "--revoke ID" && [ ! -s "$work/err" ]'
run "$NUMAPERF" leases --nonsense
expect 'an unknown option' 'status_is 2 && says "unknown or ambiguous option --nonsense" && silent'
run "$NUMAPERF" leases --revok 1 x
expect 'an abbreviation is taken, an operand is not' 'status_is 2 && says "unexpected operand" && silent'
run "$NUMAPERF" leases --revoke
expect 'an argument missing' 'status_is 2 && says "needs an argument"'
run "$NUMAPERF" leases --revoke 1 --json
expect 'revoking prints no JSON' 'status_is 2 && says "no JSON"'
for bad in 0 -1 +1 ' 1' 1x '' all 18446744073709551616; do
	run "$NUMAPERF" leases --revoke "$bad"
	expect "'$bad' is no id" 'status_is 2 && says "is not the id of a lease" && silent'
done

if [ -e /dev/numaperf ]; then
	skip 'without the module' 'the module is loaded'
	finish
	exit
fi
remedy='^numaperf leases: lease_[a-z_]*: .*not loaded: run .modprobe numaperf. as root'
run "$NUMAPERF" leases
expect 'without the module: the remedy' 'status_is 1 && says "$remedy" && silent'
run "$NUMAPERF" leases --json
expect 'without the module: no half of an object' 'status_is 1 && says "$remedy" && silent'
run "$NUMAPERF" leases --revoke 1
expect 'without the module: revoking' 'status_is 1 && says "$remedy" && silent'
finish
