#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# mutants.sh [NAME...]: do the tests notice? Each mutants/NAME.patch (or all) breaks one promise of the code on purpose. Its head says
# in words which, and which tests must then fail:
#
#	Tests: guest 2n selftests/track_hint selftests/track_fault
#	Tests: guest dbg-2n selftests/fault_injection
#	Tests: host test_set
#
# The tests are run on the unbroken tree first, where all must pass. A mutant is caught if at least one of them fails; one that does not
# apply or not compile shows nothing and is an error.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
work=$BUILD/mutants
tree=$work/tree
mkdir -p "$tree/build"

# A second tree with a build of its own: what does not change between mutants is compiled once.
cd "$TOP"
git ls-files --cached --others --exclude-standard | while read -r f; do
	[ -e "$f" ] || continue
	cmp -s "$f" "$tree/$f" || { mkdir -p "$tree/$(dirname "$f")" && cp -p "$f" "$tree/$f"; }
done
(cd "$tree" && find . -path ./build -prune -o -type f -print) | while read -r f; do [ -e "$TOP/$f" ] || rm "$tree/$f"; done
ln -sfn "$BUILD/kernel" "$tree/build/kernel"
ln -sfn "$BUILD/guest" "$tree/build/guest"

# build NAME: with the module for the debug kernel, if that is among the guests whose tests are named.
build()
{
	make -s -C "$tree" BUILD="$tree/build" all tests >"$work/$1.log" 2>&1 || return
	case $guests in
	*" dbg-"*) make -s -C "$tree" BUILD="$tree/build" kmod KERNEL=dbg >>"$work/$1.log" 2>&1 ;;
	esac
}

# The tree lies inside a repository; git must not take it for a part of that.
apply() { GIT_CEILING_DIRECTORIES=$work git -C "$tree" apply "$@"; }

tests_of() { sed -n 's/^Tests: //p' "$TOP/mutants/$1.patch"; }

# run_tests NAME: the lines "guest TOPO PROGRAM..." and "host PROGRAM..." of stdin; succeeds if all tests passed.
run_tests()
{
	failed=
	while read -r where rest; do
		case $where in
		guest)
			topo=${rest%% *} kernel=6.1
			case $topo in *-*) kernel=${topo%%-*} ;; esac
			KERNEL=$kernel BUILD=$tree/build "$tree/qemu/run" "${topo#*-}" check --job-args "${rest#* }" --out "$work/$1.results/guest/$topo" </dev/null ;;
		host)
			# shellcheck disable=SC2046,SC2086 # one word a program
			(cd "$tree/build/tests" && sh ./run "$work/$1.results/host" plain $(printf './%s\n' $rest) </dev/null) ;;
		esac >>"$work/$1.log" 2>&1 || failed=yes
	done
	[ -z "$failed" ]
}

# All the tests that any of the mutants names, each once, one guest a topology.
all_tests()
{
	for name; do
		tests_of "$name"
	done | awk '
		{ key = $1; first = 2 }
		$1 == "guest" { key = key " " $2; first = 3 }
		{ for (i = first; i <= NF; i++) if (!((key, $i) in seen)) { seen[key, $i] = 1; list[key] = list[key] " " $i } }
		END { for (key in list) print key list[key] }'
}

# shellcheck disable=SC2046 # one word a mutant
[ $# -gt 0 ] || set -- $(cd "$TOP/mutants" && for p in *.patch; do echo "${p%.patch}"; done)
guests=$(for name; do tests_of "$name"; done)
start=$(date +%s)
build baseline || { tail -n 20 "$work/baseline.log"; die 'the unbroken tree does not build'; }
all_tests "$@" | run_tests baseline || { grep -E 'FAIL|not ok' "$work/baseline.log"; die 'tests fail on the unbroken tree'; }
say BASELINE "all tests pass ($(($(date +%s) - start)) s)"

caught=0 missed=0 errors=0
for name; do
	start=$(date +%s)
	patch=$TOP/mutants/$name.patch
	if [ -z "$(tests_of "$name")" ] || ! apply "$patch"; then
		say ERROR "$name: names no tests or does not apply"
		errors=$((errors + 1))
		continue
	fi
	if ! build "$name"; then
		say ERROR "$name: does not compile"
		tail -n 5 "$work/$name.log"
		errors=$((errors + 1))
	elif tests_of "$name" | run_tests "$name"; then
		say MISSED "$name: all its tests pass"
		missed=$((missed + 1))
	else
		say CAUGHT "$name ($(($(date +%s) - start)) s)"
		caught=$((caught + 1))
	fi
	apply -R "$patch"
done
echo "$caught caught, $missed missed, $errors errors"
[ $((missed + errors)) -eq 0 ]
