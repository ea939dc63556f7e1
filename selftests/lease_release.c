// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a pin whatever its thread is doing: it comes in bounded time, the thread is free afterwards, and notices
 * nothing of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"

#define GROUP NP_CGROUPS "/np_frozen"
#define CROWD 64
/* One second for all threads together, and what an emulated guest adds. */
#define BOUND_NS (5 * 1000000000ULL)

/* ---------------------------------------------------------------- holder */

/* What the pinned thread of the holder does, and how the test gets it out of that. */
struct state {
	void (*be)(struct np_child *me);
	int (*enter)(pid_t process, pid_t tid);	/* by the test: 0 when it is in that state */
	int (*leave)(pid_t process, pid_t tid);
	bool at_once;				/* it is asleep: free as soon as the call returns */
};

static int release_pipe[2];

/* Says how the wait ended. */
static void be_in_epoll(struct np_child *me)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	int ready;

	epoll_ctl(epoll, EPOLL_CTL_ADD, release_pipe[0], &event);
	ready = epoll_wait(epoll, &event, 1, -1);
	np_say(me, ready == 1 ? 0 : errno);
}

/* The parent of a vfork is in an uninterruptible sleep (D) until the child is gone. */
static void be_in_vfork(struct np_child *me)
{
	char byte;
	pid_t child = vfork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test may end before it has been woken */
		_exit(read(release_pipe[0], &byte, 1) == 1 ? 0 : 1);
	}
	np_say(me, child > 0 ? 0 : errno);
}

/* epoll_wait itself ends with EINTR when its thread is stopped and continued; this is restarted. */
static void be_reading(struct np_child *me)
{
	char byte;

	np_say(me, read(release_pipe[0], &byte, 1) == 1 ? 0 : errno);
}

static void be_running(struct np_child *me)
{
	char byte;

	fcntl(release_pipe[0], F_SETFL, O_NONBLOCK);
	while (read(release_pipe[0], &byte, 1) != 1)
		if (errno != EAGAIN)
			break;
	np_say(me, 0);
}

static char task_state(pid_t tid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (np_read_file(path, text, sizeof(text)) < 0)
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

static int wait_state(pid_t tid, char state)
{
	return np_eventually(task_state(tid) == state) ? 0 : -ETIMEDOUT;
}

static int enter_sleep(pid_t process, pid_t tid)
{
	(void)process;
	return wait_state(tid, 'S');
}

static int enter_vfork(pid_t process, pid_t tid)
{
	(void)process;
	return wait_state(tid, 'D');
}

static int enter_nothing(pid_t process, pid_t tid)
{
	(void)process;
	(void)tid;
	return 0;
}

static int enter_stop(pid_t process, pid_t tid)
{
	return kill(process, SIGSTOP) ? -errno : wait_state(tid, 'T');
}

static int leave_stop(pid_t process, pid_t tid)
{
	(void)tid;
	return kill(process, SIGCONT) ? -errno : 0;
}

static int enter_trace(pid_t process, pid_t tid)
{
	(void)process;
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) || ptrace(PTRACE_INTERRUPT, tid, 0, 0))
		return -errno;
	return wait_state(tid, 't');
}

static int leave_trace(pid_t process, pid_t tid)
{
	int status;

	(void)process;
	if (waitpid(tid, &status, __WALL) != tid)
		return -errno;
	return ptrace(PTRACE_DETACH, tid, 0, 0) ? -errno : 0;
}

static bool is_frozen(void)
{
	char text[128];

	return np_read_file(GROUP "/cgroup.events", text, sizeof(text)) > 0 && strstr(text, "frozen 1");
}

static int enter_freezer(pid_t process, pid_t tid)
{
	(void)process;
	(void)tid;
	return np_cgroup_write(GROUP, "cgroup.freeze", "1") ?: np_eventually(is_frozen()) ? 0 : -ETIMEDOUT;
}

static int leave_freezer(pid_t process, pid_t tid)
{
	(void)process;
	(void)tid;
	return np_cgroup_write(GROUP, "cgroup.freeze", "0");
}

struct plan {
	const struct state *state;
	struct np_set one;
	__u64 lease;
	pid_t tid;
	struct np_child *me;
};

static void *be_pinned(void *arg)
{
	struct plan *plan = arg;
	struct numaperf_ioc_thread_pin pin = { 0 };
	int fd = np_open(O_CLOEXEC);

	if (!np_affinity_set(0, &plan->one))
		np_pin_thread(fd, 0, &plan->one, 0, &pin);
	np_say(plan->me, pin.lease);
	np_say(plan->me, syscall(SYS_gettid));
	plan->state->be(plan->me);
	return NULL;
}

static int hold(struct np_child *me, void *arg)
{
	struct plan *plan = arg;
	pthread_t thread;
	__u64 word;

	plan->me = me;
	if (np_hear(me, &word) || pthread_create(&thread, NULL, be_pinned, plan))
		return 1;
	pthread_join(thread, NULL);
	np_hear(me, &word);
	return 0;
}

/* ------------------------------------------------------------------ test */

FIXTURE(release) {
	int fd;
	bool frozen;
	struct np_topo topo;
	struct np_child holder;
	struct plan plan;
	__u64 lease, tid;
};

FIXTURE_VARIANT(release) {
	struct state state;
	bool freezes;
};

