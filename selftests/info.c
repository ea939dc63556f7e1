// SPDX-License-Identifier: GPL-2.0
/* What the module says of itself, and of this machine. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include "np_test.h"

#define REASONS 16

FIXTURE(info) {
	int fd;
	struct numaperf_ioc_info info;
};

FIXTURE_SETUP(info)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_info(self->fd, &self->info));
}

FIXTURE_TEARDOWN(info)
{
	close(self->fd);
}

TEST_F(info, knows_every_feature_of_this_header)
{
	EXPECT_EQ((1U << NUMAPERF_FEATURE_COUNT) - 1, self->info.known);
}

TEST_F(info, features_are_known_ones)
{
	EXPECT_EQ(0, self->info.features & ~self->info.known);
}

TEST_F(info, every_absent_feature_has_a_reason)
{
	for (int feature = 0; feature < NUMAPERF_FEATURE_COUNT; feature++) {
		if (self->info.features >> feature & 1)
			continue;
		EXPECT_NE(NUMAPERF_REASON_NONE, self->info.reasons[feature])
			TH_LOG("feature %d", feature);
	}
}

TEST_F(info, no_present_feature_has_a_reason)
{
	for (int feature = 0; feature < REASONS; feature++) {
		if (!(self->info.features >> feature & 1))
			continue;
		EXPECT_EQ(NUMAPERF_REASON_NONE, self->info.reasons[feature])
			TH_LOG("feature %d", feature);
	}
}

/* Sources are absent only where a parameter or the kernel's build says so; neither does here. */
TEST_F(info, pins_and_placement_work_here)
{
	__u64 basic = 1U << NUMAPERF_FEATURE_THREAD_PIN | 1U << NUMAPERF_FEATURE_RANGE_PIN |
		      1U << NUMAPERF_FEATURE_PLACEMENT;

	EXPECT_EQ(basic, self->info.features & basic);
}

TEST_F(info, active_sources_are_features)
{
	if (self->info.active >> NUMAPERF_SOURCE_HINT & 1)
		EXPECT_TRUE(self->info.features >> NUMAPERF_FEATURE_HINT & 1);
	if (self->info.active >> NUMAPERF_SOURCE_FAULT & 1)
		EXPECT_TRUE(self->info.features >> NUMAPERF_FEATURE_FAULT & 1);
	EXPECT_EQ(0, self->info.active >> NUMAPERF_SOURCE_COUNT);
}

TEST_F(info, tells_the_page_size)
{
	EXPECT_EQ(np_page_size(), self->info.page_size);
}

TEST_F(info, node_ids_cover_every_online_node)
{
	struct np_set nodes;

	ASSERT_EQ(0, np_set_read("/sys/devices/system/node/online", &nodes));
	for (int node = np_set_first(&nodes); node >= 0; node = np_set_next(&nodes, node))
		EXPECT_LT(node, (int)self->info.node_ids);
}

TEST_F(info, cpu_ids_cover_every_possible_cpu)
{
	struct np_set cpus;

	ASSERT_EQ(0, np_set_read("/sys/devices/system/cpu/possible", &cpus));
	for (int cpu = np_set_first(&cpus); cpu >= 0; cpu = np_set_next(&cpus, cpu))
		EXPECT_LT(cpu, (int)self->info.cpu_ids);
}

TEST_F(info, root_has_no_memory_limit)
{
	EXPECT_EQ(~0ULL, self->info.locked_limit);
}

TEST_F(info, quotas_are_not_zero)
{
	EXPECT_LT(0, self->info.leases_max);
	EXPECT_LT(0, self->info.threads_max);
}

TEST_F(info, counts_this_session)
{
	struct numaperf_ioc_info more;
	int second = np_open(O_CLOEXEC);

	ASSERT_LE(0, second);
	ASSERT_EQ(0, np_info(self->fd, &more));
	EXPECT_EQ(self->info.sessions + 1, more.sessions);
	close(second);
	ASSERT_EQ(0, np_info(self->fd, &more));
	EXPECT_EQ(self->info.sessions, more.sessions);
}

