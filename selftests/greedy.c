// SPDX-License-Identifier: GPL-2.0
/*
 * A hundred users each take as much of everything as they can get, and hold it: the kernel's memory stays bounded by
 * what the quotas say, others are served as before, and all of it comes back.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define USERS 100
#define FIRST_UID 100000
#define QUOTA 8			/* of each kind, so that an emulated guest is done soon */
#define MEMORY_EACH (512LL << 10)	/* of the kernel's: sessions with their rings, leases, threads, and a process */

#define PARAMETERS "/sys/module/numaperf/parameters/"

static struct parameter {
	const char *path;
	char before[16];
} parameters[] = {
	{ PARAMETERS "sessions_max", "" }, { PARAMETERS "leases_max", "" }, { PARAMETERS "threads_max", "" },
};

FIXTURE(greedy) {
	struct np_topo topo;
	struct np_child users[USERS];
	long long before;
	unsigned int sessions_before;
	int fd;
};

/* Nothing that a program can get out of it by itself: without page tables and caches of files. */
static long long kernel_memory(void)
{
	return np_proc_bytes("/proc/meminfo", "SUnreclaim") + np_proc_bytes("/proc/meminfo", "Percpu") +
	       np_proc_bytes("/proc/meminfo", "VmallocUsed");
}

struct taken {
	__u64 sessions, leases, targets;
};

static void take_all(const struct np_topo *topo, struct taken *taken)
{
	struct np_set node = np_set_of(topo->near);
	struct numaperf_ioc_range_pin pin;
	char *area = np_map_on(topo->near, np_page_size());
	int fd = -1, next;
	__u32 target;

	while ((next = np_open(O_CLOEXEC)) >= 0) {
		fd = next;
		taken->sessions++;
	}
	while (np_pin_range(fd, area, np_page_size(), &node, 0, &pin) == 0)
		taken->leases++;
	while (np_track(fd, 0, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target) == 0)
		taken->targets++;
}

static int be_greedy(struct np_child *me, void *arg)
{
	struct taken taken = { 0 };
	__u64 word;

	take_all(arg, &taken);
	return np_say(me, taken.sessions) || np_say(me, taken.leases) || np_say(me, taken.targets) || np_hear(me, &word);
}

FIXTURE_SETUP(greedy)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
	struct numaperf_ioc_info info;
	char text[16];

	ASSERT_EQ(0, np_topo_read(&self->topo));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_info(self->fd, &info));
	self->sessions_before = info.sessions;
	snprintf(text, sizeof(text), "%d", QUOTA);
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		ASSERT_LT(0, np_read_file(parameters[i].path, parameters[i].before, sizeof(parameters[i].before)));
		ASSERT_EQ(0, np_write_file(parameters[i].path, text));
	}
	self->before = kernel_memory();
}

FIXTURE_TEARDOWN(greedy)
{
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
		np_write_file(parameters[i].path, parameters[i].before);
	close(self->fd);
}

/* All of them, each with what it could get. Returns how many got exactly their quota of everything. */
static int invite(FIXTURE_DATA(greedy) *self)
{
	bool faults = np_feature(self->fd, NUMAPERF_FEATURE_FAULT);
	int exact = 0;

	for (int i = 0; i < USERS; i++)
		if (np_spawn(&self->users[i], FIRST_UID + i, be_greedy, &self->topo))
			return -1;
	for (int i = 0; i < USERS; i++) {
		struct taken taken;

		if (np_hear(&self->users[i], &taken.sessions) || np_hear(&self->users[i], &taken.leases) ||
		    np_hear(&self->users[i], &taken.targets))
			return -1;
		exact += taken.sessions == QUOTA && taken.leases == QUOTA && (!faults || taken.targets == QUOTA);
	}
	return exact;
}

static void send_home(FIXTURE_DATA(greedy) *self)
{
	for (int i = 0; i < USERS; i++)
		np_kill(&self->users[i]);
}

TEST_F(greedy, users_get_their_quotas_and_no_more)
{
	EXPECT_EQ(USERS, invite(self));
	send_home(self);
}

TEST_F(greedy, users_cost_the_kernel_bounded_memory)
{
	ASSERT_EQ(USERS, invite(self));
	EXPECT_GT(USERS * MEMORY_EACH, kernel_memory() - self->before);
	send_home(self);
}

static int modest(struct np_child *me, void *arg)
{
	struct taken taken = { 0 };

	(void)me;
	take_all(arg, &taken);
	return taken.sessions == QUOTA && taken.leases == QUOTA ? 0 : 1;
}

TEST_F(greedy, users_leave_others_theirs)
{
	ASSERT_EQ(USERS, invite(self));
	EXPECT_EQ(0, np_run(NP_NOBODY, modest, &self->topo));
	send_home(self);
}

static bool all_is_back(FIXTURE_DATA(greedy) *self)
{
	struct numaperf_ioc_info info;

	return np_info(self->fd, &info) == 0 && info.sessions == self->sessions_before;
}

TEST_F(greedy, users_leave_nothing_behind)
{
	ASSERT_EQ(USERS, invite(self));
	send_home(self);
	EXPECT_TRUE(np_eventually(all_is_back(self)));
	/* What the kernel caches of it is less than a tenth of what there was at most. */
	EXPECT_TRUE(np_eventually(kernel_memory() - self->before < USERS * MEMORY_EACH / 10));
}

TEST_HARNESS_MAIN
