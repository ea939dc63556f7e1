#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh RESULTS VARIANT PROGRAM...: runs each test program, puts its TAP into RESULTS/VARIANT-NAME.tap, prints one
# line each.
# Fails if any test failed, or a program died or complained (sanitizers) although its tests passed.
# run.sh - VARIANT PROGRAM...: TAP to stdout instead, one stream for all programs (in guests).

results=$1
variant=$2
shift 2
limit=${NUMAPERF_TEST_SECONDS:-300}

# cmocka says "not ok N # SKIP name"; TAP says "ok N name # SKIP reason". The reason is in a "# skip: " line before it.
as_tap()
{
	awk '
		/^# skip: / { reason = substr($0, 9); next }
		/^not ok [0-9]+ # SKIP / {
			name = $0
			sub(/^not ok [0-9]+ # SKIP /, "", name)
			print "ok " $3 " - " name " # SKIP " reason
			reason = ""
			next
		}
		/^# (not )?ok - / { next }
		{ print }
	'
}

run_one()
{
	status=0
	raw=$(CMOCKA_MESSAGE_OUTPUT=TAP timeout "$limit" "$1" 2>&1) || status=$?
	printf '%s\n' "$raw" | as_tap
	# A crash, a time-out or a sanitizer's complaint is a failure even if every line said ok.
	if [ "$status" -ne 0 ] && ! printf '%s\n' "$raw" | grep -q '^not ok [0-9]* - '; then
		n=$(printf '%s\n' "$raw" | awk '/^(not )?ok / { n++ } END { print n + 1 }')
		echo "not ok $n - $(basename "$1") ended with status $status"
	fi
}

count()
{
	printf '%s\n' "$tap" | grep -c "$1" || true
}

failed_programs=0
for program; do
	name=$(basename "$program" .sh)
	tap=$(run_one "$program")
	failed=$(count '^not ok ')
	skipped=$(count '^ok .*# SKIP')
	passed=$(($(count '^ok ') - skipped))
	# A program without one result has shown nothing.
	if [ $((passed + failed + skipped)) -eq 0 ]; then
		tap=$(printf '%s\nnot ok 1 - %s gave no result' "$tap" "$name")
		failed=1
	fi
	if [ "$results" = - ]; then
		printf '# %s\n%s\n' "$name" "$tap"
	else
		mkdir -p "$results"
		printf '%s\n' "$tap" >"$results/$variant-$name.tap"
		printf '  TEST     %-6s %-28s %3d passed, %d failed, %d skipped\n' \
			"$variant" "$name" "$passed" "$failed" "$skipped"
		printf '%s\n' "$tap" | grep -A8 '^not ok ' | sed 's/^/           /'
	fi
	[ "$failed" -eq 0 ] || failed_programs=$((failed_programs + 1))
done
[ "$failed_programs" -eq 0 ]
