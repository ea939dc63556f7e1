// SPDX-License-Identifier: GPL-2.0
/* A range lease that lost pages is made whole again: under the conditions of RANGE_PIN, all of them or none. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "np_test.h"

#define PAGES 32
#define GONE_FROM 4
#define GONE_PAGES 3
#define ALSO_GONE 20
#define RACES 150

FIXTURE(rearm) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	size_t page, length;
	char *area;
	struct numaperf_ioc_range_pin pin;
	struct numaperf_ioc_rearm rearm;
	struct numaperf_lease_record record;
	struct numaperf_event_record event;
};

static int drop(FIXTURE_DATA(rearm) *self, size_t from, size_t pages)
{
	return madvise(self->area + from * self->page, pages * self->page, MADV_DONTNEED);
}

static void touch_on(FIXTURE_DATA(rearm) *self, size_t from, size_t pages, int node)
{
	np_bind(self->area + from * self->page, pages * self->page, node);
	np_touch(self->area + from * self->page, pages * self->page);
}

FIXTURE_SETUP(rearm)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->near = np_set_of(self->topo.near);
	self->page = np_page_size();
	self->length = PAGES * self->page;
	self->area = np_map_on(self->topo.near, self->length);
	ASSERT_EQ(0, np_pin_range(self->fd, self->area, self->length, &self->near, 0, &self->pin));
}

FIXTURE_TEARDOWN(rearm)
{
	close(self->fd);
}

static int rearm(FIXTURE_DATA(rearm) *self, __u32 flags)
{
	return np_rearm(self->fd, self->pin.lease, flags, &self->rearm);
}

static int lose(FIXTURE_DATA(rearm) *self)
{
	if (drop(self, GONE_FROM, GONE_PAGES) || drop(self, ALSO_GONE, 1))
		return -errno;
	return np_eventually(np_lease_lost(self->fd, self->pin.lease) &&
			     np_lease(self->fd, self->pin.lease, &self->record) == 0 &&
			     self->record.held == (PAGES - GONE_PAGES - 1) * self->page) ? 0 : -ETIMEDOUT;
}

TEST_F(rearm, pins_what_was_missing)
{
	ASSERT_EQ(0, lose(self));
	touch_on(self, 0, PAGES, self->topo.near);
	EXPECT_EQ(0, rearm(self, 0));
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &self->record));
	EXPECT_EQ(NUMAPERF_LEASE_HELD, self->record.state);
	EXPECT_EQ(self->length, self->record.held);
}

TEST_F(rearm, holds_the_new_pages)
{
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, lose(self));
	touch_on(self, 0, PAGES, self->topo.near);
	ASSERT_EQ(0, rearm(self, 0));
	np_move_pages(0, self->area, self->length, self->topo.far);
	EXPECT_EQ(PAGES, np_pages_on(self->area, self->length, self->topo.near));
}

TEST_F(rearm, is_told)
{
	ASSERT_EQ(0, lose(self));
	touch_on(self, 0, PAGES, self->topo.near);
	ASSERT_EQ(0, rearm(self, 0));
	EXPECT_EQ(0, np_event_of(self->fd, NUMAPERF_EVENT_LEASE_REARMED, &self->event));
	EXPECT_EQ(self->pin.lease, self->event.id);
}

TEST_F(rearm, notices_the_next_loss)
{
	ASSERT_EQ(0, lose(self));
	touch_on(self, 0, PAGES, self->topo.near);
	ASSERT_EQ(0, rearm(self, 0));
	EXPECT_EQ(0, lose(self));
}

TEST_F(rearm, fails_while_a_page_is_absent)
{
	ASSERT_EQ(0, lose(self));
	touch_on(self, GONE_FROM, GONE_PAGES, self->topo.near);
	EXPECT_EQ(-ENODATA, rearm(self, 0));
	EXPECT_EQ(NUMAPERF_REASON_ABSENT, self->rearm.reason);
	EXPECT_EQ((uintptr_t)self->area + ALSO_GONE * self->page, self->rearm.wrong_addr);
	EXPECT_TRUE(np_lease_lost(self->fd, self->pin.lease));
}

/* None of them: also not those that were fine. */
TEST_F(rearm, takes_nothing_when_it_fails)
{
	ASSERT_EQ(0, lose(self));
	touch_on(self, GONE_FROM, GONE_PAGES, self->topo.near);
	ASSERT_EQ(-ENODATA, rearm(self, 0));
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &self->record));
	EXPECT_EQ((PAGES - GONE_PAGES - 1) * self->page, self->record.held);
}

