#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# setup.sh STEP: install the Debian packages that scripts/packages lists for STEP (build, or check: all) and that are missing,
# saying which and what for. Nothing else on this machine is changed, and no service is among them.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
step=${1:-check}

command -v dpkg-query >/dev/null || die 'this is not Debian: install what scripts/packages lists, by hand'

listed() { sed 's/#.*//' "$TOP/scripts/packages" | awk -v step="$step" 'NF && ($2 == "build" || step == "check")'; }

missing()
{
	# shellcheck disable=SC2046 # one word a package
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(listed | awk '{ print $1 }') 2>/dev/null |
		awk 'query { if ($1 == "installed") have[$2]; next } !($1 in have)' query=1 - query=0 "$1"
}

list=$(mktemp)
trap 'rm -f "$list"' EXIT
listed >"$list"
wanted=$(missing "$list")
[ -n "$wanted" ] || exit 0

say SETUP 'Debian packages to install:'
printf '%s\n' "$wanted" | awk '{ name = $1; $1 = $2 = ""; printf "             %-18s%s\n", name, $0 }'
names=$(printf '%s\n' "$wanted" | awk '{ print $1 }' | tr '\n' ' ')
can_be_root || die "that needs root, once: apt-get install $names"

# shellcheck disable=SC2086 # one word a package
install_them() { root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $names >"$list"; }

if ! with_lists install_them; then
	tail -n 20 "$list" >&2
	die "could not install them; as root, with a network: apt-get install $names"
fi
