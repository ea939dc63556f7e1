// SPDX-License-Identifier: GPL-2.0
/* Strict thread pins over exec: a program with more rights is not held by someone with fewer; who is pinned, afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"

FIXTURE(image) {
	int fd;
	struct np_topo topo;
	struct np_program program;
};

FIXTURE_VARIANT(image) {
	mode_t mode;
	bool secure;
};

FIXTURE_VARIANT_ADD(image, ordinary) { .mode = 0755, .secure = false };
FIXTURE_VARIANT_ADD(image, set_uid) { .mode = 04755, .secure = true };
FIXTURE_VARIANT_ADD(image, set_gid) { .mode = 02755, .secure = true };

FIXTURE_SETUP(image)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_program_install(&self->program, variant->mode));
}

FIXTURE_TEARDOWN(image)
{
	np_program_remove(&self->program);
	close(self->fd);
}

struct plan {
	const char *path;
	int cpu;
	int other;
	__u64 lease;
};

struct passed {
	struct plan plan;
	int fd;
	__u32 flags;
};

static int other_cpu(const struct np_topo *topo)
{
	int cpu = np_set_first(&topo->cpus);

	return cpu == topo->near_cpu ? np_set_next(&topo->cpus, cpu) : cpu;
}

static int pin_and_exec(struct np_child *me, void *arg)
{
	struct plan *plan = arg;
	struct np_set one = np_set_of(plan->cpu);
	struct numaperf_ioc_thread_pin pin;
	int fd = np_open(0);

	if (np_affinity_set(0, &one) || np_pin_thread(fd, 0, &one, NUMAPERF_PIN_KEEP_ON_EXEC, &pin))
		return 255;
	return np_status(np_exec_helper(plan->path, "setaffinity", plan->other, me->socket));
}

TEST_F(image, of_an_ordinary_user_is_held_unless_it_has_more_rights)
{
	struct plan plan = {
		.path = self->program.path, .cpu = self->topo.near_cpu, .other = other_cpu(&self->topo),
	};

	NP_NEED_CPUS(self->topo, 2);
	EXPECT_EQ(variant->secure ? 0 : EINVAL, np_run(NP_NOBODY, pin_and_exec, &plan));
}

/* Whom root has pinned stays so. */
TEST_F(image, of_root_is_held)
{
	struct plan plan = {
		.path = self->program.path, .cpu = self->topo.near_cpu, .other = other_cpu(&self->topo),
	};

	NP_NEED_CPUS(self->topo, 2);
	EXPECT_EQ(EINVAL, np_run(0, pin_and_exec, &plan));
}

/* The session is passed to the new image, so that the end is told. */
static int pin_in(struct np_child *me, void *arg)
{
	struct passed *passed = arg;
	struct np_set one = np_set_of(passed->plan.cpu);
	struct numaperf_ioc_thread_pin pin;

	if (np_affinity_set(0, &one) || np_pin_thread(passed->fd, 0, &one, passed->flags, &pin))
		return 255;
	return np_status(np_exec_helper(passed->plan.path, "wait", 0, me->socket));
}

static __u32 reason_of_end(const struct passed *passed)
{
	struct numaperf_event_record event = { 0 };
	struct np_child child;
	__u64 word;

	if (np_spawn(&child, NP_NOBODY, pin_in, (void *)passed) || np_hear(&child, &word) || np_event(passed->fd, &event))
		return ~0U;
	np_kill(&child);
	return event.type == NUMAPERF_EVENT_LEASE_ENDED ? event.reason : ~0U;
}

TEST_F(image, ends_a_lease_that_is_not_for_it)
{
	struct passed passed = {
		.plan = { .path = self->program.path, .cpu = self->topo.near_cpu }, .fd = self->fd,
	};

	EXPECT_EQ(NUMAPERF_REASON_EXECED, reason_of_end(&passed));
}

TEST_F(image, with_more_rights_ends_a_lease_that_was_for_it)
{
	struct passed passed = {
		.plan = { .path = self->program.path, .cpu = self->topo.near_cpu },
		.fd = self->fd, .flags = NUMAPERF_PIN_KEEP_ON_EXEC,
	};

	if (!variant->secure)
		return;
	EXPECT_EQ(NUMAPERF_REASON_CREDENTIALS, reason_of_end(&passed));
}

struct second {
	struct np_child *me;
	struct plan *plan;
};

/* Not the first of its process: exec gives it the id of that one. */
static void *exec_in_second(void *arg)
{
	struct second *second = arg;
	struct np_set one = np_set_of(second->plan->cpu);
	struct numaperf_ioc_thread_pin pin = { 0 };
	int fd = np_open(0);

	if (!np_affinity_set(0, &one))
		np_pin_thread(fd, 0, &one, NUMAPERF_PIN_KEEP_ON_EXEC, &pin);
	np_say(second->me, pin.lease);
	np_say(second->me, syscall(SYS_gettid));
	np_exec_helper(second->plan->path, "wait", 0, second->me->socket);
	return NULL;
}

static int exec_from_thread(struct np_child *me, void *arg)
{
	struct second second = { .me = me, .plan = arg };
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_in_second, &second))
		return 255;
	pthread_join(thread, NULL);
	return 254;
}

TEST_F(image, of_another_thread_is_listed_by_its_new_id)
{
	struct plan plan = { .path = self->program.path, .cpu = self->topo.near_cpu };
	struct numaperf_lease_record record;
	__u64 lease, tid, word;
	struct np_child child;

	ASSERT_EQ(0, np_spawn(&child, 0, exec_from_thread, &plan));
	ASSERT_EQ(0, np_hear(&child, &lease));
	ASSERT_EQ(0, np_hear(&child, &tid));
	ASSERT_EQ(0, np_hear(&child, &word));		/* of the new image */
	ASSERT_EQ(0, np_lease(self->fd, lease, &record));
	EXPECT_NE(tid, child.pid);
	EXPECT_EQ(child.pid, record.pid);
	EXPECT_EQ(child.pid, record.tid);
	EXPECT_EQ(1, record.threads);
	EXPECT_STREQ("helper", record.comm);
	np_kill(&child);
}

TEST_HARNESS_MAIN
