# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make help says what there is.

include config.mk

# In the order in which make check starts them: those that take longest first.
TOPOLOGIES := 2n $(filter-out 2n,$(shell ls -r qemu/topo | sed 's/\.args$$//'))
TOPO ?= 2n

.DEFAULT_GOAL := all
.PHONY: all lib tools man kmod selftests tests kernel kernel-source guest setup setup-build demo vm
.PHONY: check check-deep check-host check-guest debug-kernel bench style expected mutants clean help

##@ Two commands that need nothing but git and make
demo: setup-build guest all ## set up, build, boot two nodes, show the thing (MODULE_ARGS='hint=off fault=off' DEMO_ARGS=--swap)
	$(Q)qemu/run 2n demo --module-args '$(MODULE_ARGS)' --job-args '$(DEMO_ARGS)' </dev/null

check: setup debug-kernel all tests guest ## set up, build, all tests: style, host with sanitizers, guests of every topology, debug kernel
	$(Q)scripts/check.sh style host guest:dbg-2n $(TOPOLOGIES:%=guest:%)

##@ Build
all: lib tools man kmod selftests ## library, command line, manual pages, kernel module, selftests

lib: ## build/lib/libnumaperf.{a,so}
	$(Q)$(MAKE) -C lib

tools: lib ## build/tools/numaperf
	$(Q)$(MAKE) -C tools

man: ## build/man: manual pages
	$(Q)$(MAKE) -C man

# The kernel's build system works where the sources are, so it is given a tree of links to them. It picks its own compiler,
# and does not look for the vmlinux that type information (BTF) would need.
kmod: MAKEOVERRIDES =
kmod: kernel ## build/kmod/RELEASE/numaperf.ko
	$(Q)mkdir -p $(KMOD_DIR) && find $(KMOD_DIR) -xtype l -delete && cp -rsf $(TOP)/kmod/. $(KMOD_DIR)
	$(Q)$(MAKE) -C $(KERNEL_DIR)/headers M=$(abspath $(KMOD_DIR)) KCFLAGS='-Werror -I$(TOP)/uapi' \
		CONFIG_DEBUG_INFO_BTF_MODULES= $(if $(DEBUG),NP_DEBUG=y) modules

# Before kernel-source, which takes its parts from the same download.
debug-kernel: setup ## KERNEL=dbg: a kernel with KASAN, lockdep, kmemleak and more, and the module for it (8 minutes, once)
	$(Q)$(MAKE) kmod KERNEL=dbg

selftests: lib kernel-source ## build/selftests: the tests that need the module
	$(Q)$(MAKE) -C selftests

tests: lib ## build/tests: the library's tests, and those of the tool that need the module
	$(Q)$(MAKE) -C lib/tests
	$(Q)$(MAKE) -C tools tests

##@ Parts of the check
bench: setup-build guest kmod selftests ## the figures, in one guest that counts instructions (BENCH="pin fault" for some)
	$(Q)$(MAKE) -C bench
	$(Q)bench/bench.sh $(BENCH)

style: setup kernel kernel-source ## shellcheck, checkpatch, sparse, layers, clang
	$(Q)scripts/check.sh style

check-host: setup lib tools ## the library's and the tool's tests on this machine
	$(Q)scripts/check.sh host

check-deep: setup debug-kernel all tests guest ## hours: data races (KCSAN), soaks, the newest kernel
	$(Q)$(MAKE) kmod KERNEL=kcsan
	$(Q)$(MAKE) kmod KERNEL=6.12
	$(Q)NP_DEEP=1 scripts/check.sh guest:kcsan-2n guest:kcsan-4n guest:dbg-2n guest:dbg-4n guest:6.12-2n guest:2n

check-guest: setup all tests guest ## all tests in a guest: make check-guest TOPO=4n [KERNEL=dbg]
	$(Q)scripts/check.sh guest:$(if $(filter-out 6.1,$(KERNEL)),$(KERNEL)-)$(TOPO)

expected: ## take the last results as what is expected from now on (selftests/expected)
	$(Q)scripts/report.sh --expect $(TOPOLOGIES:%=$(BUILD)/results/guest/%) $(BUILD)/results/guest/dbg-2n $(BUILD)/results/host

mutants: setup all tests guest ## apply each patch of mutants/: the tests it names must fail
	$(Q)scripts/mutants.sh $(MUTANTS)

##@ Guests
vm: setup-build guest all ## a shell in a guest with module, tool and selftests at hand: make vm TOPO=4n
	$(Q)qemu/run $(TOPO) shell --module-args '$(MODULE_ARGS)'

##@ Set-up
setup: ## Debian packages that building and checking need
	$(Q)scripts/setup.sh check

setup-build:
	$(Q)scripts/setup.sh build

kernel: ## Debian's kernel and headers, in the cache (KERNEL=dbg, kcsan: built from its source; 6.12: backports)
	$(Q)scripts/kernel.sh $(KERNEL)

kernel-source: ## the kernel's kselftest harness and checkpatch, in the cache
	$(Q)scripts/kernel-source.sh

guest: kernel ## the guests' root file system, in the cache
	$(Q)scripts/guest-root.sh $(BUILD)/guest/root.cpio

clean: ## remove build/ (the cache stays)
	$(Q)rm -rf $(BUILD)

help: ## this list
	@awk -F':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
