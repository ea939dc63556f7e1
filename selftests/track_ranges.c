// SPDX-License-Identifier: GPL-2.0
/* Watched ranges: every first touch in one is counted there, none of those beside it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 64
#define FIRST 16	/* of the watched part */
#define INSIDE 24

static struct np_counts counts;

FIXTURE(ranges) {
	int fd;
	__u32 target;
	struct np_topo topo;
	size_t page;
	char *area;
	struct numaperf_ioc_watch watch;
};

/* Not touched yet, and hidden from the balancing scan, which could arm a page before its sample is resolved. */
static char *map_fresh(int node, size_t length)
{
	char *area = np_map(length);

	if (np_bind_plain(area, length, node))
		abort();
	return area;
}

FIXTURE_SETUP(ranges)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_page_size();
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->area = map_fresh(self->topo.near, PAGES * self->page);
	ASSERT_EQ(0, np_track_faults(self->fd, 0, NUMAPERF_TRACK_PROCESS, 1, &self->target));
}

FIXTURE_TEARDOWN(ranges)
{
	np_unmap(self->area, PAGES * self->page);
	close(self->fd);
}

#define NEED_RANGES do {						\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_WATCH);		\
} while (0)

static int watch(FIXTURE_DATA(ranges) *self, size_t first, size_t pages)
{
	return np_watch(self->fd, self->target, 0, self->area + first * self->page, pages * self->page, &self->watch);
}

static int read_ranges(FIXTURE_DATA(ranges) *self)
{
	return np_counts_read(self->fd, self->target, NUMAPERF_READ_RANGES, &counts);
}

static __u64 samples_of(__u32 range)
{
	return np_range_samples(&counts, range, NUMAPERF_SOURCE_FAULT, NP_ANY);
}

static void touch_all(FIXTURE_DATA(ranges) *self)
{
	np_touch(self->area, PAGES * self->page);
}

/* ------------------------------------------------------------ attribution */

TEST_F(ranges, every_touch_inside_is_counted_and_none_outside)
{
	NEED_RANGES;
	ASSERT_EQ(0, watch(self, FIRST, INSIDE));
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(INSIDE, samples_of(self->watch.range));
}

TEST_F(ranges, all_memory_has_those_of_the_range_once)
{
	__u64 before, samples;

	NEED_RANGES;
	ASSERT_EQ(0, read_ranges(self));
	before = np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY);
	ASSERT_EQ(0, watch(self, FIRST, INSIDE));
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	samples = np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY) - before;
	EXPECT_LE(PAGES, samples);
	EXPECT_GT(PAGES + INSIDE, samples);	/* a page of this program itself may be new */
}

TEST_F(ranges, neighbours_are_told_apart)
{
	__u32 first;

	NEED_RANGES;
	ASSERT_EQ(0, watch(self, 0, FIRST));
	first = self->watch.range;
	ASSERT_EQ(0, watch(self, FIRST, INSIDE));
	EXPECT_NE(first, self->watch.range);
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(FIRST, samples_of(first));
	EXPECT_EQ(INSIDE, samples_of(self->watch.range));
}

/* Many ranges of one page: the search has to find each. */
TEST_F(ranges, each_of_many_counts_its_own_page)
{
	__u32 range[PAGES];

	NEED_RANGES;
	for (size_t i = 0; i < PAGES; i++) {
		size_t at = i * 37 % PAGES;	/* in a mixed order */

		ASSERT_EQ(0, watch(self, at, 1));
		range[at] = self->watch.range;
	}
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	for (size_t i = 0; i < PAGES; i++)
		EXPECT_EQ(1, samples_of(range[i]));
}

TEST_F(ranges, node_is_that_of_the_page)
{
	NEED_RANGES;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_bind_plain(self->area, PAGES * self->page, self->topo.far));
	ASSERT_EQ(0, watch(self, 0, PAGES));
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(PAGES, np_range_samples(&counts, self->watch.range, NUMAPERF_SOURCE_FAULT, self->topo.far));
}

/* What another allocator has mapped, here the heap. */
TEST_F(ranges, adopted_memory_is_watched_alike)
{
	char *heap = sbrk(0);

	NEED_RANGES;
	heap += -(uintptr_t)heap & (self->page - 1);
	ASSERT_EQ(0, brk(heap + INSIDE * self->page));
	ASSERT_EQ(0, np_bind_plain(heap, INSIDE * self->page, self->topo.near));
	madvise(heap, INSIDE * self->page, MADV_NOHUGEPAGE);
	ASSERT_EQ(0, np_watch(self->fd, self->target, 0, heap, INSIDE * self->page, &self->watch));
	np_touch(heap, INSIDE * self->page);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(INSIDE, samples_of(self->watch.range));
}

TEST_F(ranges, huge_page_counts_once_with_all_its_pages)
{
	size_t size = np_huge_size();
	char *raw, *huge;

	NEED_RANGES;
	NP_NEED(size, "no transparent huge pages");
	raw = np_map(2 * size);
	huge = (char *)(((uintptr_t)raw + size - 1) & ~(size - 1));
	ASSERT_EQ(0, madvise(huge, size, MADV_HUGEPAGE));
	ASSERT_EQ(0, np_bind_plain(huge, size, self->topo.near));
	ASSERT_EQ(0, np_watch(self->fd, self->target, 0, huge, size, &self->watch));
	huge[0] = 1;
	ASSERT_EQ(0, read_ranges(self));
	NP_NEED(np_range_pages(&counts, self->watch.range, NUMAPERF_SOURCE_FAULT, NP_ANY) != 1, "no huge page came");
	EXPECT_EQ(1, samples_of(self->watch.range));
	EXPECT_EQ(size / self->page, np_range_pages(&counts, self->watch.range, NUMAPERF_SOURCE_FAULT, NP_ANY));
}

