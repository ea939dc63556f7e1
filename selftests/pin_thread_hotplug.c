// SPDX-License-Identifier: GPL-2.0
/* Strict thread pins when CPUs go offline: another one's leaves them alone, their own makes the lease lost. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"

FIXTURE(hotplug) {
	int fd;
	struct np_topo topo;
	int cpu;		/* can be taken offline */
	int other;		/* can, too */
	struct np_child holder;
	__u64 lease;
};

/* @run is what the pinned thread does when its CPU goes. */
FIXTURE_VARIANT(hotplug) {
	bool sleeps;
};

FIXTURE_VARIANT_ADD(hotplug, running) { .sleeps = false };
FIXTURE_VARIANT_ADD(hotplug, asleep) { .sleeps = true };

struct plan {
	int cpu;
	bool sleeps;
};

static int hold(struct np_child *me, void *arg)
{
	struct plan *plan = arg;
	struct np_set one = np_set_of(plan->cpu);
	struct numaperf_ioc_thread_pin pin = { 0 };
	int fd = np_open(O_CLOEXEC);
	__u64 word;

	if (!np_affinity_set(0, &one))
		np_pin_thread(fd, 0, &one, 0, &pin);
	if (np_say(me, pin.lease))
		return 1;
	while (!plan->sleeps)
		;
	return np_hear(me, &word) ? 0 : 1;
}

FIXTURE_SETUP(hotplug)
{
	struct plan plan = { .sleeps = variant->sleeps };

	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->cpu = self->other = -1;
	for (int cpu = np_set_first(&self->topo.cpus); cpu >= 0; cpu = np_set_next(&self->topo.cpus, cpu)) {
		if (!np_cpu_can_go_offline(cpu))
			continue;
		self->other = self->cpu;
		self->cpu = cpu;
	}
	if (self->other < 0)
		return;
	plan.cpu = self->cpu;
	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold, &plan));
	ASSERT_EQ(0, np_hear(&self->holder, &self->lease));
	ASSERT_NE(0, self->lease);
}

FIXTURE_TEARDOWN(hotplug)
{
	if (self->holder.pid)
		np_kill(&self->holder);
	if (self->other >= 0) {
		np_cpu_online(self->cpu, true);
		np_cpu_online(self->other, true);
	}
	close(self->fd);
}

#define NEED_HOTPLUG NP_NEED(self->other >= 0, "needs two CPUs that can go offline")

TEST_F(hotplug, own_cpu_offline_makes_the_lease_lost)
{
	struct numaperf_lease_record record;

	NEED_HOTPLUG;
	ASSERT_EQ(0, np_cpu_online(self->cpu, false));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->lease)));
	ASSERT_EQ(0, np_lease(self->fd, self->lease, &record));
	EXPECT_EQ(NUMAPERF_REASON_CPU_OFFLINE, record.reason);
}

TEST_F(hotplug, loss_is_remembered_when_the_cpu_is_back)
{
	NEED_HOTPLUG;
	ASSERT_EQ(0, np_cpu_online(self->cpu, false));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->lease)));
	ASSERT_EQ(0, np_cpu_online(self->cpu, true));
	for (int i = 0; i < 30; i++)
		np_nap();
	EXPECT_TRUE(np_lease_lost(self->fd, self->lease));
}

TEST_F(hotplug, another_cpu_offline_changes_nothing)
{
	struct np_set now, one;

	NEED_HOTPLUG;
	one = np_set_of(self->cpu);
	ASSERT_EQ(0, np_cpu_online(self->other, false));
	ASSERT_EQ(0, np_cpu_online(self->other, true));
	for (int i = 0; i < 30; i++)
		np_nap();
	EXPECT_FALSE(np_lease_lost(self->fd, self->lease));
	ASSERT_EQ(0, np_affinity_get(self->holder.pid, &now));
	EXPECT_TRUE(np_set_equal(&one, &now));
}

TEST_F(hotplug, lost_lease_can_be_revoked)
{
	NEED_HOTPLUG;
	ASSERT_EQ(0, np_cpu_online(self->cpu, false));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->lease)));
	EXPECT_EQ(0, np_revoke(self->fd, self->lease));
	EXPECT_TRUE(np_lease_gone(self->fd, self->lease));
}

TEST_HARNESS_MAIN
