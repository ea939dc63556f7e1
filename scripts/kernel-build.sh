#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kernel-build.sh VARIANT: a kernel that checks more (dbg, kcsan), from Debian's linux-source package with the configurations
# qemu/kernel/base.config and qemu/kernel/VARIANT.config over tinyconfig. Its products are those of kernel.sh:
#
#	$BUILD/kernel/VARIANT/{release,vmlinuz,headers/,modules/,slow}
#
# Kept in the cache under what it is made of: the source's version, the configurations, this script, the compiler. The source
# (140 MB packed, 1.5 GB unpacked) goes when the kernel is built; of the tree, what building a module needs is kept.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
variant=$1
link=$BUILD/kernel/$variant
: "${JOBS:=$(nproc)}"

base=$TOP/qemu/kernel/base.config
own=$TOP/qemu/kernel/$variant.config
[ -e "$own" ] || die "unknown kernel $variant"

with_lists source_version
key=$({ echo "$version"; cat "$base" "$own" "$0"; "${CC:-gcc}" --version; } | sha256sum | cut -c1-16)
kept=$CACHE/kernel/$variant-${version}_$key
work=$CACHE/kernel/$variant.work

adopt()
{
	mkdir -p "$BUILD/kernel"
	ln -sfn "$kept" "$link"
}
[ ! -e "$kept/release" ] || { adopt; exit; }

# Two builds of one kernel at a time would only be slower.
mkdir -p "$CACHE/kernel"
exec 9>"$CACHE/kernel/$variant.lock"
flock -n 9 || { say WAIT "for another build of the kernel $variant"; flock 9; }
[ ! -e "$kept/release" ] || { adopt; exit; }

tree=$work/tree

# Their noise goes to a log, of which the end is told if something fails.
quietly() { "$@" >>"$work/log" 2>&1 </dev/null; }

at_exit()
{
	status=$?
	[ $status -eq 0 ] || tail -n 25 "$work/log" >&2
	[ -z "$ticker" ] || kill "$ticker" 2>/dev/null || :
}
ticker=
trap at_exit EXIT
trap 'exit 130' INT TERM

# The directories of which these kernels compile nothing are most of the source; only their Kconfig files must be there.
unpack()
{
	mkdir -p "$tree"
	source_stream | tar -x -C "$tree" --strip-components=1 --wildcards --wildcards-match-slash \
		--exclude='linux-source-*/arch/[!x]*/*.[chS]' --exclude='linux-source-*/Documentation/*.rst' \
		--exclude='linux-source-*/Documentation/*.yaml' --exclude='linux-source-*/tools/testing/*.[chS]' \
		--exclude='linux-source-*/drivers/gpu/*.[chS]' --exclude='linux-source-*/drivers/media/*.[ch]' \
		--exclude='linux-source-*/drivers/net/*/*.[ch]' --exclude='linux-source-*/drivers/staging/*.[ch]' \
		--exclude='linux-source-*/drivers/infiniband/*.[ch]' --exclude='linux-source-*/drivers/scsi/*.[ch]' \
		--exclude='linux-source-*/sound/*.[ch]'
}

kernel_make() { nice make -s -C "$tree" ARCH=x86_64 "$@"; }
merge() { (cd "$tree" && scripts/kconfig/merge_config.sh -m .config "$base" "$own"); }

# What merge_config and olddefconfig have dropped, without failing. (A symbol that is not known at all is as good as not set.)
refused()
{
	grep -hE '^(CONFIG_|# CONFIG_.* is not set)' "$base" "$own" | while read -r line; do
		case $line in
		\#*) symbol=${line#\# }; grep -q "^${symbol% is not set}=" "$tree/.config" && echo "$line" ;;
		*) grep -qxF "$line" "$tree/.config" || echo "$line" ;;
		esac
	done
}

configure()
{
	quietly kernel_make tinyconfig
	quietly merge
	quietly kernel_make olddefconfig
	lost=$(refused)
	[ -z "$lost" ] || die "the kernel's configuration refuses: $lost"
}

# A line every half minute, as long as it compiles.
progress()
{
	while sleep 30; do
		say BUILD "kernel $variant: $(($(date +%s) - start)) s, $(find "$tree" -name '*.o' | wc -l) of some 1400 object files"
	done
}

compile()
{
	progress &
	ticker=$!
	quietly kernel_make -j"$JOBS" bzImage modules
	kill "$ticker"
	ticker=
}

# What "make -C headers M=..." reads: makefiles, scripts and their programs, headers (generated ones, too), symbols, objtool.
module_tree()
{
	cd "$tree"
	printf '%s\n' Makefile .config Module.symvers scripts include arch/x86/include
	ls arch/x86/Makefile* tools/objtool/objtool
	find localversion* scripts/module.lds
} 2>/dev/null

prune()
{
	mkdir -p "$work/new/headers" "$work/new/modules"
	cp "$tree/arch/x86/boot/bzImage" "$work/new/vmlinuz"
	(module_tree) | tar -c -C "$tree" --exclude='*.o' --exclude='.*.cmd' -T - | tar -x -C "$work/new/headers"
	# How much slower a guest is: qemu/run stretches its limits.
	echo 4 >"$work/new/slow"
	kernel_make kernelrelease >"$work/new/release"
}

start=$(date +%s)
rm -rf "$work"
mkdir -p "$work"
with_lists source_fetch
"$TOP/scripts/kernel-source.sh"
say UNPACK "linux-source-$version"
unpack
source_drop
say BUILD "kernel $variant with $JOBS jobs (5 to 10 minutes on two cores, once)"
configure
compile
prune
publish "$work/new" "$kept"
rm -rf "$work"
say DONE "kernel $variant in $(($(date +%s) - start)) s"
adopt
