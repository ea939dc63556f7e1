// SPDX-License-Identifier: GPL-2.0
/* Threads that hint faults can't see are marked, so that nobody takes silence for locality. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

FIXTURE(blind) {
	int fd;
	struct np_topo topo;
	struct np_work *work;
	__u32 target;
};

FIXTURE_VARIANT(blind) {
	bool bound;		/* set_mempolicy(MPOL_BIND) */
	bool balancing;		/* with MPOL_F_NUMA_BALANCING */
	bool marked;
};

FIXTURE_VARIANT_ADD(blind, by_bind) { .bound = true, .marked = true };
FIXTURE_VARIANT_ADD(blind, not_by_bind_with_balancing) { .bound = true, .balancing = true };
FIXTURE_VARIANT_ADD(blind, not_by_default) { .bound = false };

static struct np_counts counts;

FIXTURE_SETUP(blind)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->work = np_work_new(1);
	self->work->job[0] = (struct np_job) {
		.cpu = self->topo.near_cpu, .node = { self->topo.near, self->topo.near }, .pages = { 8, 0 },
	};
	self->work->policy_node = variant->bound ? self->topo.near : -1;
	self->work->policy_balancing = variant->balancing;
}

FIXTURE_TEARDOWN(blind)
{
	np_work_end(self->work);
	close(self->fd);
}

TEST_F(blind, flag_says_so)
{
	const struct numaperf_thread_record *thread;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_HINT);
	ASSERT_EQ(0, np_work_prepare(self->work));
	ASSERT_EQ(0, np_track(self->fd, self->work->child.pid, NP_HINT, NUMAPERF_TRACK_PROCESS, &self->target));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	thread = np_thread_of(&counts, self->work->child.pid);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(variant->marked, !!(thread->flags & NUMAPERF_THREAD_HINT_BLIND));
}

/* A policy may change at any time: what counts is that of the moment. */
TEST_F(blind, flag_follows_a_later_change)
{
	const struct numaperf_thread_record *thread;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_HINT);
	ASSERT_EQ(0, np_track(self->fd, 0, NP_HINT, 0, &self->target));
	if (variant->bound)
		ASSERT_EQ(0, np_task_bind(self->topo.near, variant->balancing));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	thread = np_thread_of(&counts, getpid());
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(variant->marked, !!(thread->flags & NUMAPERF_THREAD_HINT_BLIND));
}

TEST_HARNESS_MAIN
