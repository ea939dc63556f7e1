# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Facts that every Makefile of the tree shares: include this first. Each can be given on the command line
# (make CC=clang, make BUILD=/elsewhere, make V=1, make SANITIZE=address,undefined).

ifndef NUMAPERF_CONFIG
NUMAPERF_CONFIG := 1

TOP	:= $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
VERSION	:= $(shell cat $(TOP)/VERSION)

# What is built goes below BUILD; what is downloaded or unpacked from downloads, below CACHE (kept across clones).
BUILD	?= $(TOP)/build
CACHE	?= $(or $(NUMAPERF_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/numaperf)
export CACHE

# make has a built-in CC and AR, which ?= would not replace.
ifeq ($(origin CC),default)
CC	:= gcc
endif
ifeq ($(origin AR),default)
AR	:= ar
endif

CFLAGS	?= -O2 -g
CFLAGS += -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror
ifdef SANITIZE
CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=$(SANITIZE)
endif

# The kernel that modules and guests are made for: scripts/kernel.sh puts it there, with these fixed names inside.
KERNEL	?= 6.1
KERNEL_DIR	= $(BUILD)/kernel/$(KERNEL)
KERNEL_RELEASE	= $(shell cat $(KERNEL_DIR)/release 2>/dev/null)
KMOD_DIR	= $(BUILD)/kmod/$(KERNEL_RELEASE)

# Debian's copy of the kernel's own test tree: harness, lib.mk, checkpatch.
KERNEL_SOURCE	= $(BUILD)/kernel/source
KSELFTEST_SRC	= $(KERNEL_SOURCE)/tools/testing/selftests

# $(call say,CC,what) before a command; V=1 shows the commands themselves.
ifeq ($(V),1)
Q	:=
say	=
else
Q	:= @
say	= @printf '  %-8s %s\n' '$(1)' '$(patsubst $(TOP)/%,%,$(2))';
MAKEFLAGS += --silent --no-print-directory
endif

endif
