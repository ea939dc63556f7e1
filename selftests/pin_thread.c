// SPDX-License-Identifier: GPL-2.0
/* A strict pin of the calling thread: what it refuses, when it is refused, what its release gives back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"

#define SCHED_DEADLINE 6

FIXTURE(pin_thread) {
	int fd;
	struct np_topo topo;
	int cpu;
	struct np_set one;
	struct numaperf_ioc_thread_pin pin;
};

FIXTURE_SETUP(pin_thread)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->cpu = self->topo.near_cpu;
	self->one = np_set_of(self->cpu);
	ASSERT_EQ(0, np_affinity_set(0, &self->one));
}

FIXTURE_TEARDOWN(pin_thread)
{
	close(self->fd);
}

TEST_F(pin_thread, gives_a_lease)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	EXPECT_NE(0, self->pin.lease);
	EXPECT_EQ(NUMAPERF_REASON_NONE, self->pin.reason);
}

TEST_F(pin_thread, keeps_the_affinity_as_it_was)
{
	struct np_set now;

	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	ASSERT_EQ(0, np_affinity_get(0, &now));
	EXPECT_TRUE(np_set_equal(&self->one, &now));
}

TEST_F(pin_thread, refuses_another_process_to_change_it)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	EXPECT_EQ(-EINVAL, np_affinity_set_foreign(0, &self->topo.cpus));
}

TEST_F(pin_thread, stays_after_a_refused_change)
{
	struct np_set now;

	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	np_affinity_set_foreign(0, &self->topo.cpus);
	ASSERT_EQ(0, np_affinity_get(0, &now));
	EXPECT_TRUE(np_set_equal(&self->one, &now));
}

TEST_F(pin_thread, refuses_the_thread_itself_to_change_it)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	EXPECT_EQ(-EINVAL, np_affinity_set(0, &self->topo.cpus));
}

TEST_F(pin_thread, takes_a_set_wider_than_the_affinity)
{
	NP_NEED_CPUS(self->topo, 2);
	EXPECT_EQ(0, np_pin_thread(self->fd, 0, &self->topo.cpus, 0, &self->pin));
}

TEST_F(pin_thread, holds_several_cpus_too)
{
	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, np_affinity_set(0, &self->topo.cpus));
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->topo.cpus, 0, &self->pin));
	EXPECT_EQ(-EINVAL, np_affinity_set_foreign(0, &self->one));
}

TEST_F(pin_thread, refuses_a_set_narrower_than_the_affinity)
{
	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, np_affinity_set(0, &self->topo.cpus));
	EXPECT_EQ(-EXDEV, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	EXPECT_EQ(NUMAPERF_REASON_OUTSIDE_SET, self->pin.reason);
}

TEST_F(pin_thread, leaves_a_refused_thread_free)
{
	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, np_affinity_set(0, &self->topo.cpus));
	ASSERT_EQ(-EXDEV, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	EXPECT_EQ(0, np_affinity_set(0, &self->one));
}

TEST_F(pin_thread, refuses_a_second_pin)
{
	struct numaperf_ioc_thread_pin second;

	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	EXPECT_EQ(-EBUSY, np_pin_thread(self->fd, 0, &self->one, 0, &second));
	EXPECT_EQ(NUMAPERF_REASON_ALREADY_PINNED, second.reason);
}

TEST_F(pin_thread, keeps_the_first_pin_when_a_second_is_refused)
{
	struct numaperf_ioc_thread_pin second;

	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	ASSERT_EQ(-EBUSY, np_pin_thread(self->fd, 0, &self->one, 0, &second));
	EXPECT_EQ(-EINVAL, np_affinity_set_foreign(0, &self->topo.cpus));
}

/* glibc has no wrapper for it and linux/sched/types.h clashes with sched.h. */
struct sched_attributes {
	__u32 size;
	__u32 policy;
	__u64 flags;
	__s32 nice;
	__u32 priority;
	__u64 runtime;
	__u64 deadline;
	__u64 period;
};

