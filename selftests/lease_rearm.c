// SPDX-License-Identifier: GPL-2.0
/* A thread lease that was lost stays so until its holder re-arms it; then every thread is back on its CPUs. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"

#define GROUP NP_CGROUPS "/np_rearm"

enum order {
	REARM,			/* these answer with errno << 32 | reason */
	REARM_DRY,
	REARM_ELSEWHERE,	/* by another session */
	REARM_IN_CHILD,
	EVENT,			/* type << 32 | reason */
};

FIXTURE(rearm) {
	int fd;
	struct np_topo topo;
	int cpu, other;		/* the pinned one, and another */
	const char *missing;
	bool grouped;
	struct np_child holder;
	__u64 lease, tid;
};

/* How the lease is lost, and how the CPU comes back. */
FIXTURE_VARIANT(rearm) {
	bool by_cpuset;
	bool sleeps;		/* the inheriting thread */
	enum numaperf_reason reason;
};

FIXTURE_VARIANT_ADD(rearm, cpuset) { .by_cpuset = true, .sleeps = true, .reason = NUMAPERF_REASON_CPUSET };
FIXTURE_VARIANT_ADD(rearm, cpuset_running) { .by_cpuset = true, .reason = NUMAPERF_REASON_CPUSET };
FIXTURE_VARIANT_ADD(rearm, offline) { .sleeps = true, .reason = NUMAPERF_REASON_CPU_OFFLINE };
FIXTURE_VARIANT_ADD(rearm, offline_running) { .reason = NUMAPERF_REASON_CPU_OFFLINE };

struct plan {
	int cpu;
	bool sleeps;
	pid_t tid;
};

static void *second_thread(void *arg)
{
	struct plan *plan = arg;

	__atomic_store_n(&plan->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	while (!plan->sleeps)
		;
	for (;;)
		pause();
	return NULL;
}

static __u64 rearm(int fd, __u64 lease, __u32 flags)
{
	struct numaperf_ioc_rearm arg;
	int err = np_rearm(fd, lease, flags, &arg);

	return (__u64)-err << 32 | arg.reason;
}

struct inherited {
	int fd;
	__u64 lease;
};

static int rearm_inherited(struct np_child *me, void *arg)
{
	struct inherited *inherited = arg;

	(void)me;
	return rearm(inherited->fd, inherited->lease, 0) >> 32;
}

static __u64 obey(enum order order, int fd, __u64 lease)
{
	struct inherited inherited = { .fd = fd, .lease = lease };
	struct numaperf_event_record event;

	switch (order) {
	case REARM:
		return rearm(fd, lease, 0);
	case REARM_DRY:
		return rearm(fd, lease, NUMAPERF_DRY_RUN);
	case REARM_ELSEWHERE:
		return rearm(np_open(O_CLOEXEC), lease, 0);
	case REARM_IN_CHILD:
		return (__u64)np_run(0, rearm_inherited, &inherited) << 32;
	case EVENT:
		return np_event(fd, &event) ? 0 : (__u64)event.type << 32 | event.reason;
	}
	return ~0ULL;
}

static int hold(struct np_child *me, void *arg)
{
	struct plan *plan = arg;
	struct np_set one = np_set_of(plan->cpu);
	struct numaperf_ioc_thread_pin pin = { 0 };
	int fd = np_open(O_CLOEXEC);
	pthread_t thread;
	__u64 word;

	if (np_hear(me, &word) || np_affinity_set(0, &one) ||
	    np_pin_thread(fd, 0, &one, NUMAPERF_PIN_INHERIT_THREADS, &pin) ||
	    pthread_create(&thread, NULL, second_thread, plan))
		return 1;
	while (!__atomic_load_n(&plan->tid, __ATOMIC_SEQ_CST))
		np_nap();
	np_say(me, pin.lease);
	np_say(me, plan->tid);
	while (np_hear(me, &word) == 0)
		np_say(me, obey(word, fd, pin.lease));
	return 0;
}

static __u64 order(FIXTURE_DATA(rearm) *self, enum order order)
{
	__u64 answer = ~0ULL;

	np_say(&self->holder, order);
	np_hear(&self->holder, &answer);
	return answer;
}

static void choose_cpus(FIXTURE_DATA(rearm) *self)
{
	self->cpu = self->other = -1;
	for (int cpu = np_set_first(&self->topo.cpus); cpu >= 0; cpu = np_set_next(&self->topo.cpus, cpu)) {
		if (self->cpu < 0 && np_cpu_can_go_offline(cpu))
			self->cpu = cpu;
		else
			self->other = cpu;
	}
	if (self->cpu < 0 || self->other < 0)
		self->missing = "needs two CPUs, one of which can go offline";
}

FIXTURE_SETUP(rearm)
{
	struct plan plan = { .sleeps = variant->sleeps };

	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	choose_cpus(self);
	self->grouped = variant->by_cpuset;
	if (self->grouped && access(NP_CGROUPS "/cgroup.controllers", F_OK))
		self->missing = "no cgroup v2 at " NP_CGROUPS;
	if (self->missing)
		return;
	plan.cpu = self->cpu;
	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold, &plan));
	if (self->grouped) {
		ASSERT_EQ(0, mkdir(GROUP, 0755));
		ASSERT_EQ(0, np_cgroup_write(GROUP, "cpuset.cpus", ""));
		ASSERT_EQ(0, np_cgroup_write_number(GROUP, "cgroup.procs", self->holder.pid));
	}
	ASSERT_EQ(0, np_say(&self->holder, 0));
	ASSERT_EQ(0, np_hear(&self->holder, &self->lease));
	ASSERT_EQ(0, np_hear(&self->holder, &self->tid));
}

