#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What make install puts somewhere is enough to build programs against, with the flags that pkg-config gives: a shared
# and a static one, which run. CC, BUILD: as of the build.

cd "$(dirname "$0")" || exit 1
: "${CC:=cc}" "${BUILD:?where the library was built}"
if ! command -v pkg-config >/dev/null; then
	echo "ok 1 - make install # SKIP pkg-config is not installed"
	echo "1..1"
	exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
system=$(pkg-config --variable pc_path pkg-config)
export PKG_CONFIG_SYSROOT_DIR="$work/root" PKG_CONFIG_LIBDIR="$work/root/usr/lib/pkgconfig"
n=0
failures=0

# expect NAME COMMAND...
expect()
{
	name=$1
	shift
	n=$((n + 1))
	if output=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf '%s\n' "$output" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

cat >"$work/program.c" <<'END'
#include <numaperf.h>
#include <linux/numaperf.h>

int main(void)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = NULL;

	return numaperf_cpuset_parse("0-3", &set) || numaperf_cpuset_count(set) != 4 || NUMAPERF_REASON_NONE;
}
END

cat >"$work/host.c" <<'END'
#include <numaperf/host.h>

int main(void)
{
	NUMAPERF_AUTO(host_leases) struct numaperf_host_leases *leases = NULL;

	return numaperf_host_leases_new(&leases) == 0 || !leases ? 0 : 1;
}
END

# libnl's own pkg-config files are this machine's.
# shellcheck disable=SC2046
host()
{
	"$CC" -o "$work/host" "$work/host.c" $(PKG_CONFIG_LIBDIR="$PKG_CONFIG_LIBDIR:$system" pkg-config --cflags --libs numaperf-netlink) \
		-Wl,-rpath-link,"$work/root/usr/lib"
}
# shellcheck disable=SC2046 # flags are words
shared() { "$CC" -o "$work/shared" "$work/program.c" $(pkg-config --cflags --libs numaperf); }
# shellcheck disable=SC2046
static() { "$CC" -static -o "$work/static" "$work/program.c" $(pkg-config --static --cflags --libs numaperf); }
same_version() { [ "$(pkg-config --modversion numaperf)" = "$(cat ../../VERSION)" ]; }

expect "make install" make -C .. install CC="$CC" BUILD="$BUILD" DESTDIR="$work/root" PREFIX=/usr
expect "pkg-config tells the version" same_version
expect "a shared program builds" shared
expect "it needs libnumaperf.so.0" sh -c "readelf -d '$work/shared' | grep -q 'NEEDED.*\\[libnumaperf\\.so\\.0\\]'"
expect "it runs" env LD_LIBRARY_PATH="$work/root/usr/lib" "$work/shared"
expect "a static program builds" static
expect "it runs, too" "$work/static"
expect "a program that looks at the host builds" host
expect "and runs" env LD_LIBRARY_PATH="$work/root/usr/lib" "$work/host"
echo "1..$n"
[ "$failures" -eq 0 ]
