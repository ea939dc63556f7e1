#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every public header compiles alone: as C11 and C++17, by gcc and clang, with warnings as errors.

cd "$(dirname "$0")/../include" || exit 1
n=0
failures=0

report()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failures=$((failures + 1))
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

# try COMPILER LANGUAGE STANDARD HEADER
try()
{
	if ! command -v "$1" >/dev/null; then
		n=$((n + 1))
		echo "ok $n - $4 as $3 by $1 # SKIP $1 is not installed"
		return
	fi
	output=$(printf '#include <%s>\n' "$4" |
		"$1" -x "$2" -std="$3" -Wall -Wextra -Wpedantic -Wno-unused-function -Werror \
			-I. -I../../uapi -fsyntax-only - 2>&1)
	report $? "$4 as $3 by $1" "$output"
}

for header in numaperf.h numaperf/*.h; do
	try gcc c c11 "$header"
	try clang c c11 "$header"
	try g++ c++ c++17 "$header"
	try clang++ c++ c++17 "$header"
done
try gcc c c11 linux/numaperf.h
try g++ c++ c++17 linux/numaperf.h
echo "1..$n"
[ "$failures" -eq 0 ]