TEST_F(pin_thread, excludes_a_deadline_thread)
{
	struct sched_attributes deadline = {
		.size = sizeof(deadline), .policy = SCHED_DEADLINE,
		.runtime = 10000000, .deadline = 100000000, .period = 100000000,
	};

	/* The deadline class wants a thread that may run on every CPU. */
	ASSERT_EQ(0, np_affinity_set(0, &self->topo.cpus));
	NP_NEED(syscall(SYS_sched_setattr, 0, &deadline, 0) == 0, "SCHED_DEADLINE is refused here: errno %d", errno);
	EXPECT_EQ(-EBUSY, np_pin_thread(self->fd, 0, &self->topo.cpus, 0, &self->pin));
	EXPECT_EQ(NUMAPERF_REASON_DEADLINE, self->pin.reason);
}

static int sleep_until_told(struct np_child *me, void *arg)
{
	__u64 word;

	(void)arg;
	np_say(me, 0);
	return np_hear(me, &word) == -EPIPE ? 0 : 1;
}

static int pin_oneself(struct np_child *me, void *arg)
{
	struct np_set *cpus = arg;
	struct numaperf_ioc_thread_pin pin;
	int err = np_pin_thread(np_open(O_CLOEXEC), 0, cpus, 0, &pin);

	(void)me;
	return err ? -err : np_affinity_set(0, cpus) == -EINVAL ? 0 : 255;
}

TEST_F(pin_thread, is_for_everyone)
{
	EXPECT_EQ(0, np_run(NP_NOBODY, pin_oneself, &self->topo.cpus));
}

TEST_F(pin_thread, refuses_a_thread_of_another_process)
{
	struct np_child child;
	__u64 word;

	ASSERT_EQ(0, np_spawn(&child, 0, sleep_until_told, NULL));
	ASSERT_EQ(0, np_hear(&child, &word));
	EXPECT_EQ(-EPERM, np_pin_thread(self->fd, child.pid, &self->topo.cpus, 0, &self->pin));
	EXPECT_EQ(NUMAPERF_REASON_FOREIGN_THREAD, self->pin.reason);
	np_reap(&child);
}

static int exit_at_once(struct np_child *me, void *arg)
{
	(void)me;
	(void)arg;
	return 0;
}

TEST_F(pin_thread, knows_no_thread_that_is_gone)
{
	struct np_child child;

	ASSERT_EQ(0, np_spawn(&child, 0, exit_at_once, NULL));
	ASSERT_EQ(0, np_reap(&child));
	EXPECT_EQ(-ESRCH, np_pin_thread(self->fd, child.pid, &self->topo.cpus, 0, &self->pin));
}

/* The lease's id can't reach the caller: nobody could ever release it. */
TEST_F(pin_thread, takes_nothing_if_the_result_cannot_be_written)
{
	size_t page = np_page_size();
	struct numaperf_ioc_thread_pin *pin = np_map(page);

	*pin = (struct numaperf_ioc_thread_pin) {
		.size = sizeof(*pin), .cpus = (uintptr_t)self->one.words, .cpus_bits = NP_SET_BITS,
	};
	ASSERT_EQ(0, mprotect(pin, page, PROT_READ));
	EXPECT_EQ(-EFAULT, np_ioctl(self->fd, NUMAPERF_IOC_THREAD_PIN, pin));
	EXPECT_EQ(0, np_affinity_set(0, &self->topo.cpus));
}

TEST_F(pin_thread, release_frees_the_thread)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_EQ(0, np_affinity_set(0, &self->topo.cpus));
}

TEST_F(pin_thread, release_lets_others_change_it)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_EQ(0, np_affinity_set_foreign(0, &self->topo.cpus));
}

TEST_F(pin_thread, can_be_taken_again_after_release)
{
	__u64 first;

	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	first = self->pin.lease;
	ASSERT_EQ(0, np_release(self->fd, first));
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	EXPECT_NE(first, self->pin.lease);
}

TEST_F(pin_thread, second_release_is_ENOENT)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &self->pin));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_EQ(-ENOENT, np_release(self->fd, self->pin.lease));
}

TEST_HARNESS_MAIN
