// SPDX-License-Identifier: GPL-2.0
/* Where the pages of a range are: counts against what mbind and first touch made. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <unistd.h>

#include "np_test.h"

#define PAGES 48
#define ROOM 64

FIXTURE(placement) {
	int fd;
	struct np_topo topo;
	size_t page, length;
	struct numaperf_node_pages nodes[ROOM];
	struct numaperf_ioc_placement result;
};

FIXTURE_SETUP(placement)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_page_size();
	self->length = PAGES * self->page;
}

FIXTURE_TEARDOWN(placement)
{
	close(self->fd);
}

static int ask(FIXTURE_DATA(placement) *self, const void *addr, size_t length)
{
	self->result = (struct numaperf_ioc_placement) {
		.size = sizeof(self->result), .addr = (uintptr_t)addr, .length = length,
		.nodes = (uintptr_t)self->nodes, .count = ROOM, .entry_size = sizeof(self->nodes[0]),
	};
	memset(self->nodes, 0, sizeof(self->nodes));
	return np_ioctl(self->fd, NUMAPERF_IOC_PLACEMENT, &self->result);
}

static struct numaperf_node_pages on(FIXTURE_DATA(placement) *self, int node)
{
	for (__u32 i = 0; i < self->result.count; i++)
		if (self->nodes[i].node == node)
			return self->nodes[i];
	return (struct numaperf_node_pages) { .node = node };
}

TEST_F(placement, counts_pages_of_one_node)
{
	char *area = np_map_on(self->topo.near, self->length);

	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(1, self->result.count);
	EXPECT_EQ(PAGES, on(self, self->topo.near).pages);
}

/* A different number on each, so that a mix-up of nodes shows. */
TEST_F(placement, counts_pages_of_each_node)
{
	int nodes = np_set_count(&self->topo.memory), nth = 0;
	char *area = np_map(nodes * self->length);
	size_t at = 0;

	NP_NEED_TWO_PINNABLE(self->topo);
	for (int node = np_set_first(&self->topo.memory); node >= 0; node = np_set_next(&self->topo.memory, node)) {
		size_t part = (10 + 3 * nth++) * self->page;

		ASSERT_EQ(0, np_bind(area + at, part, node));
		np_touch(area + at, part);
		at += part;
	}
	ASSERT_EQ(0, ask(self, area, at));
	EXPECT_EQ(nodes, (int)self->result.count);
	nth = 0;
	for (int node = np_set_first(&self->topo.memory); node >= 0; node = np_set_next(&self->topo.memory, node))
		EXPECT_EQ(10 + 3 * nth++, (int)on(self, node).pages);
}

TEST_F(placement, follows_pages_that_moved)
{
	char *area = np_map_on(self->topo.near, self->length);

	NP_NEED_TWO_NODES(self->topo);
	np_move_pages(getpid(), area, 5 * self->page, self->topo.far);
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(5, on(self, self->topo.far).pages);
	EXPECT_EQ(PAGES - 5, on(self, self->topo.near).pages);
}

TEST_F(placement, counts_memory_of_a_movable_only_node)
{
	int node = np_set_first(&self->topo.movable);
	char *area;

	NP_NEED(node >= 0, "needs a node whose memory is all in ZONE_MOVABLE");
	area = np_map_on(node, self->length);
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(PAGES, on(self, node).pages);
}

/* Such pages have lost their access rights until the next touch. */
TEST_F(placement, counts_pages_that_the_balancing_scan_armed)
{
	char *area;

	NP_NEED_TWO_NODES(self->topo);
	NP_NEED(np_balancing(), "kernel.numa_balancing is off");
	area = np_map_armed(self->topo.near_cpu, self->topo.far, self->length);
	ASSERT_NE(NULL, area);
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(PAGES, on(self, self->topo.far).pages);
	EXPECT_EQ(0, self->result.absent);
}

TEST_F(placement, counts_small_pages_as_not_huge)
{
	char *area = np_map_on(self->topo.near, self->length);

	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(0, on(self, self->topo.near).huge_pages);
}

TEST_F(placement, counts_untouched_pages_as_absent)
{
	char *area = np_map(self->length);

	np_touch(area, 11 * self->page);
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(PAGES - 11, self->result.absent);
	EXPECT_EQ(0, self->result.unmapped);
}

TEST_F(placement, faults_nothing_in)
{
	char *area = np_map(self->length);
	unsigned char present[PAGES];

	ASSERT_EQ(0, ask(self, area, self->length));
	ASSERT_EQ(0, mincore(area, self->length, present));
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(0, present[i] & 1);
}

TEST_F(placement, counts_the_zero_page_as_absent)
{
	volatile char *area = np_map(self->length);

	for (int i = 0; i < 9; i++)
		ASSERT_EQ(0, area[i * self->page]);
	ASSERT_EQ(0, ask(self, (char *)area, self->length));
	EXPECT_EQ(PAGES, self->result.absent);
	EXPECT_EQ(0, self->result.count);
}

