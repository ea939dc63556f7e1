// SPDX-License-Identifier: GPL-2.0
/*
 * Strict thread pins against the administrator's cpusets (cgroup v2): moves are refused, masks that the kernel rewrites
 * are put back, and a cpuset that takes the CPU away makes the lease lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "np_test.h"

#define ROOT NP_CGROUPS
#define HOME_GROUP ROOT "/np_home"
#define OTHER_GROUP ROOT "/np_other"

FIXTURE(cpuset) {
	int fd;
	struct np_topo topo;
	int cpu, next, last;	/* the pinned one and two others */
	const char *missing;	/* why this can't be shown here */
	struct np_child holder;
	__u64 lease;
};

struct plan {
	int cpu;
};

/* Pins itself, says the lease, and passes on its events, one a word: type << 32 | reason. */
static int hold(struct np_child *me, void *arg)
{
	struct plan *plan = arg;
	struct np_set one = np_set_of(plan->cpu);
	struct numaperf_ioc_thread_pin pin = { 0 };
	struct numaperf_event_record event;
	int fd = np_open(O_CLOEXEC);
	__u64 word;

	/* The parent moves it to its cgroup first. */
	if (np_hear(me, &word) || np_affinity_set(0, &one) || np_pin_thread(fd, 0, &one, 0, &pin))
		np_say(me, 0);
	np_say(me, pin.lease);
	while (np_hear(me, &word) == 0)
		np_say(me, np_event(fd, &event) ? 0 : (__u64)event.type << 32 | event.reason);
	return 0;
}

static __u64 next_event(struct np_child *holder)
{
	__u64 word = 0;

	np_say(holder, 0);
	np_hear(holder, &word);
	return word;
}

static int make_groups(FIXTURE_DATA(cpuset) *self)
{
	mkdir(HOME_GROUP, 0755);
	mkdir(OTHER_GROUP, 0755);
	return np_cpuset_write(HOME_GROUP, self->cpu, self->last) ?: np_cpuset_write(OTHER_GROUP, self->cpu, self->last);
}

FIXTURE_SETUP(cpuset)
{
	struct plan plan;
	int err;

	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->cpu = np_set_first(&self->topo.cpus);
	self->next = np_set_next(&self->topo.cpus, self->cpu);
	self->last = np_set_next(&self->topo.cpus, self->next);
	if (self->next < 0 || self->last < 0)
		self->missing = "needs three CPUs";
	else if (access(ROOT "/cgroup.controllers", F_OK))
		self->missing = "no cgroup v2 at " ROOT;
	if (self->missing)
		return;
	err = make_groups(self);
	ASSERT_EQ(0, err);
	plan.cpu = self->cpu;
	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold, &plan));
	ASSERT_EQ(0, np_cgroup_write_number(HOME_GROUP, "cgroup.procs", self->holder.pid));
	ASSERT_EQ(0, np_say(&self->holder, 0));
	ASSERT_EQ(0, np_hear(&self->holder, &self->lease));
	ASSERT_NE(0, self->lease);
}

FIXTURE_TEARDOWN(cpuset)
{
	if (self->holder.pid)
		np_kill(&self->holder);
	/* the kernel empties a cgroup a moment after its last task is reaped */
	np_eventually(rmdir(HOME_GROUP) == 0 || errno == ENOENT);
	rmdir(OTHER_GROUP);
	close(self->fd);
}

#define NEED_CPUSETS NP_NEED(!self->missing, "%s", self->missing)

static bool holder_is_on(FIXTURE_DATA(cpuset) *self, int cpu)
{
	struct np_set now, one = np_set_of(cpu);

	return np_affinity_get(self->holder.pid, &now) == 0 && np_set_equal(&now, &one);
}

TEST_F(cpuset, move_to_another_one_is_refused)
{
	NEED_CPUSETS;
	EXPECT_EQ(-EINVAL, np_cgroup_write_number(OTHER_GROUP, "cgroup.procs", self->holder.pid));
}

