// SPDX-License-Identifier: GPL-2.0
/*
 * How leases of both kinds end: release, last close, exit, kill, exec, revocation; and what does not end them.
 *
 * The holder is a child that does what it is told, so that the test can look at its lease from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"

#define RANGE_PAGES 16

enum order {
	TAKE,			/* answers with the lease's id, 0: refused */
	RELEASE,		/* these answer with the errno */
	RELEASE_IN_CHILD,
	CLOSE,
	CLOSE_COPY,
	CLOSE_IN_CHILD,
	FORK_KEEPER,		/* a child that keeps the descriptor open; answers with its pid */
	EXIT,			/* these don't answer */
	EXEC,
};

struct plan {
	bool range;
	int node;
	int cpu;
};

FIXTURE(lease) {
	int fd;			/* another session, of root's */
	struct np_topo topo;
	struct plan plan;
	struct np_child holder;
	__u64 id;
	__u64 locked_before;
};

FIXTURE_VARIANT(lease) {
	bool range;
};

FIXTURE_VARIANT_ADD(lease, thread) { .range = false };
FIXTURE_VARIANT_ADD(lease, range) { .range = true };

/* ---------------------------------------------------------------- holder */

static __u64 take(int fd, const struct plan *plan)
{
	struct numaperf_ioc_thread_pin thread;
	struct numaperf_ioc_range_pin range;
	struct np_set cpu = np_set_of(plan->cpu), node = np_set_of(plan->node);
	size_t length = RANGE_PAGES * np_page_size();

	if (!plan->range)
		return np_affinity_set(0, &cpu) || np_pin_thread(fd, 0, &cpu, 0, &thread) ? 0 : thread.lease;
	return np_pin_range(fd, np_map_on(plan->node, length), length, &node, 0, &range) ? 0 : range.lease;
}

struct inherited {
	int fd;
	__u64 lease;
};

static int release_inherited(struct np_child *me, void *arg)
{
	struct inherited *inherited = arg;

	(void)me;
	return np_status(np_release(inherited->fd, inherited->lease));
}

static int close_inherited(struct np_child *me, void *arg)
{
	struct inherited *inherited = arg;

	(void)me;
	return close(inherited->fd) ? errno : 0;
}

static pid_t fork_keeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* to outlive the holder is the point */
		prctl(PR_SET_PDEATHSIG, 0);
		for (;;)
			pause();
	}
	return pid;
}

static int hold(struct np_child *me, void *arg)
{
	struct inherited own = { .fd = np_open(0) };
	__u64 order, answer = 0;
	int copy;

	while (np_hear(me, &order) == 0) {
		switch (order) {
		case TAKE:
			answer = own.lease = take(own.fd, arg);
			break;
		case RELEASE:
			answer = np_status(np_release(own.fd, own.lease));
			break;
		case RELEASE_IN_CHILD:
			answer = np_run(0, release_inherited, &own);
			break;
		case CLOSE:
			answer = close(own.fd) ? errno : 0;
			break;
		case CLOSE_COPY:
			copy = dup(own.fd);
			answer = close(own.fd) ? errno : 0;
			own.fd = copy;
			break;
		case CLOSE_IN_CHILD:
			answer = np_run(0, close_inherited, &own);
			break;
		case FORK_KEEPER:
			answer = fork_keeper();
			break;
		case EXIT:
			_exit(0);
		case EXEC:
			return np_status(np_exec_helper(np_helper_path(), "wait", 0, me->socket));
		}
		if (np_say(me, answer))
			break;
	}
	return 0;
}

static __u64 tell(FIXTURE_DATA(lease) *self, enum order order)
{
	__u64 answer = ~0ULL;

	if (np_say(&self->holder, order) || np_hear(&self->holder, &answer))
		return ~0ULL;
	return answer;
}

/* ------------------------------------------------------------- observers */

static __u64 locked_bytes(int fd)
{
	struct numaperf_ioc_info info;

	return np_info(fd, &info) ? ~0ULL : info.locked_bytes;
}

static bool is_zombie(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* What the lease is for: the kernel refuses to re-pin the thread; the pages are charged. */
static bool in_force(FIXTURE_DATA(lease) *self)
{
	if (self->plan.range)
		return locked_bytes(self->fd) != self->locked_before;
	/* the kernel looks at a dead thread's flags, too, but there is nothing to hold */
	if (is_zombie(self->holder.pid))
		return false;
	return np_affinity_set(self->holder.pid, &self->topo.cpus) == -EINVAL;
}

static bool ended(FIXTURE_DATA(lease) *self)
{
	return np_eventually(np_lease_gone(self->fd, self->id)) && np_eventually(!in_force(self));
}

FIXTURE_SETUP(lease)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->plan = (struct plan) {
		.range = variant->range, .node = self->topo.near, .cpu = self->topo.near_cpu,
	};
	self->locked_before = locked_bytes(self->fd);
	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold, &self->plan));
	self->id = tell(self, TAKE);
	ASSERT_NE(0, self->id);
	ASSERT_NE(~0ULL, self->id);
}

