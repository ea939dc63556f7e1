#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The shared library exports exactly what the headers declare, all under one version.
# LIB_SO: the library, CC: a compiler.

cd "$(dirname "$0")" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
: "${CC:=cc}" "${LIB_SO:?the shared library to look at}"

# What NUMAPERF_API is put before, after the preprocessor has made its functions of the macros.
"$CC" -E -P -I../include ../include/numaperf.h | tr '\n' ' ' |
	sed 's/__attribute__((visibility("default")))/\n&/g' |
	sed -n 's/^__attribute__[^(]*((visibility("default"))) [^(]*[ *]\(numaperf_[a-z0-9_]*\)(.*/\1/p' |
	sort -u >"$work/declared"
nm -D --defined-only --with-symbol-versions "$LIB_SO" | awk '$2 != "A" { print $3 }' | sort -u >"$work/exported"
sed 's/@.*//' "$work/exported" | sort -u >"$work/names"

n=0
failures=0

# expect_nothing NAME FOUND
expect_nothing()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

expect_nothing "the headers were understood" \
	"$(awk 'END { if (NR < 50) print "only " NR " functions were found in the headers" }' "$work/declared")"
expect_nothing "every declared function is exported" "$(comm -23 "$work/declared" "$work/names")"
expect_nothing "nothing else is exported" "$(comm -13 "$work/declared" "$work/names")"
expect_nothing "every symbol has the version NUMAPERF_0.1" "$(grep -v '@@NUMAPERF_0\.1$' "$work/exported")"
echo "1..$n"
[ "$failures" -eq 0 ]
