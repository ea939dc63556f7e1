// SPDX-License-Identifier: GPL-2.0
/* The list of leases: what it says of one, and who sees which. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"

#define RANGE_PAGES 16
#define ROOM 64

FIXTURE(list) {
	int fd;
	struct np_topo topo;
	struct np_set one, node;
	void *range;
	size_t length;
	struct numaperf_ioc_thread_pin thread;
	struct numaperf_ioc_range_pin pages;
	struct numaperf_lease_record record;
};

FIXTURE_SETUP(list)
{
	struct rlimit unlimited = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &unlimited));
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->one = np_set_of(self->topo.near_cpu);
	self->node = np_set_of(self->topo.near);
	self->length = RANGE_PAGES * np_page_size();
	self->range = np_map_on(self->topo.near, self->length);
	ASSERT_EQ(0, np_affinity_set(0, &self->one));
}

FIXTURE_TEARDOWN(list)
{
	close(self->fd);
}

static int pin_thread(FIXTURE_DATA(list) *self)
{
	return np_pin_thread(self->fd, 0, &self->one, NUMAPERF_PIN_INHERIT_THREADS, &self->thread);
}

static int pin_range(FIXTURE_DATA(list) *self)
{
	return np_pin_range(self->fd, self->range, self->length, &self->node, 0, &self->pages);
}

/* How many leases the session lists, and whether id is among them. */
static int list(int fd, __u32 flags, __u64 id, bool *found)
{
	static struct numaperf_lease_record records[ROOM];
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases), .flags = flags, .entries = (uintptr_t)records, .count = ROOM,
		.entry_size = sizeof(records[0]),
	};
	int err = np_ioctl(fd, NUMAPERF_IOC_LEASES, &leases);

	*found = false;
	for (__u32 i = 0; !err && i < leases.count; i++)
		*found |= records[i].id == id;
	return err ? err : (int)leases.count;
}

TEST_F(list, is_empty_without_leases)
{
	bool found;

	EXPECT_EQ(0, list(self->fd, NUMAPERF_LEASES_MINE, 0, &found));
}

TEST_F(list, tells_of_a_thread_pin)
{
	__u64 before = np_now_ns(), after;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "np_pinned"));
	ASSERT_EQ(0, pin_thread(self));
	after = np_now_ns();
	ASSERT_EQ(0, np_lease(self->fd, self->thread.lease, &self->record));
	EXPECT_EQ(self->thread.lease, self->record.id);
	EXPECT_EQ(NUMAPERF_LEASE_THREAD, self->record.kind);
	EXPECT_EQ(NUMAPERF_LEASE_HELD, self->record.state);
	EXPECT_EQ(NUMAPERF_REASON_NONE, self->record.reason);
	EXPECT_EQ(NUMAPERF_PIN_INHERIT_THREADS, self->record.flags);
	EXPECT_EQ(getpid(), self->record.pid);
	EXPECT_EQ((pid_t)syscall(SYS_gettid), self->record.tid);
	EXPECT_EQ(0, self->record.uid);
	EXPECT_EQ(1, self->record.threads);
	EXPECT_STREQ("np_pinned", self->record.comm);
	EXPECT_LE(before, self->record.since_ns);
	EXPECT_GE(after, self->record.since_ns);
	EXPECT_EQ(0, self->record.losses);
}

TEST_F(list, tells_of_a_range_pin)
{
	ASSERT_EQ(0, pin_range(self));
	ASSERT_EQ(0, np_lease(self->fd, self->pages.lease, &self->record));
	EXPECT_EQ(NUMAPERF_LEASE_RANGE, self->record.kind);
	EXPECT_EQ(NUMAPERF_LEASE_HELD, self->record.state);
	EXPECT_EQ(getpid(), self->record.pid);
	EXPECT_EQ(0, self->record.tid);
	EXPECT_EQ((uintptr_t)self->range, self->record.addr);
	EXPECT_EQ(self->length, self->record.length);
	EXPECT_EQ(self->length, self->record.held);
}

TEST_F(list, has_all_of_a_session)
{
	bool found;

	ASSERT_EQ(0, pin_thread(self));
	ASSERT_EQ(0, pin_range(self));
	EXPECT_EQ(2, list(self->fd, NUMAPERF_LEASES_MINE, self->pages.lease, &found));
	EXPECT_TRUE(found);
}

TEST_F(list, counts_them_in_info)
{
	struct numaperf_ioc_info before, after;

	ASSERT_EQ(0, np_info(self->fd, &before));
	ASSERT_EQ(0, pin_thread(self));
	ASSERT_EQ(0, np_info(self->fd, &after));
	EXPECT_EQ(before.leases + 1, after.leases);
}