static int limit_of_nobody(struct np_child *me, void *arg)
{
	struct numaperf_ioc_info info;
	struct rlimit limit;
	int fd = np_open(O_CLOEXEC);

	(void)arg;
	if (fd < 0)
		return -fd;
	if (np_info(fd, &info) || getrlimit(RLIMIT_MEMLOCK, &limit))
		return 1;
	return np_say(me, info.locked_limit == limit.rlim_cur) ? 1 : 0;
}

/* Dry runs, placement and one's own counters are for everyone: the device is open to all. */
TEST_F(info, nobody_may_ask_and_sees_the_own_limit)
{
	struct rlimit limit = { .rlim_cur = 1 << 20, .rlim_max = 1 << 20 };
	struct np_child child;
	__u64 same = 0;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, np_spawn(&child, NP_NOBODY, limit_of_nobody, NULL));
	EXPECT_EQ(0, np_hear(&child, &same));
	EXPECT_EQ(0, np_reap(&child));
	EXPECT_EQ(1, same);
}

/* --------------------------------------------------------------- dry run */

FIXTURE(dry_run) {
	int fd;
	struct np_topo topo;
	struct numaperf_ioc_info before, after;
};

FIXTURE_SETUP(dry_run)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_info(self->fd, &self->before));
}

FIXTURE_TEARDOWN(dry_run)
{
	close(self->fd);
}

static __u32 my_leases(int fd)
{
	struct numaperf_lease_record records[8];
	struct numaperf_ioc_leases leases = {
		.size = sizeof(leases), .flags = NUMAPERF_LEASES_MINE, .entries = (uintptr_t)records, .count = 8,
		.entry_size = sizeof(records[0]),
	};

	return np_ioctl(fd, NUMAPERF_IOC_LEASES, &leases) ? ~0U : leases.count;
}

TEST_F(dry_run, thread_pin_takes_nothing)
{
	struct numaperf_ioc_thread_pin pin;

	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->topo.cpus, NUMAPERF_DRY_RUN, &pin));
	EXPECT_EQ(0, np_affinity_set(0, &self->topo.cpus));
	EXPECT_EQ(0, my_leases(self->fd));
}

TEST_F(dry_run, range_pin_takes_nothing)
{
	struct numaperf_ioc_range_pin pin;
	struct np_set node = np_set_of(self->topo.near);
	void *page = np_map_on(self->topo.near, np_page_size());

	ASSERT_EQ(0, np_pin_range(self->fd, page, np_page_size(), &node, NUMAPERF_DRY_RUN, &pin));
	ASSERT_EQ(0, np_info(self->fd, &self->after));
	EXPECT_EQ(self->before.locked_bytes, self->after.locked_bytes);
	EXPECT_EQ(0, my_leases(self->fd));
}

TEST_F(dry_run, range_pin_makes_all_checks)
{
	struct numaperf_ioc_range_pin pin;
	struct np_set node = np_set_of(self->topo.near);
	void *page = np_map(np_page_size());

	EXPECT_EQ(-ENODATA, np_pin_range(self->fd, page, np_page_size(), &node, NUMAPERF_DRY_RUN, &pin));
	EXPECT_EQ(NUMAPERF_REASON_ABSENT, pin.reason);
}

TEST_F(dry_run, track_takes_nothing)
{
	struct numaperf_ioc_track track = {
		.size = sizeof(track), .flags = NUMAPERF_DRY_RUN, .sources = 1U << NUMAPERF_SOURCE_FAULT,
	};

	ASSERT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_TRACK, &track));
	ASSERT_EQ(0, np_info(self->fd, &self->after));
	EXPECT_EQ(self->before.threads, self->after.threads);
}

TEST_HARNESS_MAIN