FIXTURE_VARIANT_ADD(release, in_epoll_wait) {
	.state = { .be = be_in_epoll, .enter = enter_sleep, .leave = enter_nothing, .at_once = true },
};
FIXTURE_VARIANT_ADD(release, in_uninterruptible_sleep) {
	.state = { .be = be_in_vfork, .enter = enter_vfork, .leave = enter_nothing, .at_once = true },
};
FIXTURE_VARIANT_ADD(release, running) {
	.state = { .be = be_running, .enter = enter_nothing, .leave = enter_nothing },
};
FIXTURE_VARIANT_ADD(release, stopped_asleep) {
	.state = { .be = be_reading, .enter = enter_stop, .leave = leave_stop, .at_once = true },
};
FIXTURE_VARIANT_ADD(release, stopped_running) {
	.state = { .be = be_running, .enter = enter_stop, .leave = leave_stop, .at_once = true },
};
FIXTURE_VARIANT_ADD(release, traced) {
	.state = { .be = be_running, .enter = enter_trace, .leave = leave_trace, .at_once = true },
};
FIXTURE_VARIANT_ADD(release, frozen) {
	.state = { .be = be_running, .enter = enter_freezer, .leave = leave_freezer, .at_once = true },
	.freezes = true,
};

FIXTURE_SETUP(release)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pipe2(release_pipe, O_CLOEXEC));
	self->plan = (struct plan) { .state = &variant->state, .one = np_set_of(self->topo.near_cpu) };
	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold, &self->plan));
	self->frozen = variant->freezes && access(NP_CGROUPS "/cgroup.controllers", F_OK) == 0;
	if (self->frozen) {
		ASSERT_EQ(0, mkdir(GROUP, 0755));
		ASSERT_EQ(0, np_cgroup_write_number(GROUP, "cgroup.procs", self->holder.pid));
	}
	ASSERT_EQ(0, np_say(&self->holder, 0));
	ASSERT_EQ(0, np_hear(&self->holder, &self->lease));
	ASSERT_NE(0, self->lease);
	ASSERT_EQ(0, np_hear(&self->holder, &self->tid));
}

FIXTURE_TEARDOWN(release)
{
	if (self->frozen)
		np_cgroup_write(GROUP, "cgroup.freeze", "0");
	np_kill(&self->holder);
	if (self->frozen)
		np_eventually(rmdir(GROUP) == 0 || errno == ENOENT);
	close(release_pipe[0]);
	close(release_pipe[1]);
	close(self->fd);
}

static bool is_free(FIXTURE_DATA(release) *self)
{
	return np_affinity_set(self->tid, &self->topo.cpus) == 0;
}

TEST_F(release, frees_the_thread)
{
	__u64 begin, end;

	NP_NEED(!variant->freezes || self->frozen, "no cgroup v2 at " NP_CGROUPS);
	ASSERT_EQ(0, variant->state.enter(self->holder.pid, self->tid));
	EXPECT_EQ(-EINVAL, np_affinity_set(self->tid, &self->topo.cpus));
	begin = np_now_ns();
	EXPECT_EQ(0, np_revoke(self->fd, self->lease));
	end = np_now_ns();
	EXPECT_GT(BOUND_NS, end - begin);
	EXPECT_TRUE(variant->state.at_once ? is_free(self) : np_eventually(is_free(self)));
	EXPECT_EQ(0, variant->state.leave(self->holder.pid, self->tid));
}

TEST_F(release, is_not_noticed_by_the_thread)
{
	__u64 result = ~0ULL;

	NP_NEED(!variant->freezes || self->frozen, "no cgroup v2 at " NP_CGROUPS);
	ASSERT_EQ(0, variant->state.enter(self->holder.pid, self->tid));
	ASSERT_EQ(0, np_revoke(self->fd, self->lease));
	ASSERT_EQ(0, variant->state.leave(self->holder.pid, self->tid));
	ASSERT_EQ(1, write(release_pipe[1], "", 1));
	ASSERT_EQ(0, np_hear(&self->holder, &result));
	EXPECT_EQ(0, result);
}

/* ----------------------------------------------------------------- crowd */

static void *spin(void *arg)
{
	volatile bool *stop = arg;

	while (!*stop)
		;
	return NULL;
}

static int hold_crowd(struct np_child *me, void *arg)
{
	static volatile bool stop;
	struct np_set *one = arg;
	struct numaperf_ioc_thread_pin pin = { 0 };
	int fd = np_open(O_CLOEXEC);
	pthread_t thread;
	__u64 word;

	if (np_affinity_set(0, one) || np_pin_thread(fd, 0, one, NUMAPERF_PIN_INHERIT_THREADS, &pin))
		return 1;
	for (int i = 0; i < CROWD; i++)
		if (pthread_create(&thread, NULL, spin, (void *)&stop))
			return 2;
	np_say(me, pin.lease);
	np_hear(me, &word);
	return 0;
}

/* One after the other would take a turn of the whole crowd for each of them. */
TEST(a_crowd_of_running_threads_is_freed_together)
{
	struct np_child holder;
	struct np_topo topo;
	struct np_set one;
	__u64 begin, lease;
	int fd;

	ASSERT_EQ(0, np_topo_read(&topo));
	fd = np_open(O_CLOEXEC);
	one = np_set_of(topo.near_cpu);
	ASSERT_EQ(0, np_spawn(&holder, 0, hold_crowd, &one));
	ASSERT_EQ(0, np_hear(&holder, &lease));
	begin = np_now_ns();
	EXPECT_EQ(0, np_revoke(fd, lease));
	EXPECT_GT(BOUND_NS, np_now_ns() - begin);
	EXPECT_TRUE(np_eventually(np_affinity_set(holder.pid, &topo.cpus) == 0));
	np_kill(&holder);
	close(fd);
}

TEST_HARNESS_MAIN