FIXTURE_TEARDOWN(lease)
{
	np_kill(&self->holder);
	close(self->fd);
}

TEST_F(lease, is_in_force)
{
	EXPECT_TRUE(in_force(self));
}

TEST_F(lease, ends_by_release)
{
	ASSERT_EQ(0, tell(self, RELEASE));
	EXPECT_TRUE(ended(self));
}

TEST_F(lease, ends_by_close)
{
	ASSERT_EQ(0, tell(self, CLOSE));
	EXPECT_TRUE(ended(self));
}

TEST_F(lease, outlives_the_close_of_a_copy)
{
	ASSERT_EQ(0, tell(self, CLOSE_COPY));
	EXPECT_TRUE(in_force(self));
}

TEST_F(lease, ends_by_the_last_close)
{
	ASSERT_EQ(0, tell(self, CLOSE_COPY));
	ASSERT_EQ(0, tell(self, CLOSE));
	EXPECT_TRUE(ended(self));
}

TEST_F(lease, outlives_the_close_by_a_forked_child)
{
	ASSERT_EQ(0, tell(self, CLOSE_IN_CHILD));
	EXPECT_TRUE(in_force(self));
}

TEST_F(lease, ends_by_exit)
{
	ASSERT_EQ(0, np_say(&self->holder, EXIT));
	EXPECT_TRUE(ended(self));
}

TEST_F(lease, ends_by_kill)
{
	ASSERT_EQ(0, kill(self->holder.pid, SIGKILL));
	EXPECT_TRUE(ended(self));
}

/* The descriptor is open in the new image still. */
TEST_F(lease, ends_by_exec)
{
	ASSERT_EQ(0, tell(self, EXEC));
	EXPECT_TRUE(ended(self));
}

TEST_F(lease, is_not_prolonged_by_a_child_over_exit)
{
	pid_t keeper = tell(self, FORK_KEEPER);

	ASSERT_LT(0, keeper);
	ASSERT_EQ(0, np_say(&self->holder, EXIT));
	EXPECT_TRUE(ended(self));
	kill(keeper, SIGKILL);
}

TEST_F(lease, is_not_prolonged_by_a_child_over_kill)
{
	pid_t keeper = tell(self, FORK_KEEPER);

	ASSERT_LT(0, keeper);
	ASSERT_EQ(0, kill(self->holder.pid, SIGKILL));
	EXPECT_TRUE(ended(self));
	kill(keeper, SIGKILL);
}

TEST_F(lease, is_not_ended_by_a_childs_exit)
{
	pid_t keeper = tell(self, FORK_KEEPER);

	ASSERT_LT(0, keeper);
	ASSERT_EQ(0, kill(keeper, SIGKILL));
	/* Twice the same question, with a whole conversation between: an exit handled late would show. */
	EXPECT_TRUE(in_force(self));
	ASSERT_EQ(ESTALE, tell(self, RELEASE_IN_CHILD));
	EXPECT_TRUE(in_force(self));
}

TEST_F(lease, cannot_be_released_by_a_forked_child)
{
	EXPECT_EQ(ESTALE, tell(self, RELEASE_IN_CHILD));
	EXPECT_TRUE(in_force(self));
}

TEST_F(lease, cannot_be_released_through_another_session)
{
	EXPECT_EQ(-ENOENT, np_release(self->fd, self->id));
	EXPECT_TRUE(in_force(self));
}

TEST_F(lease, can_be_revoked_by_root)
{
	ASSERT_EQ(0, np_revoke(self->fd, self->id));
	EXPECT_TRUE(ended(self));
}

static int revoke_it(struct np_child *me, void *arg)
{
	int fd = np_open(O_CLOEXEC);

	(void)me;
	return np_status(np_revoke(fd, *(__u64 *)arg));
}

TEST_F(lease, cannot_be_revoked_by_nobody)
{
	EXPECT_EQ(EPERM, np_run(NP_NOBODY, revoke_it, &self->id));
	EXPECT_TRUE(in_force(self));
}

static int revoke_from_namespace(struct np_child *me, void *arg)
{
	return np_enter_user_namespace() ? NP_NO_NAMESPACE : revoke_it(me, arg);
}

/* Every capability there, none in the initial namespace. */
TEST_F(lease, cannot_be_revoked_by_root_of_a_user_namespace)
{
	int status = np_run(NP_NOBODY, revoke_from_namespace, &self->id);

	NP_NEED(status != NP_NO_NAMESPACE, "no user namespaces for unprivileged users");
	EXPECT_EQ(EPERM, status);
	EXPECT_TRUE(in_force(self));
}

TEST_F(lease, cannot_be_released_once_revoked)
{
	ASSERT_EQ(0, np_revoke(self->fd, self->id));
	EXPECT_EQ(ENOENT, tell(self, RELEASE));
}

TEST_F(lease, id_is_not_used_again)
{
	__u64 second;

	ASSERT_EQ(0, tell(self, RELEASE));
	second = tell(self, TAKE);
	EXPECT_NE(0, second);
	EXPECT_NE(self->id, second);
}

TEST_HARNESS_MAIN