TEST_F(list, mine_leaves_out_other_sessions)
{
	int other = np_open(O_CLOEXEC);
	bool found;

	ASSERT_EQ(0, pin_range(self));
	EXPECT_EQ(0, list(other, NUMAPERF_LEASES_MINE, 0, &found));
}

TEST_F(list, shows_other_sessions_of_the_user)
{
	int other = np_open(O_CLOEXEC);
	bool found;

	ASSERT_EQ(0, pin_range(self));
	EXPECT_LT(0, list(other, 0, self->pages.lease, &found));
	EXPECT_TRUE(found);
}

TEST_F(list, of_an_unknown_id_is_ENOENT)
{
	EXPECT_EQ(-ENOENT, np_lease(self->fd, ~0ULL, &self->record));
}

static int set_of_lease(int fd, __u64 lease, struct np_set *set)
{
	struct numaperf_lease_record record;
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases), .lease = lease, .entries = (uintptr_t)&record, .count = 1,
		.entry_size = sizeof(record), .set = (uintptr_t)set->words, .set_bits = NP_SET_BITS,
	};

	return np_ioctl(fd, NUMAPERF_IOC_LEASES, &leases);
}

TEST_F(list, tells_the_cpus_that_hold_the_thread)
{
	struct np_set set = { 0 };

	ASSERT_EQ(0, pin_thread(self));
	ASSERT_EQ(0, set_of_lease(self->fd, self->thread.lease, &set));
	EXPECT_TRUE(np_set_equal(&self->one, &set));
}

TEST_F(list, tells_the_nodes_of_a_range)
{
	struct np_set set = { 0 };

	ASSERT_EQ(0, pin_range(self));
	ASSERT_EQ(0, set_of_lease(self->fd, self->pages.lease, &set));
	EXPECT_TRUE(np_set_equal(&self->node, &set));
}

/* ----------------------------------------------------------- other users */

struct look {
	__u64 id;
	int node;
};

static int look_for(struct np_child *me, void *arg)
{
	struct look *look = arg;
	int fd = np_open(O_CLOEXEC);
	bool found;

	(void)me;
	return list(fd, 0, look->id, &found) < 0 ? 255 : found;
}

static int ask_for(struct np_child *me, void *arg)
{
	struct look *look = arg;
	struct numaperf_lease_record record;

	(void)me;
	return np_status(np_lease(np_open(O_CLOEXEC), look->id, &record));
}

TEST_F(list, hides_roots_leases_from_nobody)
{
	struct look look;

	ASSERT_EQ(0, pin_range(self));
	look.id = self->pages.lease;
	EXPECT_EQ(0, np_run(NP_NOBODY, look_for, &look));
}

TEST_F(list, hides_roots_leases_from_nobody_who_knows_the_id)
{
	struct look look;

	ASSERT_EQ(0, pin_range(self));
	look.id = self->pages.lease;
	EXPECT_EQ(ENOENT, np_run(NP_NOBODY, ask_for, &look));
}

static int hold_page(struct np_child *me, void *arg)
{
	struct look *look = arg;
	struct np_set node = np_set_of(look->node);
	struct numaperf_ioc_range_pin pin = { 0 };
	void *page = np_map_on(look->node, np_page_size());
	__u64 word;

	np_pin_range(np_open(O_CLOEXEC), page, np_page_size(), &node, 0, &pin);
	return np_say(me, pin.lease) || np_hear(me, &word);
}

FIXTURE(of_nobody) {
	int fd;
	struct np_child holder;
	struct look look;
};

FIXTURE_SETUP(of_nobody)
{
	struct rlimit unlimited = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
	struct np_topo topo;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &unlimited));
	ASSERT_EQ(0, np_topo_read(&topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->look.node = topo.near;
	ASSERT_EQ(0, np_spawn(&self->holder, NP_NOBODY, hold_page, &self->look));
	ASSERT_EQ(0, np_hear(&self->holder, &self->look.id));
	ASSERT_NE(0, self->look.id);
}

FIXTURE_TEARDOWN(of_nobody)
{
	np_kill(&self->holder);
	close(self->fd);
}

TEST_F(of_nobody, is_seen_by_root)
{
	struct numaperf_lease_record record;

	ASSERT_EQ(0, np_lease(self->fd, self->look.id, &record));
	EXPECT_EQ(NP_NOBODY, record.uid);
	EXPECT_EQ(self->holder.pid, record.pid);
}

TEST_F(of_nobody, is_seen_by_another_process_of_nobody)
{
	EXPECT_EQ(1, np_run(NP_NOBODY, look_for, &self->look));
}

TEST_F(of_nobody, is_hidden_from_somebody)
{
	EXPECT_EQ(0, np_run(NP_SOMEBODY, look_for, &self->look));
}

TEST_HARNESS_MAIN
