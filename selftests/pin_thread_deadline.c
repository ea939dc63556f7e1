// SPDX-License-Identifier: GPL-2.0
/* SCHED_DEADLINE and a strict pin exclude each other: it is refused, or the lease is lost. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

/* struct sched_attr: its header can't be included beside sched.h */
struct np_sched_attr {
	__u32 size;
	__u32 policy;
	__u64 flags;
	__s32 nice;
	__u32 priority;
	__u64 runtime, deadline, period;
};

FIXTURE(deadline) {
	int fd;
	struct np_topo topo;
	struct numaperf_ioc_thread_pin pin;
	struct numaperf_ioc_rearm rearm;
	struct numaperf_event_record event;
};

static int become(int policy)
{
	struct np_sched_attr attr = { .size = sizeof(attr), .policy = policy };

	if (policy == SCHED_DEADLINE) {
		attr.runtime = 2 * 1000 * 1000;
		attr.deadline = attr.period = 100 * 1000 * 1000;
	}
	return syscall(SYS_sched_setattr, 0, &attr, 0) ? -errno : 0;
}

FIXTURE_SETUP(deadline)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(deadline)
{
	become(SCHED_OTHER);
	close(self->fd);
}

static int pin(FIXTURE_DATA(deadline) *self, const struct np_set *cpus)
{
	return np_pin_thread(self->fd, 0, cpus, 0, &self->pin);
}

TEST_F(deadline, thread_is_refused)
{
	NP_NEED(become(SCHED_DEADLINE) == 0, "SCHED_DEADLINE can't be had here");
	EXPECT_EQ(-EBUSY, pin(self, &self->topo.cpus));
	EXPECT_EQ(NUMAPERF_REASON_DEADLINE, self->pin.reason);
}

TEST_F(deadline, is_refused_on_fewer_cpus_than_all)
{
	struct np_set one = np_set_of(self->topo.near_cpu);

	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, np_affinity_set(0, &one));
	ASSERT_EQ(0, pin(self, &one));
	EXPECT_EQ(-EPERM, become(SCHED_DEADLINE));
}

/* The kernel lets a thread that may run everywhere have it. */
static bool is_lost_to_it(FIXTURE_DATA(deadline) *self)
{
	return pin(self, &self->topo.cpus) == 0 && become(SCHED_DEADLINE) == 0;
}

TEST_F(deadline, makes_the_lease_lost_at_once)
{
	NP_NEED(is_lost_to_it(self), "SCHED_DEADLINE can't be had here");
	ASSERT_EQ(0, np_event_of(self->fd, NUMAPERF_EVENT_LEASE_LOST, &self->event));
	EXPECT_EQ(NUMAPERF_REASON_DEADLINE, self->event.reason);
	EXPECT_EQ(self->pin.lease, self->event.id);
}

TEST_F(deadline, can_not_be_rearmed_while_it_lasts)
{
	NP_NEED(is_lost_to_it(self), "SCHED_DEADLINE can't be had here");
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->pin.lease)));
	EXPECT_EQ(-EBUSY, np_rearm(self->fd, self->pin.lease, 0, &self->rearm));
	EXPECT_EQ(NUMAPERF_REASON_DEADLINE, self->rearm.reason);
}

TEST_F(deadline, can_be_rearmed_after_it)
{
	NP_NEED(is_lost_to_it(self), "SCHED_DEADLINE can't be had here");
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->pin.lease)));
	ASSERT_EQ(0, become(SCHED_OTHER));
	EXPECT_EQ(0, np_rearm(self->fd, self->pin.lease, 0, &self->rearm));
	EXPECT_FALSE(np_lease_lost(self->fd, self->pin.lease));
}

TEST_HARNESS_MAIN
