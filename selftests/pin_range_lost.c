// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that goes away under a pin: the lease loses those pages, says so, and ends with its last one; and what only
 * looks like going away.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"

#define PAGES 32
#define GONE_FROM 4
#define GONE_PAGES 3

FIXTURE(lost) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	size_t page, length;
	char *area;
	__u64 locked_before;
	struct numaperf_ioc_range_pin pin;
	struct numaperf_event_record event;
	struct numaperf_lease_record record;
};

/* @drop takes these pages away from the address range. */
FIXTURE_VARIANT(lost) {
	int (*drop)(char *addr, size_t length);
};

static int drop_by_munmap(char *addr, size_t length)
{
	return munmap(addr, length);
}

static int drop_by_dontneed(char *addr, size_t length)
{
	return madvise(addr, length, MADV_DONTNEED);
}

static int drop_by_map_fixed(char *addr, size_t length)
{
	return mmap(addr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == addr ?
		0 : -1;
}

static int drop_by_mremap(char *addr, size_t length)
{
	char *to = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mremap(addr, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to ? 0 : -1;
}

FIXTURE_VARIANT_ADD(lost, munmap) { .drop = drop_by_munmap };
FIXTURE_VARIANT_ADD(lost, dontneed) { .drop = drop_by_dontneed };
FIXTURE_VARIANT_ADD(lost, map_fixed) { .drop = drop_by_map_fixed };
FIXTURE_VARIANT_ADD(lost, mremap) { .drop = drop_by_mremap };

static __u64 locked_bytes(int fd)
{
	struct numaperf_ioc_info info;

	return np_info(fd, &info) ? ~0ULL : info.locked_bytes;
}

FIXTURE_SETUP(lost)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	self->near = np_set_of(self->topo.near);
	self->page = np_page_size();
	self->length = PAGES * self->page;
	self->area = np_map_on(self->topo.near, self->length);
	self->locked_before = locked_bytes(self->fd);
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->length, &self->near, 0, &self->pin));
}

FIXTURE_TEARDOWN(lost)
{
	close(self->fd);
}

static int drop_some(FIXTURE_DATA(lost) *self, const FIXTURE_VARIANT(lost) *variant)
{
	return variant->drop(self->area + GONE_FROM * self->page, GONE_PAGES * self->page);
}

TEST_F(lost, part_makes_the_lease_lost)
{
	ASSERT_EQ(0, drop_some(self, variant));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->pin.lease)));
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &self->record));
	EXPECT_EQ(NUMAPERF_REASON_UNMAPPED_PART, self->record.reason);
	EXPECT_LT(0, self->record.losses);
}

TEST_F(lost, part_is_no_longer_held)
{
	ASSERT_EQ(0, drop_some(self, variant));
	EXPECT_TRUE(np_eventually(np_lease(self->fd, self->pin.lease, &self->record) == 0 &&
				  self->record.held == (PAGES - GONE_PAGES) * self->page));
	EXPECT_EQ(self->length, self->record.length);
}

TEST_F(lost, part_is_told_by_an_event)
{
	ASSERT_EQ(0, drop_some(self, variant));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_LEASE_LOST, self->event.type);
	EXPECT_EQ(NUMAPERF_REASON_UNMAPPED_PART, self->event.reason);
	EXPECT_EQ(self->pin.lease, self->event.id);
	EXPECT_EQ(getpid(), self->event.pid);
	EXPECT_EQ((uintptr_t)self->area + GONE_FROM * self->page, self->event.addr);
	EXPECT_EQ(GONE_PAGES, self->event.value);
}

TEST_F(lost, part_is_given_back_to_the_user)
{
	ASSERT_EQ(0, drop_some(self, variant));
	EXPECT_TRUE(np_eventually(locked_bytes(self->fd) ==
				  self->locked_before + (PAGES - GONE_PAGES) * self->page));
}

