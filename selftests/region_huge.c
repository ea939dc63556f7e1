// SPDX-License-Identifier: GPL-2.0
/* Observed regions of 2 MiB pages. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define RATE 1000

static struct np_region_counts counts;

FIXTURE(huge) {
	struct np_topo topo;
	int fd;
	size_t size;
	struct np_region region;
};

FIXTURE_SETUP(huge)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->size = np_huge_size();
	self->region.fd = -1;
}

FIXTURE_TEARDOWN(huge)
{
	np_region_end(&self->region);
	close(self->fd);
}

TEST_F(huge, is_mapped_whole)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_REGION_HUGE);
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, 2 * self->size,
				    NUMAPERF_REGION_HUGE, 0));
	np_touch(self->region.at, self->region.length);
	EXPECT_EQ(2 * self->size, np_proc_bytes("/proc/self/smaps_rollup", "FilePmdMapped"));
	EXPECT_EQ(2 * self->size / np_page_size(),
		  np_pages_on(self->region.at, self->region.length, self->topo.near));
}

TEST_F(huge, is_sampled_as_one_page)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_REGION_HUGE);
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, 2 * self->size,
				    NUMAPERF_REGION_HUGE, RATE));
	EXPECT_TRUE(np_region_use(&self->region, true, 20, &counts));
	EXPECT_EQ(2, counts.read.pages);
	EXPECT_EQ(self->size, counts.read.page_size);
	for (__u32 i = 0; i < counts.read.nr_samples; i++)
		EXPECT_GT(2, counts.samples[i].page);
}

TEST_F(huge, part_can_be_unmapped)
{
	size_t page = np_page_size();

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_REGION_HUGE);
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->size, NUMAPERF_REGION_HUGE,
				    RATE));
	memset(self->region.at, 0x5a, self->size);
	ASSERT_EQ(0, np_unmap(self->region.at + page, page));
	EXPECT_EQ(0x5a, self->region.at[0]);
	for (size_t i = 2 * page; i < self->size; i++)
		ASSERT_EQ(0x5a, self->region.at[i]);
}

TEST_F(huge, half_a_page_is_EINVAL)
{
	struct np_set near = np_set_of(self->topo.near);
	struct numaperf_ioc_region_new arg;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_REGION_HUGE);
	EXPECT_EQ(-EINVAL, np_region_new(self->fd, self->size / 2, &near, NUMAPERF_REGION_HUGE, 0, &arg));
}

TEST_HARNESS_MAIN
