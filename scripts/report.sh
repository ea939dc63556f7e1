#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# report.sh DIR...: what the TAP files in each result directory say: failures in full, then one line of totals. With
# selftests/expected/NAME (NAME = the directory's), a test that is listed there and missing, or newly skipped, is a failure, too.
# report.sh --expect DIR...: write those lists from the results instead.
# Exit status 1 if anything failed.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
expected=$TOP/selftests/expected
failures=0

results()
{
	case $1 in
	*/guest/*) exits=1 ;;
	*) exits= ;;
	esac
	ls "$1"/*.tap >/dev/null 2>&1 || { echo 'fail (none) no results'; return; }
	LC_ALL=C awk -v exits=$exits -f "$TOP/scripts/tap.awk" "$1"/*.tap
}

# Lists hold status and name; reasons differ from run to run.
ids() { sed 's/ # .*//' "$1" | LC_ALL=C sort; }

# compare LIST RESULTS: what LIST wants that RESULTS do not have, as failures.
compare()
{
	[ -e "$1" ] || return 0
	ids "$2" | awk '
		{ status = $1; $1 = "" }
		now { got[$0] = status; next }
		!($0 in got) { print "fail" $0 " # missing"; next }
		status == "pass" && got[$0] == "skip" { print "fail" $0 " # newly skipped" }' now=1 - now=0 "$1"
}

# The failures among RESULTS of DIR, each with what its program said before: CI keeps no files. Bounded, as one cause may fail all.
context_lines=25
contexts_max=12
explain()
{
	grep '^fail ' "$2" | while read -r _ suite test; do
		shown=$((${shown:-0} + 1))
		printf '  FAIL     %s %s %s\n' "$(basename "$1")" "$suite" "$test"
		[ $shown -le $contexts_max ] || continue
		tap=$1/$suite.tap
		[ ! -e "$tap" ] || before "$tap" "${test%% # *}"
		[ "$suite" != guest ] || [ ! -e "$1/console.log" ] || tail -n $context_lines "$1/console.log" | tr -d '\r' | sed 's/^/           | /'
	done
}

# The last lines of a TAP file up to the failure of a test, or to its end.
before()
{
	tr -d '\r' <"$1" | awk -v test="$2" -v n=$context_lines '
		{ line[NR] = $0; run = $2 == "RUN" ? $3 : run }
		/^not ok/ && (index($0, test) || run == test) && !end { end = NR }
		END {
			if (!end)
				end = NR
			for (i = end > n ? end - n + 1 : 1; i <= end; i++)
				print "           | " line[i]
		}'
}

count() { awk -v s="$1" '$1 == s { n++ } END { print n + 0 }' "$2"; }

expect=
[ "${1-}" != --expect ] || { expect=yes; shift; }
all=$(mktemp)
trap 'rm -f "$all"' EXIT
for dir; do
	name=$(basename "$dir")
	results "$dir" >"$all"
	if [ -n "$expect" ]; then
		[ "$(count fail "$all")" -eq 0 ] || die "$name has failures: nothing to expect from it"
		mkdir -p "$expected"
		ids "$all" >"$expected/$name"
		continue
	fi
	compare "$expected/$name" "$all" >"$all.missing"
	cat "$all.missing" >>"$all"
	rm "$all.missing"
	explain "$dir" "$all"
	printf '  %-8s %-10s %d passed, %d failed, %d skipped\n' RESULT "$name" "$(count pass "$all")" "$(count fail "$all")" "$(count skip "$all")"
	failures=$((failures + $(count fail "$all")))
done
[ "$failures" -eq 0 ]
