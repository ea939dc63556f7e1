// SPDX-License-Identifier: GPL-2.0
/* NUMAPERF_PIN_EXCLUSIVE: no other strict pin on these CPUs, whoever takes it, from the pin to its end. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "np_test.h"

#define RIVALS 8
#define ROUNDS 40

FIXTURE(exclusive) {
	int fd;
	struct np_topo topo;
	struct np_set one;
	struct np_child holder;
	struct numaperf_ioc_thread_pin pin;
};

FIXTURE_SETUP(exclusive)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->one = np_set_of(self->topo.near_cpu);
	ASSERT_EQ(0, np_affinity_set(0, &self->one));
}

FIXTURE_TEARDOWN(exclusive)
{
	if (self->holder.pid)
		np_kill(&self->holder);
	close(self->fd);
}

struct plan {
	int cpu;
	__u32 flags;
	bool in_namespace;
};

/* Says the errno and the reason, and holds until told. */
static int hold(struct np_child *me, void *arg)
{
	struct plan *plan = arg;
	struct np_set one = np_set_of(plan->cpu);
	struct numaperf_ioc_thread_pin pin = { 0 };
	int fd = np_open(O_CLOEXEC), err;
	__u64 word;

	if (plan->in_namespace && np_enter_user_namespace())
		return NP_NO_NAMESPACE;
	err = np_affinity_set(0, &one) ?: np_pin_thread(fd, 0, &one, plan->flags, &pin);
	np_say(me, (__u64)-err << 32 | pin.reason);
	np_hear(me, &word);
	return 0;
}

static __u64 pin_elsewhere(FIXTURE_DATA(exclusive) *self, uid_t uid, int cpu, __u32 flags)
{
	struct plan plan = { .cpu = cpu, .flags = flags };
	__u64 answer = ~0ULL;

	if (np_spawn(&self->holder, uid, hold, &plan) || np_hear(&self->holder, &answer))
		return ~0ULL;
	return answer;
}

static int pin_here(FIXTURE_DATA(exclusive) *self, __u32 flags)
{
	return np_pin_thread(self->fd, 0, &self->one, flags, &self->pin);
}

#define TAKEN ((__u64)EBUSY << 32 | NUMAPERF_REASON_EXCLUSIVE)
#define FORBIDDEN ((__u64)EPERM << 32 | NUMAPERF_REASON_PRIVILEGE)

TEST_F(exclusive, is_granted_on_free_cpus)
{
	EXPECT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
}

TEST_F(exclusive, needs_privilege)
{
	EXPECT_EQ(FORBIDDEN, pin_elsewhere(self, NP_NOBODY, self->topo.near_cpu, NUMAPERF_PIN_EXCLUSIVE));
}

TEST_F(exclusive, needs_privilege_that_counts)
{
	struct plan plan = { .cpu = self->topo.near_cpu, .flags = NUMAPERF_PIN_EXCLUSIVE, .in_namespace = true };
	__u64 answer;

	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold, &plan));
	NP_NEED(np_hear(&self->holder, &answer) == 0, "no user namespaces here");
	EXPECT_EQ(FORBIDDEN, answer);
}

TEST_F(exclusive, keeps_others_out)
{
	ASSERT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
	EXPECT_EQ(TAKEN, pin_elsewhere(self, NP_NOBODY, self->topo.near_cpu, 0));
}

TEST_F(exclusive, keeps_another_exclusive_one_out)
{
	ASSERT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
	EXPECT_EQ(TAKEN, pin_elsewhere(self, 0, self->topo.near_cpu, NUMAPERF_PIN_EXCLUSIVE));
}

TEST_F(exclusive, keeps_no_one_off_other_cpus)
{
	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
	for (int cpu = np_set_first(&self->topo.cpus); cpu >= 0; cpu = np_set_next(&self->topo.cpus, cpu)) {
		if (cpu == self->topo.near_cpu)
			continue;
		EXPECT_EQ(0, pin_elsewhere(self, NP_NOBODY, cpu, 0));
		return;
	}
}

