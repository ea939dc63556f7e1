#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# style.sh OUT.tap: what a reader would ask of the tree, as TAP: scripts, kernel style, sparse, who may include whom, clang.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$TOP"
out=$1
mkdir -p "$(dirname "$out")"
: >"$out"
n=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# try NAME COMMAND...: passes if the command succeeds and says nothing.
try()
{
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$log" 2>&1 && [ ! -s "$log" ]; then
		echo "ok $n - $name" >>"$out"
	else
		echo "not ok $n - $name" >>"$out"
		sed 's/^/# /' "$log" >>"$out"
		sed 's/^/           /' "$log" >&2
	fi
}

# What belongs to the tree: tracked, or new and not ignored. Without git (a tarball), everything but build/.
files()
{
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard
	else
		find . -path ./build -prune -o -type f -print | sed 's|^\./||'
	fi | while read -r f; do [ ! -e "$f" ] || echo "$f"; done | sort
}

scripts() { files | while read -r f; do case $f in *.sh) echo "$f" ;; *) head -n 1 "$f" | grep -lqa '^#!.*sh$' && echo "$f" ;; esac; done; }
with_scripts() { scripts | xargs shellcheck -x --source-path=SCRIPTDIR; }

# The kernel's own taste, for the module and the ABI. compat.h is where versions are told apart; the ABI cannot use BIT().
checkpatch()
{
	files | grep -E '^kmod/.*\.[ch]$' | grep -vE '/(compat|selftest)\.h' | patch_style
	echo kmod/selftest.h | patch_style --ignore MACRO_WITH_FLOW_CONTROL
	echo kmod/compat.h | patch_style --ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON
	files | grep -E '^uapi/.*\.h$' | patch_style --ignore BIT_MACRO
}

patch_style()
{
	xargs "$BUILD/kernel/source/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary --show-types \
		--max-line-length=120 "$@" -f || :
}

# Compiled in a folder of its own, where only what changed since it was last clean is looked at again.
sparse()
{
	dir=$BUILD/sparse
	mkdir -p "$dir"
	find "$dir" -xtype l -delete
	cp -rsf "$TOP/kmod/." "$dir"
	make -s -j2 -C "$BUILD/kernel/6.1/headers" M="$dir" C=1 KCFLAGS="-Werror -I$TOP/uapi" NP_DEBUG=y modules 2>&1 |
		grep -E '(warning|error):' | grep -v 'headers-[0-9]' && rm -rf "$dir"
	[ -d "$dir" ]
}

# core <- topo <- affinity <- mem, perf above all of them: nobody includes what is above.
layers()
{
	below=
	for layer in core topo affinity mem perf; do
		below="$below${below:+|}$layer"
		grep -HnE '#include "[a-z]+/' lib/$layer/*.[ch] 2>/dev/null | grep -vE "#include \"($below)/" || :
	done
	grep -nE '#include "(\.\./|core/|topo/|affinity/|mem/|perf/)' tools/*.[ch] || :
	grep -lE '\bioctl\(' lib/*/*.c | grep -vE '^lib/(core/kmod|tests/.*)\.c$' || :
	grep -lE '#include <(netlink|linux/(gen)?netlink)' lib/*/*.[ch] tools/*.[ch] | grep -v '^lib/perf/netlink\.c$' || :
}

spdx() { files | grep -E '\.([ch]|sh|mk|awk)$|Makefile$|Kbuild$' | xargs grep -L 'SPDX-License-Identifier:' || :; }

with_clang() { make -s -C lib CC=clang >/dev/null && make -s -C tools CC=clang OUT="$BUILD/tools-clang" >/dev/null; }

try 'scripts are clean to shellcheck' with_scripts
try 'every source says its licence' spdx
try 'the library includes nothing upwards, tools only public headers, and only core/kmod.c calls ioctl, perf/netlink.c netlink' layers
try 'module and ABI are clean to checkpatch --strict' checkpatch
try 'the module is clean to sparse' sparse
try 'the netlink specification agrees with the ABI' "$TOP/scripts/netlink-spec.sh"
try 'library and tool compile with clang' with_clang
echo "1..$n" >>"$out"