TEST_F(cpuset, move_to_the_root_is_refused)
{
	NEED_CPUSETS;
	EXPECT_EQ(-EINVAL, np_cgroup_write_number(ROOT, "cgroup.procs", self->holder.pid));
}

TEST_F(cpuset, move_works_after_revocation)
{
	NEED_CPUSETS;
	ASSERT_EQ(0, np_revoke(self->fd, self->lease));
	EXPECT_TRUE(np_eventually(np_cgroup_write_number(OTHER_GROUP, "cgroup.procs", self->holder.pid) == 0));
}

/* Linux 6.1 rewrites the masks of all its threads when a cpuset changes at all. */
TEST_F(cpuset, change_that_keeps_the_cpu_does_not_undo_the_pin)
{
	NEED_CPUSETS;
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->cpu, self->next));
	EXPECT_TRUE(np_eventually(holder_is_on(self, self->cpu)));
	EXPECT_FALSE(np_lease_lost(self->fd, self->lease));
}

TEST_F(cpuset, change_is_withstood_again_and_again)
{
	NEED_CPUSETS;
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->cpu, i % 2 ? self->last : self->next));
		ASSERT_TRUE(np_eventually(holder_is_on(self, self->cpu)));
	}
	EXPECT_FALSE(np_lease_lost(self->fd, self->lease));
}

TEST_F(cpuset, pin_is_still_locked_after_a_change)
{
	NEED_CPUSETS;
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->cpu, self->next));
	ASSERT_TRUE(np_eventually(holder_is_on(self, self->cpu)));
	EXPECT_EQ(-EINVAL, np_affinity_set(self->holder.pid, &self->topo.cpus));
}

/* Only where the kernel rewrote the mask is there anything to put back; then it is counted and told. */
TEST_F(cpuset, reassertions_are_counted_and_told)
{
	struct numaperf_lease_record record;

	NEED_CPUSETS;
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->cpu, self->next));
	ASSERT_TRUE(np_eventually(holder_is_on(self, self->cpu)));
	ASSERT_EQ(0, np_lease(self->fd, self->lease, &record));
	NP_NEED(record.reasserted > 0, "this kernel keeps the mask by itself");
	EXPECT_EQ(NUMAPERF_EVENT_LEASE_REASSERTED, next_event(&self->holder) >> 32);
}

TEST_F(cpuset, that_excludes_the_cpu_makes_the_lease_lost)
{
	struct numaperf_lease_record record;

	NEED_CPUSETS;
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->next, self->last));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->lease)));
	ASSERT_EQ(0, np_lease(self->fd, self->lease, &record));
	EXPECT_EQ(NUMAPERF_REASON_CPUSET, record.reason);
	EXPECT_LT(0, record.losses);
}

TEST_F(cpuset, loss_is_told_by_an_event)
{
	NEED_CPUSETS;
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->next, self->last));
	EXPECT_EQ((__u64)NUMAPERF_EVENT_LEASE_LOST << 32 | NUMAPERF_REASON_CPUSET, next_event(&self->holder));
}

/* A pin never keeps a thread where the administrator took the CPU away. */
TEST_F(cpuset, that_excludes_the_cpu_is_obeyed)
{
	struct np_set now;

	NEED_CPUSETS;
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->next, self->last));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->lease)));
	ASSERT_EQ(0, np_affinity_get(self->holder.pid, &now));
	EXPECT_FALSE(np_set_has(&now, self->cpu));
}

/* What was lost is lost: the thread ran elsewhere, and the record says so even if the CPU comes back. */
TEST_F(cpuset, loss_is_remembered)
{
	NEED_CPUSETS;
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->next, self->last));
	ASSERT_TRUE(np_eventually(np_lease_lost(self->fd, self->lease)));
	ASSERT_EQ(0, np_cpuset_write(HOME_GROUP, self->cpu, self->last));
	for (int i = 0; i < 30; i++)
		np_nap();
	EXPECT_TRUE(np_lease_lost(self->fd, self->lease));
}

TEST_HARNESS_MAIN