TEST_F(exclusive, is_refused_where_another_holds)
{
	ASSERT_EQ(0, pin_elsewhere(self, NP_NOBODY, self->topo.near_cpu, 0));
	EXPECT_EQ(-EBUSY, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
	EXPECT_EQ(NUMAPERF_REASON_EXCLUSIVE, self->pin.reason);
}

TEST_F(exclusive, refusal_takes_nothing)
{
	ASSERT_EQ(0, pin_elsewhere(self, NP_NOBODY, self->topo.near_cpu, 0));
	ASSERT_EQ(-EBUSY, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
	EXPECT_EQ(0, np_affinity_set(0, &self->one));
}

TEST_F(exclusive, dry_run_tells_both)
{
	EXPECT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE | NUMAPERF_DRY_RUN));
	ASSERT_EQ(0, pin_elsewhere(self, 0, self->topo.near_cpu, NUMAPERF_PIN_EXCLUSIVE));
	EXPECT_EQ(-EBUSY, pin_here(self, NUMAPERF_DRY_RUN));
	EXPECT_EQ(NUMAPERF_REASON_EXCLUSIVE, self->pin.reason);
}

TEST_F(exclusive, ends_with_the_lease)
{
	ASSERT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_EQ(0, pin_elsewhere(self, NP_NOBODY, self->topo.near_cpu, 0));
}

TEST_F(exclusive, ends_with_a_killed_holder)
{
	ASSERT_EQ(0, pin_elsewhere(self, 0, self->topo.near_cpu, NUMAPERF_PIN_EXCLUSIVE));
	np_kill(&self->holder);
	self->holder.pid = 0;
	EXPECT_TRUE(np_eventually(pin_here(self, 0) == 0));
}

static void *nothing(void *arg)
{
	return arg;
}

TEST_F(exclusive, lets_its_own_threads_be)
{
	struct numaperf_lease_record record;
	pthread_t thread;

	ASSERT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE | NUMAPERF_PIN_INHERIT_THREADS));
	ASSERT_EQ(0, pthread_create(&thread, NULL, nothing, NULL));
	pthread_join(thread, NULL);
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &record));
	EXPECT_EQ(NUMAPERF_LEASE_HELD, record.state);
}

/* ----------------------------------------------------------------- races */

struct arena {
	int fd;
	int cpu;
	int inside;		/* who holds the CPU now: exclusive ones count RIVALS */
	int worst;
	int granted;
};

static void *rival(void *arg)
{
	struct arena *arena = arg;
	struct np_set one = np_set_of(arena->cpu);
	struct numaperf_ioc_thread_pin pin;
	int inside, weight;

	if (np_affinity_set(0, &one))
		return NULL;
	for (int i = 0; i < ROUNDS; i++) {
		bool alone = (i + (uintptr_t)&one / 64) % 2;

		if (np_pin_thread(arena->fd, 0, &one, alone ? NUMAPERF_PIN_EXCLUSIVE : 0, &pin))
			continue;
		weight = alone ? 1000 : 1;
		inside = __atomic_add_fetch(&arena->inside, weight, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&arena->granted, 1, __ATOMIC_SEQ_CST);
		if (inside > 1000 || (alone && inside != 1000))
			__atomic_store_n(&arena->worst, inside, __ATOMIC_SEQ_CST);
		sched_yield();
		__atomic_sub_fetch(&arena->inside, weight, __ATOMIC_SEQ_CST);
		np_release(arena->fd, pin.lease);
	}
	return NULL;
}

TEST_F(exclusive, is_never_shared_in_a_race)
{
	struct arena arena = { .fd = self->fd, .cpu = self->topo.near_cpu };
	pthread_t threads[RIVALS];

	for (int i = 0; i < RIVALS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, rival, &arena));
	for (int i = 0; i < RIVALS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_LT(0, arena.granted);
	EXPECT_EQ(0, arena.worst);
	EXPECT_EQ(0, pin_here(self, NUMAPERF_PIN_EXCLUSIVE));
}

TEST_HARNESS_MAIN
