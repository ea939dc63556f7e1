// SPDX-License-Identifier: GPL-2.0
/* Events of a session: reading, waiting for them, and what they say. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"

FIXTURE(events) {
	int fd;			/* holds the leases */
	int admin;		/* revokes them */
	struct np_topo topo;
	struct np_set one;
	struct numaperf_event_record event;
};

FIXTURE_SETUP(events)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC | O_NONBLOCK);
	self->admin = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->admin);
	self->one = np_set_of(self->topo.near_cpu);
	ASSERT_EQ(0, np_affinity_set(0, &self->one));
}

FIXTURE_TEARDOWN(events)
{
	close(self->fd);
	close(self->admin);
}

/* A pin of the calling thread that is revoked: one event. 0: failed. */
static __u64 lose_one(FIXTURE_DATA(events) *self)
{
	struct numaperf_ioc_thread_pin pin;

	if (np_pin_thread(self->fd, 0, &self->one, 0, &pin))
		return 0;
	return np_revoke(self->admin, pin.lease) ? 0 : pin.lease;
}

static int ready(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 ? pollfd.revents : 0;
}

static int read_errno(int fd, void *buffer, size_t size)
{
	return read(fd, buffer, size) < 0 ? -errno : 0;
}

TEST_F(events, without_one_read_is_EAGAIN)
{
	EXPECT_EQ(-EAGAIN, read_errno(self->fd, &self->event, sizeof(self->event)));
}

TEST_F(events, without_one_poll_is_silent)
{
	EXPECT_EQ(0, ready(self->fd) & POLLIN);
}

TEST_F(events, short_buffer_is_EINVAL)
{
	ASSERT_NE(0, lose_one(self));
	EXPECT_EQ(-EINVAL, read_errno(self->fd, &self->event, sizeof(self->event) - 1));
}

TEST_F(events, unwritable_buffer_is_EFAULT)
{
	void *page = np_map(np_page_size());

	ASSERT_EQ(0, mprotect(page, np_page_size(), PROT_READ));
	ASSERT_NE(0, lose_one(self));
	EXPECT_EQ(-EFAULT, read_errno(self->fd, page, sizeof(self->event)));
}

TEST_F(events, poll_tells_of_one)
{
	ASSERT_NE(0, lose_one(self));
	EXPECT_TRUE(np_eventually(ready(self->fd) & POLLIN));
}

TEST_F(events, revocation_is_told_to_the_holder)
{
	__u64 before = np_now_ns(), lease = lose_one(self);

	ASSERT_NE(0, lease);
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(sizeof(self->event), self->event.size);
	EXPECT_EQ(NUMAPERF_EVENT_LEASE_ENDED, self->event.type);
	EXPECT_EQ(NUMAPERF_REASON_REVOKED, self->event.reason);
	EXPECT_EQ(0, self->event.dropped);
	EXPECT_EQ(lease, self->event.id);
	EXPECT_EQ(getpid(), self->event.pid);
	EXPECT_EQ((pid_t)syscall(SYS_gettid), self->event.tid);
	EXPECT_LE(before, self->event.time_ns);
	EXPECT_GE(np_now_ns(), self->event.time_ns);
}

TEST_F(events, release_is_none)
{
	struct numaperf_ioc_thread_pin pin;

	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->one, 0, &pin));
	ASSERT_EQ(0, np_release(self->fd, pin.lease));
	EXPECT_EQ(-EAGAIN, read_errno(self->fd, &self->event, sizeof(self->event)));
}

TEST_F(events, are_the_sessions_own)
{
	int other = np_open(O_CLOEXEC | O_NONBLOCK);

	ASSERT_NE(0, lose_one(self));
	EXPECT_EQ(-EAGAIN, read_errno(other, &self->event, sizeof(self->event)));
}

TEST_F(events, are_read_once)
{
	ASSERT_NE(0, lose_one(self));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(-EAGAIN, read_errno(self->fd, &self->event, sizeof(self->event)));
}

TEST_F(events, come_in_order_and_as_many_as_fit)
{
	struct numaperf_event_record events[3];
	__u64 first = lose_one(self), second = lose_one(self), third = lose_one(self);

	ASSERT_NE(0, third);
	/* room for two and a half */
	ASSERT_EQ((ssize_t)(2 * sizeof(events[0])), read(self->fd, events, 2 * sizeof(events[0]) + 8));
	EXPECT_EQ(first, events[0].id);
	EXPECT_EQ(second, events[1].id);
	ASSERT_EQ((ssize_t)sizeof(events[0]), read(self->fd, events, sizeof(events)));
	EXPECT_EQ(third, events[0].id);
}


/* Takes a lease, says which, and reads without O_NONBLOCK; says what became of it. */
static int read_blocking(struct np_child *me, void *arg)
{
	struct np_set *one = arg;
	struct numaperf_ioc_thread_pin pin;
	struct numaperf_event_record event;
	int fd = np_open(O_CLOEXEC);

	if (np_pin_thread(fd, 0, one, 0, &pin) || np_say(me, pin.lease))
		return 1;
	if (read(fd, &event, sizeof(event)) != (ssize_t)sizeof(event))
		return 2;
	return event.id == pin.lease ? 0 : 3;
}

TEST_F(events, wake_a_blocked_reader)
{
	struct np_child child;
	char path[64], stat[512];
	__u64 lease;

	ASSERT_EQ(0, np_spawn(&child, 0, read_blocking, &self->one));
	ASSERT_EQ(0, np_hear(&child, &lease));
	snprintf(path, sizeof(path), "/proc/%d/stat", child.pid);
	ASSERT_TRUE(np_eventually(np_read_file(path, stat, sizeof(stat)) > 0 && strstr(stat, ") S ")));
	ASSERT_EQ(0, np_revoke(self->admin, lease));
	EXPECT_EQ(0, np_reap(&child));
}

/* A pin elsewhere keeps the module's hooks in place: putting in and taking out the hooks of a single one is slow. */
static int keep_one(struct np_child *me, void *arg)
{
	struct numaperf_ioc_thread_pin pin;
	__u64 word;

	np_say(me, np_status(np_pin_thread(np_open(O_CLOEXEC), 0, arg, 0, &pin)));
	np_hear(me, &word);
	return 0;
}

/* More than the queue holds: what is missing is counted in those that remain. */
TEST_F(events, that_are_lost_are_counted)
{
	const unsigned int made = 500;
	unsigned int seen = 0, dropped = 0;
	struct np_child keeper;
	__u64 word;

	ASSERT_EQ(0, np_spawn(&keeper, 0, keep_one, &self->one));
	ASSERT_EQ(0, np_hear(&keeper, &word));
	for (unsigned int i = 0; i < made; i++)
		ASSERT_NE(0, lose_one(self));
	while (read(self->fd, &self->event, sizeof(self->event)) == (ssize_t)sizeof(self->event)) {
		seen++;
		dropped += self->event.dropped;
	}
	/* dropped ones after the last that fits are told by the next */
	if (seen + dropped < made) {
		ASSERT_NE(0, lose_one(self));
		ASSERT_EQ(0, np_event(self->fd, &self->event));
		dropped += self->event.dropped;
	}
	EXPECT_LT(0, dropped);
	EXPECT_EQ(made, seen + dropped);
	np_reap(&keeper);
}

TEST_HARNESS_MAIN
