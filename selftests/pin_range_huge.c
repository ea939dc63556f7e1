// SPDX-License-Identifier: GPL-2.0
/* Strict pins of huge pages, transparent ones and those of the pool. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdlib.h>
#include <unistd.h>

#include "np_test.h"

FIXTURE(huge) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	size_t size, pages;
	char *area;
	struct numaperf_ioc_range_pin pin;
};

static bool is_huge(void)
{
	return np_proc_bytes("/proc/self/smaps", "AnonHugePages") > 0;
}

FIXTURE_SETUP(huge)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->near = np_set_of(self->topo.near);
	self->area = np_map_huge(self->topo.near, &self->size);
	self->pages = self->size / np_page_size();
}

FIXTURE_TEARDOWN(huge)
{
	close(self->fd);
}

#define NEED_HUGE NP_NEED(self->area && is_huge(), "no transparent huge page was given")

TEST_F(huge, page_is_pinned_as_a_whole)
{
	struct numaperf_lease_record record;

	NEED_HUGE;
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->size, &self->near, 0, &self->pin));
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &record));
	EXPECT_EQ(self->size, record.held);
	EXPECT_TRUE(is_huge());
}

TEST_F(huge, page_stays_on_its_node)
{
	NEED_HUGE;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->size, &self->near, 0, &self->pin));
	np_move_pages(getpid(), self->area, self->size, self->topo.far);
	EXPECT_EQ(self->pages, np_pages_on(self->area, self->size, self->topo.near));
}

TEST_F(huge, part_of_a_page_stays_on_its_node)
{
	size_t part = 3 * np_page_size();

	NEED_HUGE;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_pin_range(self->fd, self->area + part, part, &self->near, 0, &self->pin));
	np_move_pages(getpid(), self->area, self->size, self->topo.far);
	EXPECT_EQ(3, np_pages_on(self->area + part, part, self->topo.near));
}

TEST_F(huge, part_unmapped_is_lost_and_the_rest_held)
{
	size_t part = 3 * np_page_size();
	struct numaperf_lease_record record;

	NEED_HUGE;
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->size, &self->near, 0, &self->pin));
	ASSERT_EQ(0, np_unmap(self->area, part));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->pin.lease)));
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &record));
	EXPECT_EQ(self->size - part, record.held);
}

/* -------------------------------------------------------------- the pool */

#define POOL_FORMAT "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages"

FIXTURE(pool) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	size_t size;
	char path[128];
	char *area;
	struct numaperf_ioc_range_pin pin;
};

FIXTURE_SETUP(pool)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->near = np_set_of(self->topo.near);
	self->size = 2 << 20;
	snprintf(self->path, sizeof(self->path), POOL_FORMAT, self->topo.near);
	np_write_file(self->path, "2");
	self->area = mmap(NULL, self->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
	if (self->area != MAP_FAILED) {
		ASSERT_EQ(0, np_bind_plain(self->area, self->size, self->topo.near));
		np_touch(self->area, self->size);
	}
}

FIXTURE_TEARDOWN(pool)
{
	close(self->fd);
	if (self->area != MAP_FAILED)
		munmap(self->area, self->size);
	np_write_file(self->path, "0");
}

TEST_F(pool, page_is_pinned)
{
	struct numaperf_lease_record record;

	NP_NEED(self->area != MAP_FAILED, "no huge page to be had from the pool");
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->size, &self->near, 0, &self->pin));
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &record));
	EXPECT_EQ(self->size, record.held);
}

TEST_F(pool, page_stays_on_its_node)
{
	NP_NEED(self->area != MAP_FAILED, "no huge page to be had from the pool");
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->size, &self->near, 0, &self->pin));
	np_migrate_pages(getpid(), self->topo.near, self->topo.far);
	EXPECT_EQ(self->topo.near, np_node_of_page(self->area));
}

TEST_HARNESS_MAIN
