#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016,SC2034,SC2317 # expect evaluates what it is given in single quotes
#
# The command line as such: help, wrong usage, suggestions, exit statuses. Needs no module.

# shellcheck source=tools/tests/tap.sh
. "$(dirname "$0")/tap.sh"

run "$NUMAPERF" --help
expect 'help goes to stdout' 'status_is 0 && prints "^Usage: numaperf VERB" && [ ! -s "$work/err" ]'
run "$NUMAPERF" --version
expect 'version has a number' 'status_is 0 && prints "^numaperf [0-9]"'
for verb in run stat; do
	run "$NUMAPERF" "$verb" --help
	expect "$verb --help" 'status_is 0 && prints "^Usage: numaperf '"$verb"'" && [ ! -s "$work/err" ]'
	run "$NUMAPERF" "$verb" --nonsense
	expect "$verb: unknown option" 'status_is 2 && says "unknown or ambiguous option --nonsense" && says "$verb --help"'
	run "$NUMAPERF" "$verb" -Z
	expect "$verb: unknown letter" 'status_is 2 && says "unknown option -Z"'
	run "$NUMAPERF" "$verb"
	expect "$verb: nothing to do" 'status_is 2 && says "command"'
done
run "$NUMAPERF"
expect 'no verb' 'status_is 2 && says "no verb given"'
run "$NUMAPERF" starr
expect 'a verb misspelled' 'status_is 2 && says "did you mean .stat"'
run "$NUMAPERF" frobnicate
expect 'a verb unknown' 'status_is 2 && says "unknown verb" && ! says "did you mean"'
run "$NUMAPERF" run --membnd 0 true
expect 'an option misspelled' 'status_is 2 && says "did you mean --membind"'
run "$NUMAPERF" run --membind
expect 'an argument missing' 'status_is 2 && says "needs an argument"'
run "$NUMAPERF" run --all=1 true
expect 'an argument too many' 'status_is 2 && says "option --all takes no argument"'

for bad in 0 -1 12x '' 99999999999; do
	run "$NUMAPERF" stat --pid "$bad"
	expect "stat: '$bad' is no process" 'status_is 2 && says "not the id of a process"'
done
for bad in 0 -1 1s '' nan inf; do
	run "$NUMAPERF" stat --duration "$bad" true
	expect "stat: '$bad' is no time" 'status_is 2 && says "not a number of seconds"'
done
run "$NUMAPERF" stat --period 0 true
expect 'stat: a period of 0' 'status_is 2 && says "not a number of faults"'
run "$NUMAPERF" stat --pid 1 true
expect 'stat: a process and a command' 'status_is 2 && says "both"'

run sh -c '"$1" --help >/dev/full' sh "$NUMAPERF"
expect 'output that is lost is a failure' 'status_is 1 && says "standard output"'

finish
