// SPDX-License-Identifier: GPL-2.0
/* Taking a target and reading it: what the answer says of sources, threads and times. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 200

static struct np_counts counts, later;

FIXTURE(track) {
	int fd;
	struct np_topo topo;
	__u32 target;
};

FIXTURE_SETUP(track)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(track)
{
	close(self->fd);
}

static int track_self(FIXTURE_DATA(track) *self, __u32 flags)
{
	return np_track_faults(self->fd, 0, flags, 1, &self->target);
}

static int read_target(FIXTURE_DATA(track) *self, __u32 flags)
{
	return np_counts_read(self->fd, self->target, flags, &counts);
}

/* ---------------------------------------------------------- bad requests */

TEST_F(track, unknown_source_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, np_track(self->fd, 0, 1U << NUMAPERF_SOURCE_COUNT, 0, &self->target));
}

TEST_F(track, known_and_unknown_source_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, np_track(self->fd, 0, NP_FAULT | 1U << 31, 0, &self->target));
}

TEST_F(track, no_source_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, np_track(self->fd, 0, 0, 0, &self->target));
}

TEST_F(track, unknown_target_is_ENOENT)
{
	EXPECT_EQ(-ENOENT, np_counts_read(self->fd, ~0U, 0, &counts));
}

TEST_F(track, target_is_the_sessions_own)
{
	int other = np_open(O_CLOEXEC);

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	EXPECT_EQ(-ENOENT, np_counts_read(other, self->target, 0, &counts));
}

static int exit_at_once(struct np_child *me, void *arg)
{
	(void)me;
	(void)arg;
	return 0;
}

TEST_F(track, process_that_is_gone_is_ESRCH)
{
	struct np_child child;

	ASSERT_EQ(0, np_spawn(&child, 0, exit_at_once, NULL));
	ASSERT_EQ(0, np_reap(&child));
	EXPECT_EQ(-ESRCH, np_track(self->fd, child.pid, NP_FAULT, 0, &self->target));
}

/* ------------------------------------------------------------- the answer */

TEST_F(track, thread_is_described)
{
	const struct numaperf_thread_record *thread;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, prctl(PR_SET_NAME, "np_tracked"));
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->topo.near_cpu));
	ASSERT_EQ(0, track_self(self, 0));
	ASSERT_EQ(0, read_target(self, 0));
	ASSERT_EQ(1, counts.read.nr_threads);
	thread = &counts.threads[0];
	EXPECT_EQ(getpid(), thread->pid);
	EXPECT_EQ((pid_t)syscall(SYS_gettid), thread->tid);
	EXPECT_EQ(self->topo.near, thread->cpu_node);
	EXPECT_STREQ("np_tracked", thread->comm);
	EXPECT_EQ(0, thread->flags & (NUMAPERF_THREAD_EXITED | NUMAPERF_THREAD_LOST));
}

TEST_F(track, times_are_in_order)
{
	__u64 before = np_now_ns();

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	ASSERT_EQ(0, read_target(self, 0));
	EXPECT_LE(before, counts.read.since_ns);
	EXPECT_LE(counts.read.since_ns, counts.read.time_ns);
	EXPECT_LE(counts.read.time_ns, np_now_ns());
}

TEST_F(track, active_source_has_no_reason)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	ASSERT_EQ(0, read_target(self, 0));
	EXPECT_TRUE(counts.read.active >> NUMAPERF_SOURCE_FAULT & 1);
	EXPECT_EQ(NUMAPERF_REASON_NONE, counts.read.reasons[NUMAPERF_SOURCE_FAULT]);
}

TEST_F(track, source_not_asked_for_says_so)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_HINT);
	ASSERT_EQ(0, track_self(self, 0));
	ASSERT_EQ(0, read_target(self, 0));
	EXPECT_FALSE(counts.read.active >> NUMAPERF_SOURCE_HINT & 1);
	EXPECT_EQ(NUMAPERF_REASON_NOT_REQUESTED, counts.read.reasons[NUMAPERF_SOURCE_HINT]);
}

TEST_F(track, sources_that_count_are_told)
{
	struct numaperf_ioc_track track = { .size = sizeof(track), .sources = NP_HINT | NP_FAULT };

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_HINT);
	ASSERT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_TRACK, &track));
	EXPECT_EQ(NP_HINT | NP_FAULT, track.sources);
}

TEST_F(track, sources_are_active_while_they_count)
{
	struct numaperf_ioc_info info;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	ASSERT_EQ(0, np_info(self->fd, &info));
	EXPECT_TRUE(info.active >> NUMAPERF_SOURCE_FAULT & 1);
}

TEST_F(track, counters_only_grow)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	np_touch_fresh(PAGES);
	ASSERT_EQ(0, read_target(self, 0));
	np_touch_fresh(PAGES);
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &later));
	EXPECT_LE(np_faults(&counts) + PAGES, np_faults(&later));
	EXPECT_LE(np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY),
		  np_samples(&later, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
}

TEST_F(track, two_targets_count_the_same_thread_alike)
{
	__u32 second;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	ASSERT_EQ(0, np_track_faults(self->fd, 0, 0, 1, &second));
	np_touch_fresh(PAGES);
	ASSERT_EQ(0, read_target(self, 0));
	ASSERT_EQ(0, np_counts_read(self->fd, second, 0, &later));
	EXPECT_LE(PAGES, np_faults(&counts));
	EXPECT_LE(PAGES, np_faults(&later));
}

TEST_F(track, stop_ends_the_counting)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	np_touch_fresh(PAGES);
	ASSERT_EQ(0, read_target(self, NUMAPERF_READ_STOP));
	np_touch_fresh(PAGES);
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &later));
	EXPECT_EQ(np_faults(&counts), np_faults(&later));
}

TEST_F(track, reading_needs_room_for_the_cells)
{
	struct numaperf_thread_record threads[4];
	struct numaperf_ioc_read read = {
		.size = sizeof(read), .threads = (uintptr_t)threads, .nr_threads = 4,
		.thread_size = sizeof(threads[0]), .cell_size = sizeof(struct numaperf_cell),
	};

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	np_touch_fresh(PAGES);
	read.target = self->target;
	EXPECT_EQ(-EMSGSIZE, np_ioctl(self->fd, NUMAPERF_IOC_READ, &read));
	EXPECT_LT(0, read.nr_cells);
}

TEST_F(track, cells_are_never_zero)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	np_touch_fresh(PAGES);
	ASSERT_EQ(0, read_target(self, 0));
	ASSERT_LT(0, counts.read.nr_cells);
	for (__u32 i = 0; i < counts.read.nr_cells; i++)
		EXPECT_NE(0, counts.cells[i].samples);
}

TEST_F(track, quota_is_given_back_at_close)
{
	struct numaperf_ioc_info before, after;
	int other = np_open(O_CLOEXEC);
	__u32 target;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	/* an earlier test's process may have its end to finish */
	ASSERT_TRUE(np_eventually(np_info(self->fd, &before) == 0 && before.threads == 0));
	ASSERT_EQ(0, np_track_faults(other, 0, 0, 1, &target));
	ASSERT_EQ(0, np_info(self->fd, &after));
	EXPECT_EQ(1, after.threads);
	close(other);
	EXPECT_TRUE(np_eventually(np_info(self->fd, &after) == 0 && after.threads == 0));
}

TEST_HARNESS_MAIN
