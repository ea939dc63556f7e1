// SPDX-License-Identifier: GPL-2.0
/* Observed regions: where their memory is, who pays for it, and how long it lives. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define PAGES 256

FIXTURE(region) {
	struct np_topo topo;
	int fd;
	size_t length;
	struct np_region region;
};

FIXTURE_SETUP(region)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->length = PAGES * np_page_size();
	self->region.fd = -1;
}

FIXTURE_TEARDOWN(region)
{
	np_region_end(&self->region);
	close(self->fd);
}

TEST_F(region, is_a_feature)
{
	EXPECT_TRUE(np_feature(self->fd, NUMAPERF_FEATURE_REGION));
}

TEST_F(region, is_whole_on_its_node)
{
	for (int node = np_set_first(&self->topo.memory); node >= 0; node = np_set_next(&self->topo.memory, node)) {
		ASSERT_EQ(0, np_region_make(&self->region, self->fd, node, self->length, 0, 0));
		np_touch(self->region.at, self->length);
		EXPECT_EQ(PAGES, np_pages_on(self->region.at, self->length, node));
		np_region_end(&self->region);
	}
}

TEST_F(region, is_zeroed_and_keeps_what_is_written)
{
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->length, 0, 0));
	for (size_t i = 0; i < self->length; i++)
		ASSERT_EQ(0, self->region.at[i]);
	memset(self->region.at, 0x5a, self->length);
	ASSERT_EQ(0, madvise(self->region.at, self->length, MADV_DONTNEED));
	for (size_t i = 0; i < self->length; i++)
		ASSERT_EQ(0x5a, self->region.at[i]);
}

TEST_HARNESS_MAIN
