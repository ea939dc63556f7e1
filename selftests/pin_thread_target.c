// SPDX-License-Identifier: GPL-2.0
/* A strict pin of another thread of the process, whatever that thread does at the moment, and without it noticing. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "np_test.h"

struct target {
	atomic_int tid;
	atomic_int woken;	/* a futex, and the end of spinning and napping */
	int eventfd;
	int epollfd;
	atomic_int result;	/* errno that the blocking call returned */
};

FIXTURE(target) {
	int fd;
	struct np_topo topo;
	struct np_set one;
	struct target target;
	pthread_t thread;
	struct numaperf_ioc_thread_pin pin;
};

/* @block does what the variant is named for until @wake ends it. */
FIXTURE_VARIANT(target) {
	void (*block)(struct target *target);
	char state;
};

static void spin(struct target *target)
{
	while (!target->woken)
		;
}

static void sleep_in_futex(struct target *target)
{
	while (!target->woken)
		if (syscall(SYS_futex, &target->woken, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) && errno == EINTR)
			target->result = EINTR;
}

static void sleep_in_nanosleep(struct target *target)
{
	/* longer than any test: only a signal ends it */
	struct timespec long_time = { .tv_sec = 10 * NP_PATIENCE_SECONDS };

	if (nanosleep(&long_time, NULL) && !target->woken)
		target->result = errno;
}

static void sleep_in_epoll(struct target *target)
{
	struct epoll_event event;

	if (epoll_wait(target->epollfd, &event, 1, -1) < 0)
		target->result = errno;
}

static void sleep_in_read(struct target *target)
{
	__u64 value;

	if (read(target->eventfd, &value, sizeof(value)) < 0)
		target->result = errno;
}

FIXTURE_VARIANT_ADD(target, running) { .block = spin, .state = 'R' };
FIXTURE_VARIANT_ADD(target, in_futex) { .block = sleep_in_futex, .state = 'S' };
FIXTURE_VARIANT_ADD(target, in_nanosleep) { .block = sleep_in_nanosleep, .state = 'S' };
FIXTURE_VARIANT_ADD(target, in_epoll_wait) { .block = sleep_in_epoll, .state = 'S' };
FIXTURE_VARIANT_ADD(target, in_read) { .block = sleep_in_read, .state = 'S' };

struct start {
	struct target *target;
	void (*block)(struct target *target);
};

static void *run(void *arg)
{
	struct start *start = arg;

	start->target->tid = syscall(SYS_gettid);
	start->block(start->target);
	return NULL;
}

static char state_of(pid_t tid)
{
	char path[64], text[512];
	char *end;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (np_read_file(path, text, sizeof(text)) < 0)
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

static struct start start;

FIXTURE_SETUP(target)
{
	struct epoll_event event = { .events = EPOLLIN };

	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->one = np_set_of(self->topo.near_cpu);
	self->target.eventfd = eventfd(0, EFD_CLOEXEC);
	self->target.epollfd = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_EQ(0, epoll_ctl(self->target.epollfd, EPOLL_CTL_ADD, self->target.eventfd, &event));
	start = (struct start) { .target = &self->target, .block = variant->block };
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, run, &start));
	ASSERT_TRUE(np_eventually(self->target.tid && state_of(self->target.tid) == variant->state));
	ASSERT_EQ(0, np_affinity_set(self->target.tid, &self->one));
}

FIXTURE_TEARDOWN(target)
{
	/* The test's own process ends here, and every thread with it. */
	close(self->fd);
}

static void ignore(int signal)
{
	(void)signal;
}

static void wake(FIXTURE_DATA(target) *self, const FIXTURE_VARIANT(target) *variant)
{
	struct sigaction action = { .sa_handler = ignore };

	self->target.woken = 1;
	if (variant->block == sleep_in_nanosleep) {
		sigaction(SIGUSR1, &action, NULL);
		pthread_kill(self->thread, SIGUSR1);
		return;
	}
	syscall(SYS_futex, &self->target.woken, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	eventfd_write(self->target.eventfd, 1);
}

TEST_F(target, is_held)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, self->target.tid, &self->one, 0, &self->pin));
	EXPECT_EQ(-EINVAL, np_affinity_set_foreign(self->target.tid, &self->topo.cpus));
}

TEST_F(target, leaves_the_caller_free)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, self->target.tid, &self->one, 0, &self->pin));
	EXPECT_EQ(0, np_affinity_set(0, &self->one));
}

/* The lease ends at once; the flag may go a little later, when the thread gets to it. */
TEST_F(target, is_free_after_release)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, self->target.tid, &self->one, 0, &self->pin));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_TRUE(np_eventually(np_affinity_set_foreign(self->target.tid, &self->topo.cpus) == 0));
}

TEST_F(target, sees_no_interruption)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, self->target.tid, &self->one, 0, &self->pin));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	wake(self, variant);
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
	EXPECT_EQ(0, atomic_load(&self->target.result));
}

TEST_F(target, may_exit_while_pinned)
{
	ASSERT_EQ(0, np_pin_thread(self->fd, self->target.tid, &self->one, 0, &self->pin));
	wake(self, variant);
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
	EXPECT_TRUE(np_eventually(np_lease_gone(self->fd, self->pin.lease)));
}

TEST_HARNESS_MAIN
