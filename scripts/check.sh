#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check.sh PART...: run parts of the check (everything is built before, that is the Makefile's business), then report failures,
# results, and time per part, slowest last, and end with "N passed, N failed, N skipped". Exit status 1 if anything failed.
#
#	style			scripts, kernel style, sparse, layers, clang
#	host			the library's tests: plain, address+undefined, thread sanitizer, clang; the tool's
#	guest:TOPO		selftests and library tests in a guest; two guests at a time, after the rest, in the order given
#	guest:KERNEL-TOPO	the same with another kernel than 6.1; with one that checks more (dbg, kcsan) the selftests alone

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
results=$BUILD/results

where() { case $1 in guest:*) echo "$results/guest/${1#guest:}" ;; *) echo "$results/$1" ;; esac; }

tool_tests()
{
	for t in "$TOP"/tools/tests/test_*.sh; do
		[ -e "$t" ] || continue
		name=$(basename "$t" .sh)
		status=0
		NUMAPERF=$BUILD/tools/numaperf timeout -k 5 120 sh "$t" >"$results/host/tool-$name.tap" 2>&1 || status=$?
		echo "# exit $status" >>"$results/host/tool-$name.tap"
	done
}

# What a part's programs print goes to a log; what they found stands in TAP files.
run_part()
{
	start=$(date +%s)
	rm -rf "$(where "$1")"
	mkdir -p "$(where "$1")"
	case $1 in
	style) "$TOP/scripts/style.sh" "$results/style/style.tap" ;;
	host) make -C "$TOP/lib" check RESULTS="$results/host"; tool_tests ;;
	guest:*-*) guest=${1#guest:} && KERNEL=${guest%%-*} "$TOP/qemu/run" "${guest#*-}" check ;;
	guest:*) "$TOP/qemu/run" "${1#guest:}" check ;;
	esac >"$results/$(echo "$1" | tr : -).log" 2>&1 || :
	echo "$(($(date +%s) - start)) $1" >>"$results/times"
	say DONE "$1"
}

if [ "$1" = --part ]; then
	run_part "$2"
	exit
fi

mkdir -p "$results"
: >"$results/times"
dirs=
for part; do
	dirs="$dirs $(where "$part")"
	case $part in guest:*) ;; *) run_part "$part" ;; esac
done
printf '%s\n' "$@" | grep '^guest:' | xargs -r -n 1 -P 2 "$0" --part

failed=
# shellcheck disable=SC2086 # one word a directory
"$TOP/scripts/report.sh" $dirs >"$results/report" || failed=yes
echo
cat "$results/report"
echo
sort -n "$results/times" | awk '{ printf "  TIME     %-14s %4d s\n", $2, $1 }'
echo
awk '$1 == "RESULT" { passed += $3; failed += $5; skipped += $7 }
	END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$results/report"
[ -z "$failed" ]
