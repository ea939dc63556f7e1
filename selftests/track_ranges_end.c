// SPDX-License-Identifier: GPL-2.0
/* Whose memory a watched range is, how it ends, and who may ask. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 32

static struct np_counts counts;

FIXTURE(range_end) {
	int fd;
	__u32 target;
	size_t length;
	char *area;	/* at this address in every child, too */
	struct np_child child;
	struct numaperf_ioc_watch watch;
};

FIXTURE_SETUP(range_end)
{
	struct np_topo topo;

	ASSERT_EQ(0, np_topo_read(&topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->length = PAGES * np_page_size();
	self->area = np_map(self->length);
	/* Hidden from the balancing scan, which could arm a page before its sample is resolved. */
	ASSERT_EQ(0, np_bind_plain(self->area, self->length, topo.near));
}

FIXTURE_TEARDOWN(range_end)
{
	if (self->child.pid)
		np_kill(&self->child);
	np_unmap(self->area, self->length);
	close(self->fd);
}

#define NEED_RANGES do {						\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_WATCH);		\
} while (0)

enum order { TOUCH = 1, EXEC, FORK, HIDE, EXIT };

static void touch_in_a_fork(FIXTURE_DATA(range_end) *self)
{
	pid_t pid = fork();

	if (pid == 0) {
		np_touch(self->area, self->length);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* A child does what it is told, one word an order, and answers each. */
static int obey(struct np_child *me, void *arg)
{
	FIXTURE_DATA(range_end) *self = arg;
	__u64 order = 0;

	while (!np_say(me, 0) && !np_hear(me, &order)) {
		switch (order) {
		case TOUCH:
			np_touch(self->area, self->length);
			break;
		case EXEC:
			return np_status(np_exec_helper(np_helper_path(), "touch", PAGES, me->socket));
		case FORK:
			touch_in_a_fork(self);
			break;
		case HIDE:
			prctl(PR_SET_DUMPABLE, 0);
			break;
		default:
			return 0;
		}
	}
	return 1;
}

static int tell(FIXTURE_DATA(range_end) *self, enum order order)
{
	__u64 word;

	return np_say(&self->child, order) ?: order == EXIT ? 0 : np_hear(&self->child, &word);
}

/* A child, tracked and watched. */
static int begin(FIXTURE_DATA(range_end) *self, __u32 flags)
{
	__u64 word;

	return np_spawn(&self->child, 0, obey, self) ?: np_hear(&self->child, &word) ?:
		np_track_faults(self->fd, self->child.pid, NUMAPERF_TRACK_PROCESS | flags, 1, &self->target) ?:
		np_watch(self->fd, self->target, 0, self->area, self->length, &self->watch);
}

static __u64 samples(FIXTURE_DATA(range_end) *self)
{
	if (np_counts_read(self->fd, self->target, NUMAPERF_READ_RANGES, &counts))
		return ~0ULL;
	return np_range_samples(&counts, self->watch.range, NUMAPERF_SOURCE_FAULT, NP_ANY);
}

TEST_F(range_end, is_of_the_process_that_track_named)
{
	NEED_RANGES;
	ASSERT_EQ(0, begin(self, 0));
	np_touch(self->area, self->length);	/* the same address, but another process */
	EXPECT_EQ(0, samples(self));
	ASSERT_EQ(0, tell(self, TOUCH));
	EXPECT_EQ(PAGES, samples(self));
}

TEST_F(range_end, counts_outlive_the_process)
{
	NEED_RANGES;
	ASSERT_EQ(0, begin(self, 0));
	ASSERT_EQ(0, tell(self, TOUCH));
	ASSERT_EQ(0, tell(self, EXIT));
	np_reap(&self->child);
	self->child.pid = 0;
	EXPECT_EQ(PAGES, samples(self));
	/* and it can be taken away still */
	EXPECT_EQ(0, np_unwatch(self->fd, self->target, self->watch.range));
	EXPECT_EQ(0, samples(self));
}

TEST_F(range_end, exec_ends_it_and_keeps_the_counts)
{
	NEED_RANGES;
	ASSERT_EQ(0, begin(self, 0));
	ASSERT_EQ(0, tell(self, TOUCH));
	ASSERT_EQ(0, tell(self, EXEC));		/* answered by the new program, after its own touches */
	EXPECT_EQ(PAGES, samples(self));
	/* the address space is another one: the same range is free there */
	EXPECT_EQ(0, np_watch(self->fd, self->target, 0, self->area, self->length, &self->watch));
}

TEST_F(range_end, forked_child_does_not_have_it)
{
	NEED_RANGES;
	ASSERT_EQ(0, begin(self, NUMAPERF_TRACK_CHILDREN));
	ASSERT_EQ(0, tell(self, FORK));
	EXPECT_EQ(0, samples(self));
}

static int watch_itself(struct np_child *me, void *arg)
{
	FIXTURE_DATA(range_end) *self = arg;
	int status = np_status(np_watch(self->fd, self->target, getpid(), self->area, self->length, &self->watch));

	np_touch(self->area, self->length);
	np_say(me, self->watch.range);
	return status;
}

TEST_F(range_end, another_process_of_the_target_can_have_the_same)
{
	__u64 range;

	NEED_RANGES;
	ASSERT_EQ(0, np_track_faults(self->fd, 0, NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN, 1, &self->target));
	ASSERT_EQ(0, np_watch(self->fd, self->target, 0, self->area, self->length, &self->watch));
	ASSERT_EQ(0, np_spawn(&self->child, 0, watch_itself, self));
	ASSERT_EQ(0, np_hear(&self->child, &range));
	ASSERT_EQ(0, np_reap(&self->child));
	self->child.pid = 0;
	EXPECT_EQ(0, samples(self));
	EXPECT_EQ(PAGES, np_range_samples(&counts, range, NUMAPERF_SOURCE_FAULT, NP_ANY));
}

TEST_F(range_end, untracked_process_is_ESRCH)
{
	NEED_RANGES;
	ASSERT_EQ(0, begin(self, 0));
	EXPECT_EQ(-ESRCH, np_watch(self->fd, self->target, getpid(), self->area, self->length, &self->watch));
}

TEST_F(range_end, process_that_is_gone_is_ESRCH)
{
	NEED_RANGES;
	ASSERT_EQ(0, begin(self, 0));
	np_kill(&self->child);
	self->child.pid = 0;
	EXPECT_EQ(-ESRCH, np_watch(self->fd, self->target, 0, self->area, self->length, &self->watch));
}

/* -------------------------------------------------------------- whose may */

static int watch_one_that_hides(struct np_child *me, void *arg)
{
	FIXTURE_DATA(range_end) *self = arg;
	int err;

	(void)me;
	close(self->fd);
	self->fd = np_open(O_CLOEXEC);
	if (np_spawn(&self->child, NP_NOBODY, obey, self))
		return 255;
	prctl(PR_SET_DUMPABLE, 1);
	tell(self, TOUCH);
	err = np_track_faults(self->fd, self->child.pid, NUMAPERF_TRACK_PROCESS, 1, &self->target) ?:
		np_watch(self->fd, self->target, 0, self->area, np_page_size(), &self->watch);
	if (err)
		return 254;
	tell(self, HIDE);
	tell(self, TOUCH);	/* by now it has answered: it hides */
	err = np_watch(self->fd, self->target, 0, self->area + np_page_size(), np_page_size(), &self->watch);
	np_kill(&self->child);
	return self->watch.reason == NUMAPERF_REASON_PRIVILEGE ? np_status(err) : 253;
}

TEST_F(range_end, nobody_may_not_watch_one_that_hides_by_now)
{
	NEED_RANGES;
	EXPECT_EQ(EPERM, np_run(NP_NOBODY, watch_one_that_hides, self));
}

TEST_HARNESS_MAIN
