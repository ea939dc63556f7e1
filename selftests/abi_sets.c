// SPDX-License-Identifier: GPL-2.0
/* Sets that callers hand in, and arrays that are too small for the answer. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "np_test.h"

/* ------------------------------------------------------------------ sets */

FIXTURE(set) {
	int fd;
	struct np_topo topo;
	void *page;
};

FIXTURE_VARIANT(set) {
	enum { THREAD, RANGE, REGION } what;
};

FIXTURE_VARIANT_ADD(set, cpus) { .what = THREAD };
FIXTURE_VARIANT_ADD(set, nodes) { .what = RANGE };
FIXTURE_VARIANT_ADD(set, region_nodes) { .what = REGION };

FIXTURE_SETUP(set)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_map_on(self->topo.near, np_page_size());
}

FIXTURE_TEARDOWN(set)
{
	close(self->fd);
}

/* The pin that uses this set, as a dry run: everything else about it is right. */
static int ask(const FIXTURE_DATA(set) *self, const FIXTURE_VARIANT(set) *variant, const void *words, __u32 bits)
{
	struct numaperf_ioc_thread_pin thread = {
		.size = sizeof(thread), .flags = NUMAPERF_DRY_RUN, .cpus = (uintptr_t)words, .cpus_bits = bits,
	};
	struct numaperf_ioc_range_pin range = {
		.size = sizeof(range), .flags = NUMAPERF_DRY_RUN, .addr = (uintptr_t)self->page,
		.length = np_page_size(), .nodes = (uintptr_t)words, .nodes_bits = bits,
	};

	struct numaperf_ioc_region_new region = {
		.size = sizeof(region), .flags = NUMAPERF_DRY_RUN, .length = np_page_size(),
		.nodes = (uintptr_t)words, .nodes_bits = bits,
	};

	if (variant->what == REGION)
		return np_ioctl(self->fd, NUMAPERF_IOC_REGION_NEW, &region);
	return variant->what == RANGE ? np_ioctl(self->fd, NUMAPERF_IOC_RANGE_PIN, &range) :
		np_ioctl(self->fd, NUMAPERF_IOC_THREAD_PIN, &thread);
}

static struct np_set right_set(const FIXTURE_DATA(set) *self, const FIXTURE_VARIANT(set) *variant)
{
	return variant->what == THREAD ? self->topo.cpus : np_set_of(self->topo.near);
}

TEST_F(set, right_one_is_accepted)
{
	struct np_set set = right_set(self, variant);

	EXPECT_EQ(0, ask(self, variant, set.words, NP_SET_BITS));
}

TEST_F(set, empty_is_EINVAL)
{
	struct np_set set = { 0 };

	EXPECT_EQ(-EINVAL, ask(self, variant, set.words, NP_SET_BITS));
}

TEST_F(set, of_no_bits_is_EINVAL)
{
	struct np_set set = right_set(self, variant);

	EXPECT_EQ(-EINVAL, ask(self, variant, set.words, 0));
}

TEST_F(set, of_half_a_word_is_EINVAL)
{
	struct np_set set = right_set(self, variant);

	EXPECT_EQ(-EINVAL, ask(self, variant, set.words, 63));
	EXPECT_EQ(-EINVAL, ask(self, variant, set.words, 65));
}

TEST_F(set, of_the_most_bits_is_accepted)
{
	static __u64 words[NUMAPERF_SET_BITS_MAX / 64];
	struct np_set set = right_set(self, variant);

	memcpy(words, set.words, sizeof(set.words));
	EXPECT_EQ(0, ask(self, variant, words, NUMAPERF_SET_BITS_MAX));
}

TEST_F(set, of_too_many_bits_is_EINVAL)
{
	static __u64 words[NUMAPERF_SET_BITS_MAX / 64 + 1];
	struct np_set set = right_set(self, variant);

	memcpy(words, set.words, sizeof(set.words));
	EXPECT_EQ(-EINVAL, ask(self, variant, words, NUMAPERF_SET_BITS_MAX + 64));
}

TEST_F(set, null_is_EFAULT)
{
	EXPECT_EQ(-EFAULT, ask(self, variant, NULL, NP_SET_BITS));
}

TEST_F(set, that_ends_unmapped_is_EFAULT)
{
	size_t page = np_page_size();
	char *two = np_map(2 * page);
	__u64 *last = (__u64 *)(two + page) - 1;

	*last = ~0ULL;
	ASSERT_EQ(0, np_unmap(two + page, page));
	EXPECT_EQ(-EFAULT, ask(self, variant, last, 128));
}

/* --------------------------------------------------------- result arrays */

FIXTURE(array) {
	int fd;
	struct np_topo topo;
	__u64 lease;
	__u32 target;
};

FIXTURE_SETUP(array)
{
	struct numaperf_ioc_track track = { .size = sizeof(track), .sources = 1U << NUMAPERF_SOURCE_FAULT };
	struct numaperf_ioc_thread_pin pin;

	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->topo.cpus, 0, &pin));
	self->lease = pin.lease;
	ASSERT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_TRACK, &track));
	self->target = track.target;
}

