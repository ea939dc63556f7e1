#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kernel-source.sh: what the tests use of the kernel's source tree (the kselftest harness and lib.mk, checkpatch), from Debian's
# linux-source package, as $BUILD/kernel/source. The package is large and the parts small, so only those are kept.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
series=6.1
link=$BUILD/kernel/source
[ -e "$link/scripts/checkpatch.pl" ] && exit 0

parts='tools/testing/selftests/kselftest tools/testing/selftests/kselftest.h tools/testing/selftests/kselftest_harness.h
tools/testing/selftests/lib.mk tools/testing/selftests/run_kselftest.sh
scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch scripts/subarch.include'

resolve() { version=$(apt-cache show --no-all-versions linux-source-$series | awk '$1 == "Version:" { print $2; exit }') && [ -n "$version" ]; }

with_lists resolve
key=$(printf '%s' "$parts" | sha256sum | cut -c1-8)
kept=$CACHE/kernel/source-${version}_$key
if [ ! -e "$kept/scripts/checkpatch.pl" ]; then
	tmp=$kept.tmp
	rm -rf "$tmp"
	mkdir -p "$tmp/tree"
	say FETCH "linux-source-$series for the kselftest harness and checkpatch (140 MB, once)"
	with_lists fetch_debs "$tmp" "linux-source-$series"
	say UNPACK "parts of linux-source-$series (about 20 s)"
	# shellcheck disable=SC2046,SC2086 # one word a part
	dpkg --fsys-tarfile "$tmp"/linux-source-*.deb | tar -xO ./usr/src/linux-source-$series.tar.xz |
		tar -xJ -C "$tmp/tree" --strip-components=1 $(printf "linux-source-$series/%s\n" $parts)
	publish "$tmp/tree" "$kept"
	rm -rf "$tmp"
fi
mkdir -p "$BUILD/kernel"
ln -sfn "$kept" "$link"
