#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kernel-source.sh: what the tests use of the kernel's source tree (the kselftest harness and lib.mk, checkpatch), from Debian's
# linux-source package, as $BUILD/kernel/source. The package is large and the parts small, so only those are kept.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
link=$BUILD/kernel/source
[ -e "$link/scripts/checkpatch.pl" ] && exit 0

parts='tools/testing/selftests/kselftest tools/testing/selftests/kselftest.h tools/testing/selftests/kselftest_harness.h
tools/testing/selftests/lib.mk tools/testing/selftests/run_kselftest.sh
scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch scripts/subarch.include'

with_lists source_version
key=$(printf '%s' "$parts" | sha256sum | cut -c1-8)
kept=$CACHE/kernel/source-${version}_$key
if [ ! -e "$kept/scripts/checkpatch.pl" ]; then
	tmp=$kept.tmp
	rm -rf "$tmp"
	mkdir -p "$tmp"
	shared=
	[ ! -e "$source_kept" ] || shared=yes
	with_lists source_fetch
	say UNPACK "the kselftest harness and checkpatch (about 20 s)"
	# shellcheck disable=SC2046,SC2086 # one word a part
	source_stream | tar -x -C "$tmp" --strip-components=1 $(printf "linux-source-$source_series/%s\n" $parts)
	publish "$tmp" "$kept"
	[ -n "$shared" ] || source_drop
fi
mkdir -p "$BUILD/kernel"
ln -sfn "$kept" "$link"