FIXTURE_TEARDOWN(array)
{
	close(self->fd);
}

TEST_F(array, leases_tell_the_needed_count)
{
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases), .flags = NUMAPERF_LEASES_MINE,
		.entry_size = sizeof(struct numaperf_lease_record),
	};

	EXPECT_EQ(-EMSGSIZE, np_ioctl(self->fd, NUMAPERF_IOC_LEASES, &leases));
	EXPECT_EQ(1, leases.count);
}

TEST_F(array, lease_set_tells_the_needed_bits)
{
	struct numaperf_lease_record record;
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases), .lease = self->lease, .entries = (uintptr_t)&record, .count = 1,
		.entry_size = sizeof(record), .set = (uintptr_t)&record /* never written: no room is given */,
	};
	struct np_set set = { 0 };

	ASSERT_EQ(-EMSGSIZE, np_ioctl(self->fd, NUMAPERF_IOC_LEASES, &leases));
	EXPECT_LE((__u32)np_set_count(&self->topo.cpus), leases.set_bits);
	EXPECT_EQ(0, leases.set_bits % 64);

	leases.set = (uintptr_t)set.words;
	leases.count = 1;
	EXPECT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_LEASES, &leases));
}

TEST_F(array, placement_tells_the_needed_count)
{
	size_t page = np_page_size();
	struct numaperf_ioc_placement placement = {
		.size = sizeof(placement), .addr = (uintptr_t)np_map_on(self->topo.near, page), .length = page,
		.entry_size = sizeof(struct numaperf_node_pages),
	};

	EXPECT_EQ(-EMSGSIZE, np_ioctl(self->fd, NUMAPERF_IOC_PLACEMENT, &placement));
	EXPECT_EQ(1, placement.count);
}

TEST_F(array, read_tells_the_needed_threads)
{
	struct numaperf_ioc_read read = {
		.size = sizeof(read), .target = self->target,
		.thread_size = sizeof(struct numaperf_thread_record), .cell_size = sizeof(struct numaperf_cell),
	};

	EXPECT_EQ(-EMSGSIZE, np_ioctl(self->fd, NUMAPERF_IOC_READ, &read));
	EXPECT_EQ(1, read.nr_threads);
}

TEST_F(array, read_that_is_too_small_writes_nothing_else)
{
	struct numaperf_cell cells[4];
	struct numaperf_ioc_read read = {
		.size = sizeof(read), .target = self->target, .cells = (uintptr_t)cells, .nr_cells = 4,
		.thread_size = sizeof(struct numaperf_thread_record), .cell_size = sizeof(struct numaperf_cell),
	};
	struct numaperf_cell before[4];

	memset(cells, 0x5a, sizeof(cells));
	memcpy(before, cells, sizeof(cells));
	EXPECT_EQ(-EMSGSIZE, np_ioctl(self->fd, NUMAPERF_IOC_READ, &read));
	EXPECT_EQ(0, memcmp(before, cells, sizeof(cells)));
	EXPECT_EQ(0, read.time_ns);
}

/* Each array with an address that can't be written. */
TEST_F(array, unwritable_leases_is_EFAULT)
{
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases), .entries = 8, .count = 8, .entry_size = sizeof(struct numaperf_lease_record),
	};

	EXPECT_EQ(-EFAULT, np_ioctl(self->fd, NUMAPERF_IOC_LEASES, &leases));
}

TEST_F(array, unwritable_placement_is_EFAULT)
{
	size_t page = np_page_size();
	struct numaperf_ioc_placement placement = {
		.size = sizeof(placement), .addr = (uintptr_t)np_map_on(self->topo.near, page), .length = page,
		.nodes = 8, .count = 8, .entry_size = sizeof(struct numaperf_node_pages),
	};

	EXPECT_EQ(-EFAULT, np_ioctl(self->fd, NUMAPERF_IOC_PLACEMENT, &placement));
}

TEST_F(array, unwritable_read_is_EFAULT)
{
	struct numaperf_cell cells[64];
	struct numaperf_ioc_read read = {
		.size = sizeof(read), .target = self->target, .threads = 8, .nr_threads = 8,
		.cells = (uintptr_t)cells, .nr_cells = 64,
		.thread_size = sizeof(struct numaperf_thread_record), .cell_size = sizeof(struct numaperf_cell),
	};

	EXPECT_EQ(-EFAULT, np_ioctl(self->fd, NUMAPERF_IOC_READ, &read));
}

/* Entries are placed at the caller's distance; one smaller than the first version's can't hold a record. */
TEST_F(array, entry_size_zero_is_EINVAL)
{
	struct numaperf_lease_record record;
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases), .entries = (uintptr_t)&record, .count = 1, .entry_size = 0,
	};

	EXPECT_EQ(-EINVAL, np_ioctl(self->fd, NUMAPERF_IOC_LEASES, &leases));
}

TEST_HARNESS_MAIN
