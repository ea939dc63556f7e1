// SPDX-License-Identifier: GPL-2.0
/* A tracked process becomes another user's without exec: from then on it is no longer the tracker's to look at. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 300
#define PERIOD 1000	/* all faults are counted, the fewest sampled: both paths look at credentials */

FIXTURE(change) {
	int fd;
};

/* What the tracked process becomes. */
FIXTURE_VARIANT(change) {
	uid_t uid;
	bool lost;	/* to a tracker without privilege */
};

FIXTURE_VARIANT_ADD(change, none) { .uid = NP_NOBODY, .lost = false };
FIXTURE_VARIANT_ADD(change, to_somebody) { .uid = NP_SOMEBODY, .lost = true };
FIXTURE_VARIANT_ADD(change, to_root) { .uid = 0, .lost = true };

FIXTURE_SETUP(change)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(change)
{
	close(self->fd);
}

/* Nobody, by all ids, who may yet become anyone. */
static int become_nobody_for_now(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { 0 };

	if (prctl(PR_SET_KEEPCAPS, 1) || setresgid(NP_NOBODY, NP_NOBODY, NP_NOBODY) ||
	    setresuid(NP_NOBODY, NP_NOBODY, NP_NOBODY))
		return -errno;
	caps[0].permitted = caps[0].effective = 1 << CAP_SETUID;
	if (syscall(SYS_capset, &head, caps) || prctl(PR_SET_DUMPABLE, 1))
		return -errno;
	return 0;
}

static int touch_change_touch(struct np_child *me, void *arg)
{
	uid_t uid = *(const uid_t *)arg;
	__u64 word;

	if (become_nobody_for_now() || np_say(me, 0) || np_hear(me, &word))
		return 1;
	np_touch_fresh(PAGES);
	/* By the system call: the C library would change all threads, and touch memory for it. */
	if (np_say(me, 0) || np_hear(me, &word) || syscall(SYS_setresuid, uid, uid, uid))
		return 1;
	np_touch_fresh(PAGES);
	return np_say(me, 0) || np_hear(me, &word);
}

struct seen {
	__u64 before, after;	/* faults */
	bool lost;
	__u32 event, reason;
};

struct request {
	uid_t uid;
	struct np_child *child;
	struct seen *seen;	/* shared memory */
};

static struct np_counts counts;

static int let_it_go_on(struct np_child *child)
{
	__u64 word;

	return np_say(child, 0) ?: np_hear(child, &word);
}

static int observe(struct np_child *me, void *arg)
{
	struct request *request = arg;
	struct numaperf_event_record event = { 0 };
	int fd = np_open(O_CLOEXEC | O_NONBLOCK);
	struct seen *seen = request->seen;
	__u32 target;

	(void)me;
	if (np_track_faults(fd, request->child->pid, NUMAPERF_TRACK_PROCESS, PERIOD, &target) ||
	    let_it_go_on(request->child) || np_counts_read(fd, target, 0, &counts))
		return 1;
	seen->before = np_faults(&counts);
	if (let_it_go_on(request->child) || np_counts_read(fd, target, 0, &counts))
		return 2;
	seen->after = np_faults(&counts);
	seen->lost = counts.read.nr_threads && counts.threads[0].flags & NUMAPERF_THREAD_LOST;
	if (read(fd, &event, sizeof(event)) > 0) {
		seen->event = event.type;
		seen->reason = event.reason;
	}
	return 0;
}

static int observe_as(uid_t tracker, uid_t uid, struct seen *ret_seen)
{
	struct seen *seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct np_child child;
	struct request request = { .uid = uid, .child = &child, .seen = seen };
	__u64 word;
	int status;

	/* Of the test itself, so that a tracker without privilege is no relative of it. */
	if (np_spawn(&child, 0, touch_change_touch, &request.uid) || np_hear(&child, &word))
		return -1;
	status = np_run(tracker, observe, &request);
	np_kill(&child);
	*ret_seen = *seen;
	return status;
}

TEST_F(change, is_followed_by_root)
{
	struct seen seen;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(0, variant->uid, &seen));
	EXPECT_LE(PAGES, seen.after - seen.before);
	EXPECT_FALSE(seen.lost);
}

TEST_F(change, is_not_followed_by_nobody)
{
	struct seen seen;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(NP_NOBODY, variant->uid, &seen));
	EXPECT_LE(PAGES, seen.before);
	EXPECT_EQ(!variant->lost, seen.after - seen.before >= PAGES / 10);
}

TEST_F(change, record_says_if_it_was_lost)
{
	struct seen seen;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(NP_NOBODY, variant->uid, &seen));
	EXPECT_EQ(variant->lost, seen.lost);
}

TEST_F(change, event_says_if_it_was_lost)
{
	struct seen seen;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(NP_NOBODY, variant->uid, &seen));
	EXPECT_EQ(variant->lost ? NUMAPERF_EVENT_TARGET_LOST : 0, seen.event);
	EXPECT_EQ(variant->lost ? NUMAPERF_REASON_CREDENTIALS : 0, seen.reason);
}

TEST_HARNESS_MAIN