TEST_F(ranges, are_told_only_if_asked_for)
{
	NEED_RANGES;
	ASSERT_EQ(0, watch(self, 0, PAGES));
	touch_all(self);
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	for (__u32 i = 0; i < counts.read.nr_cells; i++)
		EXPECT_EQ(0, counts.cells[i].range);
}

/* ------------------------------------------------------------ taking away */

TEST_F(ranges, taken_away_counts_no_more)
{
	NEED_RANGES;
	ASSERT_EQ(0, watch(self, 0, PAGES));
	np_touch(self->area, FIRST * self->page);
	ASSERT_EQ(0, np_unwatch(self->fd, self->target, self->watch.range));
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(0, samples_of(self->watch.range));
}

TEST_F(ranges, its_neighbour_stays)
{
	__u32 first;

	NEED_RANGES;
	ASSERT_EQ(0, watch(self, 0, FIRST));
	first = self->watch.range;
	ASSERT_EQ(0, watch(self, FIRST, INSIDE));
	ASSERT_EQ(0, np_unwatch(self->fd, self->target, first));
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(INSIDE, samples_of(self->watch.range));
}

TEST_F(ranges, new_one_does_not_inherit_the_counts_of_one_before)
{
	__u32 first;

	NEED_RANGES;
	ASSERT_EQ(0, watch(self, 0, FIRST));
	first = self->watch.range;
	np_touch(self->area, FIRST * self->page);
	ASSERT_EQ(0, np_unwatch(self->fd, self->target, first));
	ASSERT_EQ(0, watch(self, FIRST, INSIDE));
	EXPECT_NE(first, self->watch.range);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(0, samples_of(self->watch.range));
	touch_all(self);
	ASSERT_EQ(0, read_ranges(self));
	EXPECT_EQ(INSIDE, samples_of(self->watch.range));
	EXPECT_EQ(0, samples_of(first));
}

TEST_F(ranges, taken_away_twice_is_ENOENT)
{
	NEED_RANGES;
	ASSERT_EQ(0, watch(self, 0, PAGES));
	ASSERT_EQ(0, np_unwatch(self->fd, self->target, self->watch.range));
	EXPECT_EQ(-ENOENT, np_unwatch(self->fd, self->target, self->watch.range));
}

/* ---------------------------------------------------------- bad requests */

TEST_F(ranges, unknown_target_is_ENOENT)
{
	self->target = ~0U;
	EXPECT_EQ(-ENOENT, watch(self, 0, PAGES));
}

TEST_F(ranges, overlap_is_EBUSY)
{
	NEED_RANGES;
	ASSERT_EQ(0, watch(self, FIRST, INSIDE));
	EXPECT_EQ(-EBUSY, watch(self, FIRST, INSIDE));
	EXPECT_EQ(-EBUSY, watch(self, 0, FIRST + 1));
	EXPECT_EQ(-EBUSY, watch(self, FIRST + INSIDE - 1, 2));
	EXPECT_EQ(-EBUSY, watch(self, FIRST + 1, 1));
	EXPECT_EQ(-EBUSY, watch(self, 0, PAGES));
	EXPECT_EQ(0, watch(self, 0, FIRST));
	EXPECT_EQ(0, watch(self, FIRST + INSIDE, 1));
}

TEST_F(ranges, nothing_or_unaligned_or_wrapping_is_EINVAL)
{
	struct numaperf_ioc_watch w;
	int fd = self->fd;
	__u32 t = self->target;

	EXPECT_EQ(-EINVAL, np_watch(fd, t, 0, self->area, 0, &w));
	EXPECT_EQ(-EINVAL, np_watch(fd, t, 0, self->area + 1, self->page, &w));
	EXPECT_EQ(-EINVAL, np_watch(fd, t, 0, self->area, self->page + 1, &w));
	EXPECT_EQ(-EINVAL, np_watch(fd, t, 0, self->area, -self->page, &w));
	EXPECT_EQ(-EINVAL, np_watch(fd, t, 0, (void *)-(16 * self->page), self->page, &w));
	EXPECT_EQ(-EINVAL, np_watch(fd, t, -1, self->area, self->page, &w));
}

TEST_F(ranges, taking_away_with_a_length_is_EINVAL)
{
	NEED_RANGES;
	ASSERT_EQ(0, watch(self, 0, PAGES));
	self->watch.size = sizeof(self->watch);
	EXPECT_EQ(-EINVAL, np_ioctl(self->fd, NUMAPERF_IOC_WATCH, &self->watch));
}

TEST_F(ranges, one_too_many_is_EDQUOT)
{
	char *area = np_map((NUMAPERF_RANGES_MAX + 1) * self->page);

	NEED_RANGES;
	for (size_t i = 0; i < NUMAPERF_RANGES_MAX; i++)
		ASSERT_EQ(0, np_watch(self->fd, self->target, 0, area + i * self->page, self->page, &self->watch));
	area += NUMAPERF_RANGES_MAX * self->page;
	EXPECT_EQ(-EDQUOT, np_watch(self->fd, self->target, 0, area, self->page, &self->watch));
	EXPECT_EQ(NUMAPERF_REASON_RANGE_QUOTA, self->watch.reason);
	ASSERT_EQ(0, np_unwatch(self->fd, self->target, 7));
	EXPECT_EQ(0, np_watch(self->fd, self->target, 0, area, self->page, &self->watch));
}

TEST_F(ranges, stopped_target_is_ESRCH)
{
	NEED_RANGES;
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	EXPECT_EQ(-ESRCH, watch(self, 0, PAGES));
}

TEST_HARNESS_MAIN
