// SPDX-License-Identifier: GPL-2.0
/* What only shows with many leases at once, or when the holder disappears at the worst moment. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "np_test.h"

/* More than a workqueue runs at once (256): their ends must not wait for each other. */
#define THREADS 300

#define FTRACE_ENABLED "/proc/sys/kernel/ftrace_enabled"

FIXTURE(many) {
	int fd;
	struct np_topo topo;
	struct np_child holder;
	__u32 before;
};

struct plan {
	int fd;
	int cpu;
};

static __u32 leases_now(int fd)
{
	struct numaperf_ioc_info info;

	return np_info(fd, &info) ? ~0U : info.leases;
}

static void *pin_and_wait(void *arg)
{
	struct plan *plan = arg;
	struct np_set one = np_set_of(plan->cpu);
	struct numaperf_ioc_thread_pin pin = { 0 };

	if (np_affinity_set(0, &one) || np_pin_thread(plan->fd, 0, &one, 0, &pin))
		return NULL;
	for (;;)
		pause();
}

static int hold_many(struct np_child *me, void *arg)
{
	struct plan *plan = arg;
	pthread_attr_t small;
	pthread_t thread;
	__u64 word;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, &small, pin_and_wait, plan))
			return 1;
	np_say(me, THREADS);
	np_hear(me, &word);
	return 0;
}

FIXTURE_SETUP(many)
{
	struct plan plan;
	__u64 word = 0;

	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->before = leases_now(self->fd);
	/* The session is the test's: it outlives the holder, so exit alone ends the leases. */
	plan = (struct plan) { .fd = self->fd, .cpu = self->topo.near_cpu };
	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold_many, &plan));
	ASSERT_EQ(0, np_hear(&self->holder, &word));
	ASSERT_EQ(THREADS, word);
	ASSERT_TRUE(np_eventually(leases_now(self->fd) == self->before + THREADS));
}

FIXTURE_TEARDOWN(many)
{
	np_kill(&self->holder);
	close(self->fd);
}

TEST_F(many, end_with_their_process)
{
	ASSERT_EQ(0, kill(self->holder.pid, SIGKILL));
	EXPECT_TRUE(np_eventually(leases_now(self->fd) == self->before));
}

TEST_F(many, end_with_their_file)
{
	int other = np_open(O_CLOEXEC);

	close(self->fd);
	np_kill(&self->holder);		/* it has the file, too */
	self->fd = other;
	EXPECT_TRUE(np_eventually(leases_now(other) == self->before));
}

/* The guard is called through ftrace: switched off, it would see nothing while the leases still say "held". */
TEST_F(many, guard_cannot_be_switched_off)
{
	char text[8];

	NP_NEED(np_read_file(FTRACE_ENABLED, text, sizeof(text)) > 0, "needs kernel.ftrace_enabled");
	EXPECT_EQ(-EBUSY, np_write_file(FTRACE_ENABLED, "0"));
	ASSERT_LT(0, np_read_file(FTRACE_ENABLED, text, sizeof(text)));
	EXPECT_EQ('1', text[0]);
}

TEST_HARNESS_MAIN