TEST_F(lost, rest_is_held_still)
{
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, drop_some(self, variant));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->pin.lease)));
	np_move_pages(getpid(), self->area, self->length, self->topo.far);
	EXPECT_EQ(GONE_FROM, np_pages_on(self->area, GONE_FROM * self->page, self->topo.near));
}

TEST_F(lost, lease_can_be_released)
{
	ASSERT_EQ(0, drop_some(self, variant));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->pin.lease)));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_TRUE(np_eventually(locked_bytes(self->fd) == self->locked_before));
}

TEST_F(lost, whole_ends_the_lease)
{
	ASSERT_EQ(0, variant->drop(self->area, self->length));
	EXPECT_TRUE(np_eventually(np_lease_gone(self->fd, self->pin.lease)));
	EXPECT_TRUE(np_eventually(locked_bytes(self->fd) == self->locked_before));
}

TEST_F(lost, whole_is_told_by_an_event)
{
	int err = 0;

	ASSERT_EQ(0, variant->drop(self->area, self->length));
	while (!err && self->event.type != NUMAPERF_EVENT_LEASE_ENDED)
		err = np_event(self->fd, &self->event);
	ASSERT_EQ(0, err);
	EXPECT_EQ(NUMAPERF_REASON_UNMAPPED_ALL, self->event.reason);
	EXPECT_EQ(self->pin.lease, self->event.id);
}

TEST_F(lost, whole_leaves_no_pinned_page)
{
	ASSERT_EQ(0, variant->drop(self->area, self->length));
	EXPECT_TRUE(np_eventually(np_vmstat("nr_foll_pin_acquired") == np_vmstat("nr_foll_pin_released")));
}

/* ------------------------------------------------- what is not a loss */

FIXTURE(kept) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	size_t length;
	char *area;
	struct numaperf_ioc_range_pin pin;
	struct numaperf_event_record event;
	struct numaperf_lease_record record;
};

FIXTURE_VARIANT(kept) {
	int (*disturb)(char *addr, size_t length);
};

static int mprotect_and_back(char *addr, size_t length)
{
	return mprotect(addr, length, PROT_NONE) ?: mprotect(addr, length, PROT_READ | PROT_WRITE);
}

/* Pinned pages are not reclaimed, so nothing goes away. */
static int advise_free(char *addr, size_t length)
{
	return madvise(addr, length, MADV_FREE);
}

static int advise_pageout(char *addr, size_t length)
{
	madvise(addr, length, MADV_PAGEOUT);
	return 0;
}

static int unmap_neighbour(char *addr, size_t length)
{
	/* the fixture maps one page more than it pins */
	return munmap(addr + length, np_page_size());
}

static int write_all(char *addr, size_t length)
{
	np_touch(addr, length);
	return 0;
}

FIXTURE_VARIANT_ADD(kept, mprotect) { .disturb = mprotect_and_back };
FIXTURE_VARIANT_ADD(kept, madvise_free) { .disturb = advise_free };
FIXTURE_VARIANT_ADD(kept, madvise_pageout) { .disturb = advise_pageout };
FIXTURE_VARIANT_ADD(kept, munmap_beside_it) { .disturb = unmap_neighbour };
FIXTURE_VARIANT_ADD(kept, writes) { .disturb = write_all };

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	self->near = np_set_of(self->topo.near);
	self->length = PAGES * np_page_size();
	self->area = np_map_on(self->topo.near, self->length + np_page_size());
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->length, &self->near, 0, &self->pin));
}

FIXTURE_TEARDOWN(kept)
{
	close(self->fd);
}

TEST_F(kept, lease_is_held_still)
{
	ASSERT_EQ(0, variant->disturb(self->area, self->length));
	/* a module that looks later must have looked by now */
	for (int i = 0; i < 50; i++)
		np_nap();
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &self->record));
	EXPECT_EQ(NUMAPERF_LEASE_HELD, self->record.state);
	EXPECT_EQ(self->length, self->record.held);
	EXPECT_EQ(-1, read(self->fd, &self->event, sizeof(self->event)));
}

TEST_HARNESS_MAIN
