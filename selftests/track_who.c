// SPDX-License-Identifier: GPL-2.0
/* Who may track whom without privilege: one's own processes, unless they hide; never anyone else's. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

FIXTURE(who) {
	int fd;
};

FIXTURE_SETUP(who)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(who)
{
	close(self->fd);
}

struct other {
	uid_t uid;
	bool hides;
	uid_t real_only;	/* only its real user id is this one; 0: no */
};

static int sit(struct np_child *me, void *arg)
{
	struct other *other = arg;
	__u64 word;

	if (other->hides && prctl(PR_SET_DUMPABLE, 0))
		return 1;
	return np_say(me, 0) || np_hear(me, &word);
}

/* As root, with all its capabilities but not all its ids: another user's by any right reading. */
static int sit_with_mixed_ids(struct np_child *me, void *arg)
{
	struct other *other = arg;
	__u64 word;

	if (setresgid(other->real_only, other->real_only, other->real_only) ||
	    setresuid(other->real_only, 0, 0) || prctl(PR_SET_DUMPABLE, 1))
		return 1;
	return np_say(me, 0) || np_hear(me, &word);
}

static int try_to_track(struct np_child *me, void *arg)
{
	pid_t *pid = arg;
	__u32 target;
	int fd = np_open(O_CLOEXEC);

	(void)me;
	return np_status(np_track(fd, *pid, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target));
}

/* What nobody gets who tries to track such a process. */
static int nobody_tracks(np_child_fn sit_down, struct other other)
{
	struct np_child child;
	__u64 word;
	int status;

	if (np_spawn(&child, other.uid, sit_down, &other) || np_hear(&child, &word))
		return -1;
	status = np_run(NP_NOBODY, try_to_track, &child.pid);
	np_kill(&child);
	return status;
}

TEST_F(who, nobody_may_track_itself)
{
	pid_t self_pid = 0;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(0, np_run(NP_NOBODY, try_to_track, &self_pid));
}

TEST_F(who, nobody_may_track_another_process_of_nobody)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(0, nobody_tracks(sit, (struct other) { .uid = NP_NOBODY }));
}

TEST_F(who, nobody_may_not_track_one_that_hides)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(EPERM, nobody_tracks(sit, (struct other) { .uid = NP_NOBODY, .hides = true }));
}

TEST_F(who, nobody_may_not_track_somebodys)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(EPERM, nobody_tracks(sit, (struct other) { .uid = NP_SOMEBODY }));
}

TEST_F(who, nobody_may_not_track_roots)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(EPERM, nobody_tracks(sit, (struct other) { .uid = 0 }));
}

/* A set-uid program that nobody started has nobody's real id, and root's powers. */
TEST_F(who, nobody_may_not_track_one_with_only_the_real_id)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(EPERM, nobody_tracks(sit_with_mixed_ids, (struct other) { .uid = 0, .real_only = NP_NOBODY }));
}

TEST_F(who, nobody_may_not_track_the_first_process)
{
	pid_t init = 1;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(EPERM, np_run(NP_NOBODY, try_to_track, &init));
}

static int try_from_namespace(struct np_child *me, void *arg)
{
	return np_enter_user_namespace() ? NP_NO_NAMESPACE : try_to_track(me, arg);
}

TEST_F(who, root_of_a_user_namespace_may_not_track_roots)
{
	pid_t init = 1;
	int status;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	status = np_run(NP_NOBODY, try_from_namespace, &init);
	NP_NEED(status != NP_NO_NAMESPACE, "no user namespaces for unprivileged users");
	EXPECT_EQ(EPERM, status);
}

TEST_F(who, root_may_track_nobodys)
{
	struct other other = { .uid = NP_NOBODY };
	struct np_child child;
	__u32 target;
	__u64 word;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_spawn(&child, NP_NOBODY, sit, &other));
	ASSERT_EQ(0, np_hear(&child, &word));
	EXPECT_EQ(0, np_track(self->fd, child.pid, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target));
	np_kill(&child);
}

/* How "stat -- command" works for everyone: the child tracks itself, its parent reads what came of it. */
struct passed {
	int fd;
};

static int track_oneself(struct np_child *me, void *arg)
{
	struct passed *passed = arg;
	__u32 target;
	__u64 word;
	size_t length = 100 * np_page_size();

	if (np_track_faults(passed->fd, 0, NUMAPERF_TRACK_PROCESS, 1, &target) || np_say(me, target))
		return 1;
	np_touch(np_map(length), length);
	return np_say(me, 0) || np_hear(me, &word);
}

static int launch(struct np_child *me, void *arg)
{
	struct passed passed = { .fd = np_open(O_CLOEXEC) };
	static struct np_counts counts;
	struct np_child child;
	__u64 target, word;

	(void)me;
	(void)arg;
	if (np_spawn(&child, NP_NOBODY, track_oneself, &passed) || np_hear(&child, &target) || np_hear(&child, &word))
		return 255;
	if (np_counts_read(passed.fd, target, 0, &counts))
		return 254;
	np_kill(&child);
	return np_faults(&counts) >= 100 ? 0 : 253;
}

TEST_F(who, nobody_may_read_what_a_child_tracked_of_itself)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(0, np_run(NP_NOBODY, launch, NULL));
}

TEST_HARNESS_MAIN
