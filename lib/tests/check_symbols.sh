#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The shared libraries export exactly what the headers declare, all under one version; and for each other no more than
# core/private.h is about. LIB_SO, NETLINK_SO: the libraries, CC: a compiler.

cd "$(dirname "$0")" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
: "${CC:=cc}" "${LIB_SO:?the shared library to look at}" "${NETLINK_SO:?that of the host}"

# What NUMAPERF_API is put before, after the preprocessor has made its functions of the macros.
declared()
{
	"$CC" -E -P -I../include "$1" | tr '\n' ' ' |
		sed 's/__attribute__((visibility("default")))/\n&/g' |
		sed -n 's/^__attribute__[^(]*((visibility("default"))) [^(]*[ *]\(numaperf_[a-z0-9_]*\)(.*/\1/p' |
		sort -u
}

exported() { nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }' | sort -u; }
names() { sed 's/@.*//' "$1" | sort -u; }

declared ../include/numaperf.h >"$work/declared"
exported "$LIB_SO" >"$work/all"
grep -v '@@NUMAPERF_PRIVATE$' "$work/all" >"$work/exported"
sed -n 's/@@NUMAPERF_PRIVATE$//p' "$work/all" >"$work/private"
names "$work/exported" >"$work/names"

declared ../include/numaperf/host.h | grep '_host_' >"$work/host_declared"
exported "$NETLINK_SO" >"$work/host_exported"
names "$work/host_exported" >"$work/host_names"
nm -D --undefined-only "$NETLINK_SO" | awk '{ print $2 }' | sed 's/@.*//' | sort -u >"$work/host_needs"

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
expect_nothing "that of the host: every declared function is exported" "$(comm -23 "$work/host_declared" "$work/host_names")"
expect_nothing "that of the host: nothing else is exported" "$(comm -13 "$work/host_declared" "$work/host_names")"
expect_nothing "that of the host: every symbol has the version NUMAPERF_0.1" "$(grep -v '@@NUMAPERF_0\.1$' "$work/host_exported")"
expect_nothing "what is private to the libraries is needed by that of the host" "$(comm -23 "$work/private" "$work/host_needs")"
expect_nothing "the library itself does not need libnl" "$(readelf -d "$LIB_SO" | grep 'NEEDED.*libnl')"
echo "1..$n"
[ "$failures" -eq 0 ]