TEST_F(placement, counts_holes_as_unmapped)
{
	char *area = np_map_on(self->topo.near, self->length);

	ASSERT_EQ(0, np_unmap(area + 7 * self->page, 4 * self->page));
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(4, self->result.unmapped);
	EXPECT_EQ(0, self->result.absent);
	EXPECT_EQ(PAGES - 4, on(self, self->topo.near).pages);
}

TEST_F(placement, counts_a_hole_at_the_end_as_unmapped)
{
	char *area = np_map_on(self->topo.near, self->length);

	ASSERT_EQ(0, np_unmap(area + self->length - 4 * self->page, 4 * self->page));
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(4, self->result.unmapped);
}

TEST_F(placement, of_nothing_but_a_hole)
{
	char *area = np_map(self->length);

	ASSERT_EQ(0, np_unmap(area, self->length));
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(PAGES, self->result.unmapped);
	EXPECT_EQ(0, self->result.count);
}

/* 128 TiB of almost nothing must not be walked page by page. */
TEST_F(placement, of_an_enormous_range_adds_up)
{
	size_t start = 1UL << 20, length = (1UL << 47) - 2 * start;
	__u64 sum = 0;

	ASSERT_EQ(0, ask(self, (void *)start, length));
	for (__u32 i = 0; i < self->result.count; i++)
		sum += self->nodes[i].pages;
	EXPECT_LT(0, sum);	/* this program and its libraries */
	EXPECT_EQ(length / self->page, sum + self->result.absent + self->result.unmapped + self->result.other);
}

TEST_F(placement, counts_shared_memory)
{
	char *area = mmap(NULL, self->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, area);
	ASSERT_EQ(0, np_bind_plain(area, self->length, self->topo.near));
	np_touch(area, self->length);
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(PAGES, on(self, self->topo.near).pages);
}

TEST_F(placement, counts_memory_without_access_rights)
{
	char *area = np_map_on(self->topo.near, self->length);

	ASSERT_EQ(0, mprotect(area, self->length, PROT_NONE));
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(PAGES, on(self, self->topo.near).pages);
}

TEST_F(placement, counts_huge_pages)
{
	size_t size = 0;
	char *area = np_map_huge(self->topo.near, &size);

	NP_NEED(area && np_proc_bytes("/proc/self/smaps", "AnonHugePages") > 0, "no transparent huge page was given");
	ASSERT_EQ(0, ask(self, area, size));
	EXPECT_EQ(size / self->page, on(self, self->topo.near).pages);
	EXPECT_EQ(size / self->page, on(self, self->topo.near).huge_pages);
}

TEST_F(placement, counts_part_of_a_huge_page)
{
	size_t size = 0;
	char *area = np_map_huge(self->topo.near, &size);

	NP_NEED(area && np_proc_bytes("/proc/self/smaps", "AnonHugePages") > 0, "no transparent huge page was given");
	ASSERT_EQ(0, ask(self, area + 5 * self->page, 3 * self->page));
	EXPECT_EQ(3, on(self, self->topo.near).huge_pages);
}

#define POOL_FORMAT "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages"

TEST_F(placement, counts_huge_pages_of_the_pool)
{
	size_t size = 2 << 20;
	char path[128];
	char *area;

	snprintf(path, sizeof(path), POOL_FORMAT, self->topo.near);
	np_write_file(path, "1");
	area = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
	NP_NEED(area != MAP_FAILED, "no huge page to be had from the pool");
	ASSERT_EQ(0, np_bind_plain(area, size, self->topo.near));
	np_touch(area, size);
	np_write_file(path, "0");	/* the mapped one stays until it is unmapped */
	ASSERT_EQ(0, ask(self, area, size));
	EXPECT_EQ(size / self->page, on(self, self->topo.near).huge_pages);
}

struct same {
	FIXTURE_DATA(placement) *self;
	char *area;
};

static int ask_for_copy(struct np_child *me, void *arg)
{
	struct same *same = arg;

	(void)me;
	/* the child's own address space: gone here, still there in the parent */
	if (np_unmap(same->area, same->self->length) || ask(same->self, same->area, same->self->length))
		return 255;
	return same->self->result.unmapped == PAGES ? 0 : 1;
}

TEST_F(placement, is_of_the_callers_address_space)
{
	struct same same = { .self = self, .area = np_map_on(self->topo.near, self->length) };

	EXPECT_EQ(0, np_run(0, ask_for_copy, &same));
}

/* ------------------------------------------------------------- refusals */

TEST_F(placement, zero_length_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, ask(self, np_map_on(self->topo.near, self->length), 0));
}

TEST_F(placement, unaligned_address_is_EINVAL)
{
	char *area = np_map_on(self->topo.near, self->length);

	EXPECT_EQ(-EINVAL, ask(self, area + 8, self->page));
}

TEST_F(placement, unaligned_length_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, ask(self, np_map_on(self->topo.near, self->length), self->page + 8));
}

TEST_F(placement, wrapping_range_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, ask(self, np_map_on(self->topo.near, self->length), -self->page));
}

TEST_HARNESS_MAIN
