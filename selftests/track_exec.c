// SPDX-License-Identifier: GPL-2.0
/*
 * Counting over exec: it goes on, unless the tracker has no privilege and the new program is one it may not look into:
 * set-id, with capabilities of its file, or unreadable.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 400

/* As setcap(8) writes it: CAP_NET_RAW, permitted and effective. */
static int program_give_capability(const struct np_program *program)
{
	struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, .data[0].permitted = 1 << CAP_NET_RAW,
	};

	return setxattr(program->path, "security.capability", &data, XATTR_CAPS_SZ_2, 0) ? -errno : 0;
}

FIXTURE(exec) {
	int fd;
	struct np_program program;
	int err;		/* of what the variant needs */
};

FIXTURE_VARIANT(exec) {
	mode_t mode;
	bool private;		/* nobody may not look into it */
	bool capability;	/* the file gives one */
};

FIXTURE_VARIANT_ADD(exec, ordinary) { .mode = 0755, .private = false };
FIXTURE_VARIANT_ADD(exec, set_uid) { .mode = 04755, .private = true };
FIXTURE_VARIANT_ADD(exec, set_gid) { .mode = 02755, .private = true };
FIXTURE_VARIANT_ADD(exec, unreadable) { .mode = 0711, .private = true };
FIXTURE_VARIANT_ADD(exec, file_capability) { .mode = 0755, .private = true, .capability = true };

FIXTURE_SETUP(exec)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_program_install(&self->program, variant->mode));
	self->err = variant->capability ? program_give_capability(&self->program) : 0;
}

#define NEED_CAPABILITIES NP_NEED(self->err != -EOPNOTSUPP, "this kernel's tmpfs holds no file capabilities"); \
	ASSERT_EQ(0, self->err)

FIXTURE_TEARDOWN(exec)
{
	np_program_remove(&self->program);
	close(self->fd);
}

static int exec_when_told(struct np_child *me, void *arg)
{
	struct np_program *program = arg;
	__u64 word;

	if (np_say(me, 0) || np_hear(me, &word))
		return 1;
	return np_status(np_exec_helper(program->path, "touch", PAGES, me->socket));
}

struct result {
	__u32 counted;		/* the new program's faults */
	__u32 lost;		/* the thread's record says LOST */
	__u32 event;
	__u32 reason;
};

static struct np_counts counts;

/* A process of nobody's that execs the program, tracked meanwhile by the caller, whoever that is. */
static int observe(struct np_program *program, struct result *result)
{
	struct numaperf_event_record event = { 0 };
	int fd = np_open(O_CLOEXEC | O_NONBLOCK), err;
	struct np_child child;
	__u64 word, before;
	__u32 target;

	if (np_spawn(&child, NP_NOBODY, exec_when_told, program) || np_hear(&child, &word))
		return -EPROTO;
	err = np_track_faults(fd, child.pid, NUMAPERF_TRACK_PROCESS, 1, &target) ?:
		np_counts_read(fd, target, 0, &counts);
	before = np_faults(&counts);
	if (!err && (np_say(&child, 0) || np_hear(&child, &word)))
		err = -EPROTO;
	err = err ?: np_counts_read(fd, target, 0, &counts);
	if (!err && read(fd, &event, sizeof(event)) < 0 && errno != EAGAIN)
		err = -errno;
	np_kill(&child);
	*result = (struct result) {
		.counted = np_faults(&counts) - before >= PAGES,
		.lost = counts.read.nr_threads && counts.threads[0].flags & NUMAPERF_THREAD_LOST,
		.event = event.type,
		.reason = event.reason,
	};
	return err;
}

struct request {
	struct np_program *program;
	struct result *result;	/* shared memory */
};

static int observe_as_child(struct np_child *me, void *arg)
{
	struct request *request = arg;

	(void)me;
	return np_status(observe(request->program, request->result));
}

static int observe_as(uid_t uid, struct np_program *program, struct result *ret_result)
{
	struct result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct request request = { .program = program, .result = result };
	int status = np_run(uid, observe_as_child, &request);

	*ret_result = *result;
	return status;
}

TEST_F(exec, is_followed_by_root)
{
	struct result result;

	NEED_CAPABILITIES;
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(0, &self->program, &result));
	EXPECT_TRUE(result.counted);
	EXPECT_FALSE(result.lost);
}

TEST_F(exec, is_followed_by_nobody_only_if_ordinary)
{
	struct result result;

	NEED_CAPABILITIES;
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(NP_NOBODY, &self->program, &result));
	EXPECT_EQ(!variant->private, result.counted);
}

TEST_F(exec, record_says_if_it_was_lost)
{
	struct result result;

	NEED_CAPABILITIES;
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(NP_NOBODY, &self->program, &result));
	EXPECT_EQ(variant->private, result.lost);
}

TEST_F(exec, event_says_if_it_was_lost)
{
	struct result result;

	NEED_CAPABILITIES;
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, observe_as(NP_NOBODY, &self->program, &result));
	EXPECT_EQ(variant->private ? NUMAPERF_EVENT_TARGET_LOST : 0, result.event);
	EXPECT_EQ(variant->private ? NUMAPERF_REASON_CREDENTIALS : 0, result.reason);
}

TEST_HARNESS_MAIN