TEST_F(rearm, fails_with_a_page_on_another_node)
{
	NP_NEED_TWO_PINNABLE(self->topo);
	ASSERT_EQ(0, lose(self));
	touch_on(self, GONE_FROM, GONE_PAGES, self->topo.near);
	touch_on(self, ALSO_GONE, 1, self->topo.far);
	EXPECT_EQ(-EXDEV, rearm(self, 0));
	EXPECT_EQ(NUMAPERF_REASON_WRONG_NODE, self->rearm.reason);
	EXPECT_EQ(self->topo.far, self->rearm.wrong_node);
	EXPECT_EQ((uintptr_t)self->area + ALSO_GONE * self->page, self->rearm.wrong_addr);
}

TEST_F(rearm, fails_without_a_mapping)
{
	ASSERT_EQ(0, np_unmap(self->area + GONE_FROM * self->page, self->page));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->pin.lease)));
	EXPECT_EQ(-ENODATA, rearm(self, 0));
	EXPECT_EQ(NUMAPERF_REASON_UNMAPPED, self->rearm.reason);
}

TEST_F(rearm, can_be_tried)
{
	ASSERT_EQ(0, lose(self));
	EXPECT_EQ(-ENODATA, rearm(self, NUMAPERF_DRY_RUN));
	touch_on(self, 0, PAGES, self->topo.near);
	EXPECT_EQ(0, rearm(self, NUMAPERF_DRY_RUN));
	EXPECT_TRUE(np_lease_lost(self->fd, self->pin.lease));
}

TEST_F(rearm, of_what_holds_changes_nothing)
{
	EXPECT_EQ(0, rearm(self, 0));
	ASSERT_EQ(0, lose(self));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_LEASE_LOST, self->event.type);
}

/* What is charged is what is held, after each step. */
static int account(struct np_child *me, void *arg)
{
	FIXTURE_DATA(rearm) own = { 0 }, *self = &own;
	struct numaperf_ioc_info before, now;
	struct rlimit few;

	(void)me;
	(void)arg;
	np_topo_read(&self->topo);
	self->fd = np_open(O_CLOEXEC);
	self->near = np_set_of(self->topo.near);
	self->page = np_page_size();
	self->length = PAGES * self->page;
	self->area = np_map_on(self->topo.near, self->length);
	np_info(self->fd, &before);
	few.rlim_cur = few.rlim_max = before.locked_bytes + self->length;
	if (setrlimit(RLIMIT_MEMLOCK, &few) ||
	    np_pin_range(self->fd, self->area, self->length, &self->near, 0, &self->pin) || lose(self))
		return 1;
	touch_on(self, 0, PAGES, self->topo.near);
	few.rlim_cur = before.locked_bytes + self->length - self->page;
	setrlimit(RLIMIT_MEMLOCK, &few);
	if (rearm(self, 0) != -EDQUOT || self->rearm.reason != NUMAPERF_REASON_LOCKED_MEMORY)
		return 2;
	few.rlim_cur += self->page;
	setrlimit(RLIMIT_MEMLOCK, &few);
	if (rearm(self, 0))
		return 3;
	np_info(self->fd, &now);
	if (now.locked_bytes != before.locked_bytes + self->length)
		return 4;
	np_release(self->fd, self->pin.lease);
	np_info(self->fd, &now);
	return now.locked_bytes != before.locked_bytes ? 5 : 0;
}

TEST(rearming_is_charged)
{
	EXPECT_EQ(0, np_run(NP_SOMEBODY, account, NULL));
}

/* ----------------------------------------------------------------- races */

static volatile bool stop;

static void *drop_and_touch(void *arg)
{
	FIXTURE_DATA(rearm) *self = arg;

	while (!stop) {
		drop(self, GONE_FROM, GONE_PAGES);
		np_touch(self->area + GONE_FROM * self->page, GONE_PAGES * self->page);
	}
	return NULL;
}

/* Held means held: once nothing happens any more, the pages that are mapped are those that are pinned. */
TEST_F(rearm, never_holds_what_is_not_mapped)
{
	pthread_t thread;
	int done = 0;

	stop = false;
	ASSERT_EQ(0, pthread_create(&thread, NULL, drop_and_touch, self));
	for (int i = 0; i < RACES; i++)
		done += rearm(self, 0) == 0;
	stop = true;
	pthread_join(thread, NULL);
	TH_LOG("%d of %d succeeded", done, RACES);
	ASSERT_TRUE(np_eventually(rearm(self, 0) == 0));
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &self->record));
	EXPECT_EQ(self->length, self->record.held);
	EXPECT_EQ(0, lose(self));
}

TEST_HARNESS_MAIN