FIXTURE_TEARDOWN(rearm)
{
	if (self->holder.pid)
		np_kill(&self->holder);
	if (self->cpu >= 0)
		np_cpu_online(self->cpu, true);
	if (self->grouped)
		np_eventually(rmdir(GROUP) == 0 || errno == ENOENT);
	close(self->fd);
}

#define NEED_IT NP_NEED(!self->missing, "%s", self->missing)

static int take_cpu_away(FIXTURE_DATA(rearm) *self)
{
	int err = self->grouped ? np_cpuset_write(GROUP, self->other, self->other) : np_cpu_online(self->cpu, false);

	return err ?: np_eventually(np_lease_lost(self->fd, self->lease)) ? 0 : -ETIMEDOUT;
}

static int give_cpu_back(FIXTURE_DATA(rearm) *self)
{
	int low = self->cpu < self->other ? self->cpu : self->other;

	return self->grouped ? np_cpuset_write(GROUP, low, self->cpu + self->other - low) :
			       np_cpu_online(self->cpu, true);
}

static bool is_there(FIXTURE_DATA(rearm) *self, pid_t tid)
{
	struct np_set now, one = np_set_of(self->cpu);

	return np_affinity_get(tid, &now) == 0 && np_set_equal(&now, &one);
}

TEST_F(rearm, brings_every_thread_back)
{
	NEED_IT;
	ASSERT_EQ(0, take_cpu_away(self));
	ASSERT_EQ(0, give_cpu_back(self));
	EXPECT_EQ(0, order(self, REARM));
	EXPECT_FALSE(np_lease_lost(self->fd, self->lease));
	EXPECT_TRUE(is_there(self, self->holder.pid));
	EXPECT_TRUE(is_there(self, self->tid));
}

TEST_F(rearm, is_told)
{
	__u64 event;

	NEED_IT;
	ASSERT_EQ(0, take_cpu_away(self));
	ASSERT_EQ(0, give_cpu_back(self));
	ASSERT_EQ(0, order(self, REARM));
	do
		event = order(self, EVENT);
	while (event && event >> 32 != NUMAPERF_EVENT_LEASE_REARMED);
	EXPECT_EQ((__u64)NUMAPERF_EVENT_LEASE_REARMED << 32, event);
}

TEST_F(rearm, fails_while_the_cpu_is_away)
{
	NEED_IT;
	ASSERT_EQ(0, take_cpu_away(self));
	EXPECT_EQ((__u64)EXDEV << 32 | variant->reason, order(self, REARM));
	EXPECT_TRUE(np_lease_lost(self->fd, self->lease));
}

TEST_F(rearm, can_be_tried)
{
	NEED_IT;
	ASSERT_EQ(0, take_cpu_away(self));
	EXPECT_EQ((__u64)EXDEV << 32 | variant->reason, order(self, REARM_DRY));
	ASSERT_EQ(0, give_cpu_back(self));
	EXPECT_TRUE(np_eventually(order(self, REARM_DRY) == 0));
	EXPECT_TRUE(np_lease_lost(self->fd, self->lease));
}

TEST_F(rearm, lasts_until_the_next_loss)
{
	struct numaperf_lease_record record;

	NEED_IT;
	ASSERT_EQ(0, take_cpu_away(self));
	ASSERT_EQ(0, give_cpu_back(self));
	ASSERT_TRUE(np_eventually(order(self, REARM) == 0));
	ASSERT_EQ(0, take_cpu_away(self));
	ASSERT_EQ(0, np_lease(self->fd, self->lease, &record));
	EXPECT_EQ(variant->reason, record.reason);
	EXPECT_LE(2, record.losses);
}

TEST_F(rearm, of_what_holds_changes_nothing)
{
	NEED_IT;
	EXPECT_EQ(0, order(self, REARM));
	ASSERT_EQ(0, take_cpu_away(self));
	/* the first event there is */
	EXPECT_EQ((__u64)NUMAPERF_EVENT_LEASE_LOST << 32 | variant->reason, order(self, EVENT));
}

TEST_F(rearm, is_for_the_holder_alone)
{
	NEED_IT;
	ASSERT_EQ(0, take_cpu_away(self));
	ASSERT_EQ(0, give_cpu_back(self));
	EXPECT_EQ((__u64)ENOENT << 32, order(self, REARM_ELSEWHERE));
	EXPECT_EQ((__u64)ESTALE << 32, order(self, REARM_IN_CHILD));
	EXPECT_TRUE(np_lease_lost(self->fd, self->lease));
}

TEST_HARNESS_MAIN
