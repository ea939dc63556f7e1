// SPDX-License-Identifier: GPL-2.0
/* Who else a strict pin holds: threads and children that come later, the image after exec; each only by its flag. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"

FIXTURE(inherit) {
	int fd;
	struct np_topo topo;
	struct np_set one;
	struct numaperf_ioc_thread_pin pin;
};

FIXTURE_SETUP(inherit)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->one = np_set_of(self->topo.near_cpu);
	ASSERT_EQ(0, np_affinity_set(0, &self->one));
}

FIXTURE_TEARDOWN(inherit)
{
	close(self->fd);
}

static int pin(FIXTURE_DATA(inherit) *self, __u32 flags)
{
	return np_pin_thread(self->fd, 0, &self->one, flags, &self->pin);
}

/* --------------------------------------------------------------- threads */

struct attempt {
	const struct np_set *cpus;
	int result;
};

static void *attempt(void *arg)
{
	struct attempt *attempt = arg;

	attempt->result = np_affinity_set(0, attempt->cpus);
	return NULL;
}

static void *attempt_below(void *arg)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, attempt, arg))
		pthread_join(thread, NULL);
	return NULL;
}

/* What a new thread gets when the first thing it does is to change its affinity. */
static int in_thread(void *(*run)(void *), const struct np_set *cpus)
{
	struct attempt attempt = { .cpus = cpus, .result = 1 };
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, &attempt))
		return 1;
	pthread_join(thread, NULL);
	return attempt.result;
}

TEST_F(inherit, new_thread_is_free_without_the_flag)
{
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_CHILDREN | NUMAPERF_PIN_KEEP_ON_EXEC));
	EXPECT_EQ(0, in_thread(attempt, &self->topo.cpus));
}

TEST_F(inherit, new_thread_is_held)
{
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_THREADS));
	EXPECT_EQ(-EINVAL, in_thread(attempt, &self->topo.cpus));
}

TEST_F(inherit, thread_of_a_new_thread_is_held)
{
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_THREADS));
	EXPECT_EQ(-EINVAL, in_thread(attempt_below, &self->topo.cpus));
}

static void *wait_for_end(void *arg)
{
	pthread_barrier_t *barrier = arg;

	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	return NULL;
}

static __u32 threads_of(int fd, __u64 lease)
{
	struct numaperf_lease_record record;

	return np_lease(fd, lease, &record) ? 0 : record.threads;
}

TEST_F(inherit, threads_are_counted_while_they_live)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_THREADS));
	EXPECT_EQ(1, threads_of(self->fd, self->pin.lease));
	pthread_barrier_init(&barrier, NULL, 2);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_end, &barrier));
	pthread_barrier_wait(&barrier);
	EXPECT_EQ(2, threads_of(self->fd, self->pin.lease));
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	EXPECT_TRUE(np_eventually(threads_of(self->fd, self->pin.lease) == 1));
}

struct late {
	pthread_barrier_t barrier;
	struct attempt attempt;
};

static void *attempt_after_barrier(void *arg)
{
	struct late *late = arg;

	pthread_barrier_wait(&late->barrier);
	pthread_barrier_wait(&late->barrier);
	np_eventually(np_affinity_set(0, late->attempt.cpus) == 0);
	return attempt(&late->attempt);
}

TEST_F(inherit, release_frees_inherited_threads_too)
{
	struct late late = { .attempt = { .cpus = &self->topo.cpus, .result = 1 } };
	pthread_t thread;

	pthread_barrier_init(&late.barrier, NULL, 2);
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_THREADS));
	ASSERT_EQ(0, pthread_create(&thread, NULL, attempt_after_barrier, &late));
	pthread_barrier_wait(&late.barrier);
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	pthread_barrier_wait(&late.barrier);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, late.attempt.result);
}

/* -------------------------------------------------------------- children */

static int attempt_in_child(struct np_child *me, void *arg)
{
	(void)me;
	return np_status(np_affinity_set(0, arg));
}

static int attempt_in_grandchild(struct np_child *me, void *arg)
{
	(void)me;
	return np_run(0, attempt_in_child, arg);
}

