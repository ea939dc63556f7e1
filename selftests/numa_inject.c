// SPDX-License-Identifier: GPL-2.0
/*
 * What allocation failure can't reach: a page that fails or is on another node between the look before pinning and the look
 * after. Debug builds of the module do that on demand (debugfs numaperf/inject).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define INJECT "/sys/kernel/debug/numaperf/inject/"
#define PAGES 700	/* more than are pinned at a time */

FIXTURE(inject) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	char *memory;
	size_t page;
	struct numaperf_ioc_range_pin pin;
	struct numaperf_ioc_region_new region;
};

FIXTURE_VARIANT(inject) {
	int nth;
};

FIXTURE_VARIANT_ADD(inject, first) { .nth = 1 };
FIXTURE_VARIANT_ADD(inject, middle) { .nth = PAGES / 2 };
FIXTURE_VARIANT_ADD(inject, last) { .nth = PAGES };

FIXTURE_SETUP(inject)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->near = np_set_of(self->topo.near);
	self->page = np_page_size();
	self->memory = np_map_on(self->topo.near, PAGES * self->page);
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(inject)
{
	np_write_file(INJECT "misplace_page", "0");
	np_write_file(INJECT "fail_page", "0");
	np_write_file(INJECT "fault_delay_us", "0");
	close(self->fd);
}

static bool inject(const char *path, int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	return np_write_file(path, text) == 0;
}

static int pin(FIXTURE_DATA(inject) *self)
{
	return np_pin_range(self->fd, self->memory, PAGES * self->page, &self->near, 0, &self->pin);
}

static __u32 leases(FIXTURE_DATA(inject) *self)
{
	struct numaperf_ioc_info info;

	return np_info(self->fd, &info) ? ~0U : info.leases;
}

static long long pinned(void)
{
	/* Each CPU counts for itself until asked. */
	close(open("/proc/sys/vm/stat_refresh", O_RDONLY));
	return np_vmstat("nr_foll_pin_acquired") - np_vmstat("nr_foll_pin_released");
}

#define NEED_INJECTOR() NP_NEED(access(INJECT, F_OK) == 0, "not a debug build of the module")

TEST_F(inject, misplaced_page_is_refused)
{
	NEED_INJECTOR();
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_TRUE(inject(INJECT "misplace_page", variant->nth));
	EXPECT_EQ(-EXDEV, pin(self));
	EXPECT_EQ(NUMAPERF_REASON_WRONG_NODE, self->pin.reason);
}

TEST_F(inject, misplaced_page_is_named)
{
	NEED_INJECTOR();
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_TRUE(inject(INJECT "misplace_page", variant->nth));
	ASSERT_EQ(-EXDEV, pin(self));
	EXPECT_EQ((uintptr_t)self->memory + (variant->nth - 1) * self->page, self->pin.wrong_addr);
	EXPECT_LE(0, self->pin.wrong_node);
	EXPECT_NE(self->topo.near, self->pin.wrong_node);
}

TEST_F(inject, misplaced_page_leaves_nothing_pinned)
{
	long long before = pinned();

	NEED_INJECTOR();
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_TRUE(inject(INJECT "misplace_page", variant->nth));
	ASSERT_EQ(-EXDEV, pin(self));
	EXPECT_TRUE(np_eventually(pinned() == before));
	EXPECT_EQ(0, leases(self));
}

TEST_F(inject, failing_page_leaves_nothing_pinned)
{
	long long before = pinned();

	NEED_INJECTOR();
	ASSERT_TRUE(inject(INJECT "fail_page", variant->nth));
	ASSERT_EQ(-ENOMEM, pin(self));
	EXPECT_TRUE(np_eventually(pinned() == before));
	EXPECT_EQ(0, leases(self));
}

TEST_F(inject, failure_is_over_when_it_has_come)
{
	NEED_INJECTOR();
	ASSERT_TRUE(inject(INJECT "fail_page", variant->nth));
	ASSERT_EQ(-ENOMEM, pin(self));
	EXPECT_EQ(0, pin(self));
}

/* ------------------------------------------------------- observed regions */

static int new_region(FIXTURE_DATA(inject) *self)
{
	return np_region_new(self->fd, PAGES * self->page, &self->near, 0, 0, &self->region);
}

static __u64 locked(FIXTURE_DATA(inject) *self)
{
	struct numaperf_ioc_info info;

	return np_info(self->fd, &info) ? ~0ULL : info.locked_bytes;
}

#define NEED_REGIONS() NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_REGION)

TEST_F(inject, misplaced_page_of_a_region_is_refused)
{
	NEED_INJECTOR();
	NEED_REGIONS();
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_TRUE(inject(INJECT "misplace_page", variant->nth));
	EXPECT_EQ(-ENOMEM, new_region(self));
	EXPECT_EQ(self->topo.near, self->region.wrong_node);
	EXPECT_EQ(NUMAPERF_REASON_NODE_MEMORY, self->region.reason);
}

TEST_F(inject, failing_page_of_a_region_leaves_nothing)
{
	__u64 before = locked(self);

	NEED_INJECTOR();
	NEED_REGIONS();
	ASSERT_TRUE(inject(INJECT "fail_page", variant->nth));
	EXPECT_EQ(-ENOMEM, new_region(self));
	EXPECT_EQ(before, locked(self));
	EXPECT_EQ(0, leases(self));
}

TEST_F(inject, delayed_fault_of_a_region_is_served)
{
	struct np_region region;
	__u64 began;

	NEED_INJECTOR();
	NEED_REGIONS();
	ASSERT_EQ(0, np_region_make(&region, self->fd, self->topo.near, self->page, 0, 0));
	ASSERT_TRUE(inject(INJECT "fault_delay_us", 50000));
	began = np_now_ns();
	*region.at = 1;
	EXPECT_LE(50000000, np_now_ns() - began);
	ASSERT_TRUE(inject(INJECT "fault_delay_us", 0));
	EXPECT_EQ(1, *region.at);
	np_region_end(&region);
}

TEST_HARNESS_MAIN
