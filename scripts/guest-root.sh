#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# guest-root.sh OUT: the guests' root file system, an uncompressed cpio archive of unpacked Debian packages (qemu/packages and
# their dependencies); nothing of it is installed on this machine. OUT becomes a link into the cache, where the archive is
# kept under the names and versions of the packages and this script's own contents.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
out=$1
made_from=$(cat "$TOP/qemu/packages" "$0" | sha256sum)
[ -e "$out" ] && [ "$(cat "$out.made-from" 2>/dev/null)" = "$made_from" ] && exit 0

mkdir -p "$CACHE"
tmp=$(mktemp -d "$CACHE/guest-root.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/debs/partial"

# This machine's package sources, an empty machine: apt resolves everything that the guest needs.
: >"$tmp/status"
guest_apt()
{
	apt-get -qq -y --no-install-recommends -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
		-o Dir::State::status="$tmp/status" -o Dir::State::extended_states="$tmp/extended_states" \
		-o Dir::Cache::archives="$tmp/debs" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}

resolve()
{
	# shellcheck disable=SC2046 # one word a package
	files=$(guest_apt --print-uris install $(names_in "$TOP/qemu/packages") | awk '{ print $2 }' | sort)
	[ -n "$files" ]
}

# Leave out what no guest runs: the documentation, and the half of Debian that only serves to install packages.
unwanted='^(perl|libperl|debconf|dpkg|tar|passwd|adduser|usrmerge|gcc-.*-base|lsb-base|init-system-helpers|sysvinit-utils|base-files|debianutils'
unwanted="$unwanted|lib.*-perl|libdb5|libgdbm|libpam-modules|libsemanage|libsepol|libaudit-common)[^_]*_"
wanted() { printf '%s\n' "$files" | grep -Ev "$unwanted"; }

prune()
{
	(cd "$1" && rm -rf usr/share usr/games usr/lib/*/gconv usr/lib/*/audit etc/init.d etc/default etc/logrotate.d etc/cron* \
		lib/systemd usr/lib/tmpfiles.d lib/terminfo lib/udev)
}

furnish()
{
	(cd "$1" && mkdir -p proc sys dev tmp run root etc var/lib/redis var/log/redis home numaperf/extra
	chmod 1777 tmp
	ln -sf dash bin/sh
	for applet in $(bin/busybox --list); do
		[ -e "bin/$applet" ] || [ -e "sbin/$applet" ] || [ -e "usr/bin/$applet" ] || ln -s /bin/busybox "bin/$applet"
	done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/nonexistent:/bin/sh >etc/passwd
	printf '%s\n' root:x:0: nogroup:x:65534: >etc/group
	printf '127.0.0.1 localhost\n' >etc/hosts
	echo numaperf >etc/hostname)
}

pack() { (cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$2"; }

with_lists resolve
key=$({ wanted; cat "$0"; } | sha256sum | cut -c1-16)
kept=$CACHE/guest/$key.cpio
if [ ! -e "$kept" ]; then
	say FETCH "the guest's packages ($(printf '%s\n' "$files" | wc -l), about 25 MB)"
	# shellcheck disable=SC2046
	guest_apt -d install $(names_in "$TOP/qemu/packages") >/dev/null
	say UNPACK "the guest's packages"
	for f in $(wanted); do
		dpkg -x "$tmp/debs/$f" "$tmp/root"
	done
	prune "$tmp/root"
	furnish "$tmp/root"
	mkdir -p "$CACHE/guest"
	pack "$tmp/root" "$tmp/cpio"
	publish "$tmp/cpio" "$kept"
fi
mkdir -p "$(dirname "$out")"
ln -sfn "$kept" "$out"
echo "$made_from" >"$out.made-from"