static int attempt_in_childs_thread(struct np_child *me, void *arg)
{
	(void)me;
	return np_status(in_thread(attempt, arg));
}

TEST_F(inherit, child_is_free_without_the_flag)
{
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_THREADS | NUMAPERF_PIN_KEEP_ON_EXEC));
	EXPECT_EQ(0, np_run(0, attempt_in_child, &self->topo.cpus));
}

TEST_F(inherit, child_is_held)
{
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_CHILDREN));
	EXPECT_EQ(EINVAL, np_run(0, attempt_in_child, &self->topo.cpus));
}

TEST_F(inherit, grandchild_is_held)
{
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_CHILDREN));
	EXPECT_EQ(EINVAL, np_run(0, attempt_in_grandchild, &self->topo.cpus));
}

TEST_F(inherit, thread_of_a_child_is_held_by_both_flags)
{
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_CHILDREN | NUMAPERF_PIN_INHERIT_THREADS));
	EXPECT_EQ(EINVAL, np_run(0, attempt_in_childs_thread, &self->topo.cpus));
}

static int attempt_when_told(struct np_child *me, void *arg)
{
	__u64 word;

	if (np_say(me, 0) || np_hear(me, &word))
		return 1;
	return np_eventually(np_affinity_set(0, arg) == 0) ? 0 : EINVAL;
}

TEST_F(inherit, release_frees_inherited_children_too)
{
	struct np_child child;
	__u64 word;

	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_CHILDREN));
	ASSERT_EQ(0, np_spawn(&child, 0, attempt_when_told, &self->topo.cpus));
	ASSERT_EQ(0, np_hear(&child, &word));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	ASSERT_EQ(0, np_say(&child, 0));
	EXPECT_EQ(0, np_reap(&child));
}

/* ------------------------------------------------------------------ exec */

struct image {
	int cpu;
	struct np_set one;
	__u32 flags;
};

/* Pins itself, keeps the device open over exec, and lets the new image try to move to another CPU. */
static int pin_and_exec(struct np_child *me, void *arg)
{
	struct image *image = arg;
	struct numaperf_ioc_thread_pin pin;
	int fd = np_open(0);

	if (np_pin_thread(fd, 0, &image->one, image->flags, &pin))
		return 255;
	return np_status(np_exec_helper(np_helper_path(), "setaffinity", image->cpu, me->socket));
}

static int other_cpu(const struct np_topo *topo)
{
	int cpu = np_set_first(&topo->cpus);

	return cpu == topo->near_cpu ? np_set_next(&topo->cpus, cpu) : cpu;
}

TEST_F(inherit, new_image_is_free_without_the_flag)
{
	struct image image = {
		.cpu = other_cpu(&self->topo), .one = self->one,
		.flags = NUMAPERF_PIN_INHERIT_THREADS | NUMAPERF_PIN_INHERIT_CHILDREN,
	};

	NP_NEED_CPUS(self->topo, 2);
	EXPECT_EQ(0, np_run(0, pin_and_exec, &image));
}

TEST_F(inherit, new_image_is_held)
{
	struct image image = {
		.cpu = other_cpu(&self->topo), .one = self->one, .flags = NUMAPERF_PIN_KEEP_ON_EXEC,
	};

	NP_NEED_CPUS(self->topo, 2);
	EXPECT_EQ(EINVAL, np_run(0, pin_and_exec, &image));
}

static int just_exec(struct np_child *me, void *arg)
{
	struct image *image = arg;

	return np_status(np_exec_helper(np_helper_path(), "setaffinity", image->cpu, me->socket));
}

/* numactl's way: the launcher pins itself and everything it starts. */
TEST_F(inherit, image_of_a_child_is_held_by_both_flags)
{
	struct image image = { .cpu = other_cpu(&self->topo) };

	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, pin(self, NUMAPERF_PIN_INHERIT_CHILDREN | NUMAPERF_PIN_KEEP_ON_EXEC));
	EXPECT_EQ(EINVAL, np_run(0, just_exec, &image));
}

TEST_HARNESS_MAIN
