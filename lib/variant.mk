# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds of the library with other compilers or sanitizers live side by side: build/lib, build/lib-clang, build/lib-asan, ...
# Include after config.mk.

VARIANT	:= $(if $(findstring clang,$(CC)),-clang)
ifneq ($(findstring address,$(SANITIZE)),)
VARIANT	:= $(VARIANT)-asan
endif
ifneq ($(findstring thread,$(SANITIZE)),)
VARIANT	:= $(VARIANT)-tsan
endif

LIB_OUT	:= $(BUILD)/lib$(VARIANT)
LIB_SO	:= $(LIB_OUT)/libnumaperf.so.0
LIB_A	:= $(LIB_OUT)/libnumaperf.a
NETLINK_SO	:= $(LIB_OUT)/libnumaperf-netlink.so.0
NETLINK_A	:= $(LIB_OUT)/libnumaperf-netlink.a
NETLINK_LIBS	= $(shell pkg-config --libs libnl-genl-3.0)
