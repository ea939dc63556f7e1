// SPDX-License-Identifier: GPL-2.0
/* MOVE_REFUSED: the holder learns who tried to move its strictly pinned thread, within a bounded rate. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "np_test.h"

#define ROOT NP_CGROUPS
#define GROUP ROOT "/np_refused"
#define BURST 100
#define TOLD_A_SECOND 8

FIXTURE(refused) {
	int fd;
	struct np_topo topo;
	struct np_set one;
	struct numaperf_ioc_thread_pin pin;
	struct numaperf_event_record event;
};

FIXTURE_SETUP(refused)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	self->one = np_set_of(self->topo.near_cpu);
	ASSERT_EQ(0, np_affinity_set(0, &self->one));
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
}

FIXTURE_TEARDOWN(refused)
{
	np_release(self->fd, self->pin.lease);
	close(self->fd);
	rmdir(GROUP);
}

#define NEED_REFUSALS NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_REFUSALS)

struct move {
	pid_t tid;
	struct np_set cpus;
};

static int try_affinity(struct np_child *me, void *arg)
{
	struct move *move = arg;

	(void)me;
	return np_status(np_affinity_set(move->tid, &move->cpus));
}

static int try_cgroup(struct np_child *me, void *arg)
{
	struct move *move = arg;

	(void)me;
	return np_status(np_cgroup_write_number(GROUP, "cgroup.procs", move->tid));
}

static bool is_silent(FIXTURE_DATA(refused) *self)
{
	return read(self->fd, &self->event, sizeof(self->event)) < 0 && errno == EAGAIN;
}

TEST_F(refused, affinity_is_told)
{
	struct move move = { .tid = getpid(), .cpus = self->topo.cpus };
	struct np_child child;

	NEED_REFUSALS;
	ASSERT_EQ(0, np_spawn(&child, 0, try_affinity, &move));
	ASSERT_EQ(EINVAL, np_reap(&child));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_MOVE_REFUSED, self->event.type);
	EXPECT_EQ(self->pin.lease, self->event.id);
	EXPECT_EQ(0, self->event.value);
}

TEST_F(refused, event_names_who_tried)
{
	NEED_REFUSALS;
	ASSERT_EQ(-EINVAL, np_affinity_set(getpid(), &self->topo.cpus));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(getpid(), self->event.pid);
	EXPECT_EQ(getpid(), self->event.tid);
}

TEST_F(refused, own_attempt_by_zero_is_told)
{
	NEED_REFUSALS;
	ASSERT_EQ(-EINVAL, np_affinity_set(0, &self->topo.cpus));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_MOVE_REFUSED, self->event.type);
}

TEST_F(refused, cgroup_is_told)
{
	struct move move = { .tid = getpid() };

	NEED_REFUSALS;
	NP_NEED(access(ROOT "/cgroup.controllers", F_OK) == 0, "no cgroup v2 at " ROOT);
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	ASSERT_EQ(EINVAL, np_run(0, try_cgroup, &move));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_MOVE_REFUSED, self->event.type);
	EXPECT_TRUE(is_silent(self));
}

TEST_F(refused, nothing_is_told_of_other_threads)
{
	struct np_child child;
	__u64 word;

	NEED_REFUSALS;
	ASSERT_EQ(0, np_spawn(&child, 0, (np_child_fn)np_hear, &word));
	EXPECT_EQ(0, np_affinity_set(child.pid, &self->topo.cpus));
	EXPECT_TRUE(is_silent(self));
	np_kill(&child);
}

TEST_F(refused, nothing_is_told_after_release)
{
	NEED_REFUSALS;
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	ASSERT_EQ(0, np_affinity_set(0, &self->topo.cpus));
	EXPECT_TRUE(is_silent(self));
}

/* Not one is lost to the count: what an event does not tell, the next one counts. */
TEST_F(refused, burst_is_bounded_and_counted)
{
	__u64 begin, seconds, told = 0, counted = 0;

	NEED_REFUSALS;
	begin = np_now_ns();
	for (int i = 0; i < BURST; i++)
		ASSERT_EQ(-EINVAL, np_affinity_set(0, &self->topo.cpus));
	/* jiffies may begin a second at both ends */
	seconds = (np_now_ns() - begin) / 1000000000 + 2;
	while (!is_silent(self)) {
		told++;
		counted += 1 + self->event.value;
	}
	EXPECT_GE(TOLD_A_SECOND * seconds, told);
	sleep(2);
	ASSERT_EQ(-EINVAL, np_affinity_set(0, &self->topo.cpus));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(BURST + 1, counted + 1 + self->event.value);
}

TEST_HARNESS_MAIN
