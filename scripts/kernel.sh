#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kernel.sh SERIES: Debian's stock kernel of a series (6.1, or 6.12 from backports) for building modules and booting guests, without installing it:
#
#	$BUILD/kernel/SERIES/release	6.1.0-56-amd64
#	$BUILD/kernel/SERIES/vmlinuz
#	$BUILD/kernel/SERIES/headers/	make -C this M=...
#	$BUILD/kernel/SERIES/modules/	the few of Debian's modules that guests load (scripts/kernel.modules)
#
# dbg and kcsan are built here, from Debian's source: see kernel-build.sh.
#
# Unpacked once per package version into the cache; what is there is not asked for again.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
series=$1
case $series in
dbg | kcsan) exec "$TOP/scripts/kernel-build.sh" "$series" ;;
esac
link=$BUILD/kernel/$series
[ -e "$link/release" ] && exit 0

# Let apt see nothing but bookworm-backports, from the mirror that this machine uses, in package lists of our own.
backports()
{
	own=$CACHE/apt/backports
	mkdir -p "$own/lists/partial"
	# shellcheck disable=SC2016 # apt's own format
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' | head -n 1)
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" >"$own/sources.list"
	printf '%s\n' "Dir::Etc::sourcelist \"$own/sources.list\";" 'Dir::Etc::sourceparts "-";' \
		"Dir::State::lists \"$own/lists\";" 'Dir::Cache::pkgcache "";' 'Dir::Cache::srcpkgcache "";' \
		'APT::Sandbox::User "root";' >"$own/apt.conf"
	export APT_CONFIG="$own/apt.conf"
	say APT 'update (bookworm-backports)'
	apt-get -qq update
}

# The package that depends on a series' current kernel; the next series needs one more line here.
case $series in
6.1) image_meta=linux-image-amd64 headers_meta=linux-headers-amd64 ;;
6.12) image_meta=linux-image-amd64 headers_meta=linux-headers-amd64 && backports ;;
*) die "unknown kernel series $series" ;;
esac

# What package $1 depends on whose name matches $2.
dependency() { apt-cache depends "$1" | awk -v want="$2" '$1 == "Depends:" && $2 ~ want { print $2; exit }'; }
version() { apt-cache show --no-all-versions "$1" | awk '$1 == "Version:" { print $2; exit }'; }
resolve() { image=$(dependency $image_meta '^linux-image-[0-9]') && [ -n "$image" ]; }

with_lists resolve
headers=$(dependency $headers_meta '^linux-headers-[0-9]')
common=$(dependency "$headers" -common)
kbuild=$(dependency "$headers" '^linux-kbuild-')
release=${image#linux-image-}
kept=$CACHE/kernel/${release}_$(version "$image")

unpack_kernel()
{
	tmp=$kept.tmp
	rm -rf "$tmp"
	say FETCH "$image, $headers (about 80 MB)"
	with_lists fetch_debs "$tmp/debs" "$image" "$headers" "$common" "$kbuild"
	say UNPACK "kernel $release"
	for p in "$headers" "$common" "$kbuild"; do
		dpkg -x "$tmp/debs/${p}_"*.deb "$tmp/root"
	done
	# A module that another series has built in is no loss.
	names_in "$TOP/scripts/kernel.modules" | sed "s|.*|./lib/modules/$release/kernel/&*|" >"$tmp/wanted"
	dpkg --fsys-tarfile "$tmp/debs/${image}_"*.deb |
		tar -x -C "$tmp/root" --wildcards -f - "./boot/vmlinuz-$release" -T "$tmp/wanted" 2>"$tmp/absent" || [ -s "$tmp/root/boot/vmlinuz-$release" ]
	# The headers' Makefile names its other half by absolute path: make it look where both were unpacked.
	sed -i "s|/usr/src/|$kept/root/usr/src/|g" "$tmp/root/usr/src/$headers/Makefile"
	find "$tmp/root/usr/src" -type l -lname '/usr/*' | while read -r l; do
		ln -sfn "$kept/root$(readlink "$l")" "$l"
	done
	ln -s "root/boot/vmlinuz-$release" "$tmp/vmlinuz"
	ln -s "root/usr/src/$headers" "$tmp/headers"
	ln -s "root/lib/modules/$release/kernel" "$tmp/modules"
	rm -r "$tmp/debs" "$tmp/wanted" "$tmp/absent"
	echo "$release" >"$tmp/release"
	publish "$tmp" "$kept"
}

[ -e "$kept/release" ] || unpack_kernel
mkdir -p "$BUILD/kernel"
ln -sfn "$kept" "$link"
