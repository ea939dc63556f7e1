# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# Sourced by the other scripts: where things are, how to speak, how to get Debian packages.

set -eu
TOP=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$TOP/build}
CACHE=${CACHE:-${NUMAPERF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/numaperf}}
export TOP BUILD CACHE

say() { printf '  %-8s %s\n' "$1" "$2"; }
note() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Names in a list file: one a line, a word or more on what it is for, # comments.
names_in() { sed -e 's/#.*//' "$1" | awk 'NF { print $1 }'; }

can_be_root() { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }

root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# Run something that needs fresh package lists; refresh them only if it fails without.
with_lists()
{
	if ! "$@" 2>/dev/null; then
		say APT 'update (the package lists are absent or old)'
		can_be_root || die 'the package lists are absent or old, and only root can refresh them: apt-get update'
		root apt-get -qq update || die 'apt-get update failed: is there a network? (see /etc/apt/sources.list)'
		"$@"
	fi
}

# fetch_debs DIR PACKAGE[=VERSION]...: download those packages (not their dependencies) into DIR, verified by apt.
fetch_debs()
{
	dir=$1; shift
	mkdir -p "$dir"
	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download "$@")
}

# publish TEMPORARY FINAL: what is complete appears at once, so that an interrupted run leaves nothing half-made.
publish()
{
	rm -rf "$2"
	mkdir -p "$(dirname "$2")"
	mv "$1" "$2"
}

# The kernel's source package (140 MB), for whoever asks first; it is dropped when it has been unpacked.
source_series=6.1
source_kept=$CACHE/kernel/linux-source
source_version() { version=$(apt-cache show --no-all-versions linux-source-$source_series | awk '$1 == "Version:" { print $2; exit }') && [ -n "$version" ]; }
source_fetch()
{
	[ ! -e "$source_kept" ] || return 0
	say FETCH "linux-source-$source_series (140 MB, once)"
	rm -rf "$source_kept.tmp"
	fetch_debs "$source_kept.tmp" "linux-source-$source_series"
	publish "$source_kept.tmp" "$source_kept"
}
source_stream() { dpkg --fsys-tarfile "$source_kept"/*.deb | tar -xO ./usr/src/linux-source-$source_series.tar.xz | xz -dc -T0; }
source_drop() { rm -rf "$source_kept"; }
