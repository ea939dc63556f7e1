// SPDX-License-Identifier: GPL-2.0
/*
 * Observed regions under everything at once: sampled at a high rate while they are mapped, used, unmapped, forked,
 * moved, released, revoked, read and set. Nothing is lost, nothing is counted twice; the guest's own checks (leaks,
 * complaints of the kernel) judge the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define PAGES 128
#define RATE 10000
#define RUN_NS 2000000000ULL

FIXTURE(stress) {
	struct np_topo topo;
	int fd;
	struct np_region region;
};

FIXTURE_VARIANT(stress) {
	bool huge;
};

FIXTURE_VARIANT_ADD(stress, small) { .huge = false };
FIXTURE_VARIANT_ADD(stress, huge) { .huge = true };

FIXTURE_SETUP(stress)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->region.fd = -1;
}

FIXTURE_TEARDOWN(stress)
{
	np_region_end(&self->region);
	close(self->fd);
}

static size_t length_of(const FIXTURE_VARIANT(stress) *variant)
{
	return variant->huge ? 4 * np_huge_size() : PAGES * np_page_size();
}

static __u32 flags_of(const FIXTURE_VARIANT(stress) *variant)
{
	return variant->huge ? NUMAPERF_REGION_HUGE : 0;
}

#define NEED_REGION do {							\
	if (variant->huge)							\
		NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_REGION_HUGE);	\
} while (0)

struct busy {
	struct np_region *region;
	atomic_bool stop;
	atomic_int failures;
};

typedef void (*busy_fn)(struct busy *busy);

struct role {
	struct busy *busy;
	busy_fn once;
	pthread_t thread;
};

static void *play(void *arg)
{
	struct role *role = arg;

	while (!role->busy->stop)
		role->once(role->busy);
	return NULL;
}

/* All roles together for a while. */
static void play_all(struct busy *busy, const busy_fn *fns, int count)
{
	struct role roles[8];
	__u64 end = np_now_ns() + RUN_NS;

	for (int i = 0; i < count; i++) {
		roles[i] = (struct role) { .busy = busy, .once = fns[i] };
		if (pthread_create(&roles[i].thread, NULL, play, &roles[i]))
			abort();
	}
	while (np_now_ns() < end)
		np_nap();
	busy->stop = true;
	for (int i = 0; i < count; i++)
		pthread_join(roles[i].thread, NULL);
}

static void touch_it(struct busy *busy)
{
	np_touch(busy->region->at, busy->region->length);
}

static void map_and_unmap(struct busy *busy)
{
	size_t half = busy->region->length / 2;
	char *at = mmap(NULL, busy->region->length, PROT_READ | PROT_WRITE, MAP_SHARED, busy->region->fd, 0);

	if (at == MAP_FAILED) {
		busy->failures++;
		return;
	}
	np_touch(at, busy->region->length);
	munmap(at + half, half);
	np_touch(at, half);
	munmap(at, half);
}

static void fork_and_exit(struct busy *busy)
{
	pid_t pid = fork();

	if (!pid) {
		np_touch(busy->region->at, busy->region->length);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void set_rates(struct busy *busy)
{
	static const struct { __u32 rate, repeat; } settings[] = { { RATE, 1 }, { RATE, 4 }, { 0, 0 }, { 100, 2 } };

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (np_region_set(busy->region->session, busy->region->arg.lease, settings[i].rate,
				  settings[i].repeat))
			busy->failures++;
		np_nap();
	}
}

static void read_counts(struct busy *busy)
{
	static struct np_region_counts counts;
	static __u64 used;

	if (np_region_read(busy->region->session, busy->region->arg.lease, &counts) || counts.read.used < used)
		busy->failures++;
	used = counts.read.used;
}

TEST_F(stress, every_use_is_counted_once)
{
	static const busy_fn fns[] = { touch_it, map_and_unmap, fork_and_exit, set_rates, read_counts };
	static struct np_region_counts counts;
	struct busy busy = { .region = &self->region };

	NEED_REGION;
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, length_of(variant),
				    flags_of(variant), RATE));
	play_all(&busy, fns, sizeof(fns) / sizeof(fns[0]));
	EXPECT_EQ(0, busy.failures);

	/* what is awaited still is used now */
	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, 0, 0));
	np_touch(self->region.at, self->region.length);
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	EXPECT_LT(0, (long long)counts.read.used);
	EXPECT_EQ(counts.read.armed, counts.read.used);
	EXPECT_EQ(counts.read.used - counts.read.foreign - counts.read.uncounted,
		  np_region_uses(&counts, NP_REGION_ALL));
}

/* Whole lives of regions, ended in each way while threads use them. */
static void make_use_end(struct busy *busy, int way)
{
	struct np_region region;
	int err = np_region_make(&region, busy->region->session, (int)busy->region->arg.wrong_node,
				 busy->region->length, busy->region->arg.flags, RATE);

	if (err) {
		busy->failures++;
		return;
	}
	np_touch(region.at, region.length);
	if (way == 0)
		np_release(region.session, region.arg.lease);
	if (way == 1)
		np_revoke(region.session, region.arg.lease);
	np_touch(region.at, region.length);
	if (way == 2) {
		munmap(region.at, region.length);
		region.at = NULL;
	}
	np_region_end(&region);
}

static void end_by_release(struct busy *busy)
{
	make_use_end(busy, 0);
}

static void end_by_revoke(struct busy *busy)
{
	make_use_end(busy, 1);
}

static void end_by_unmap(struct busy *busy)
{
	make_use_end(busy, 2);
}

TEST_F(stress, short_lives_leave_nothing)
{
	static const busy_fn fns[] = { end_by_release, end_by_revoke, end_by_unmap, end_by_unmap };
	struct busy busy = { .region = &self->region };
	struct numaperf_ioc_info info;

	NEED_REGION;
	self->region = (struct np_region) {
		.session = self->fd, .fd = -1, .length = length_of(variant),
		.arg = { .wrong_node = self->topo.near, .flags = flags_of(variant) },
	};
	play_all(&busy, fns, sizeof(fns) / sizeof(fns[0]));
	EXPECT_EQ(0, busy.failures);
	EXPECT_TRUE(np_eventually(np_info(self->fd, &info) == 0 && info.leases == 0 && info.locked_bytes == 0));
}

static int use_and_die(struct np_child *me, void *arg)
{
	struct np_region region;
	struct np_topo topo;

	(void)arg;
	np_topo_read(&topo);
	if (np_region_make(&region, np_open(O_CLOEXEC), topo.near, PAGES * np_page_size(), 0, RATE))
		return 1;
	np_say(me, 0);
	for (;;)
		np_touch(region.at, region.length);
}

TEST_F(stress, killed_users_leave_nothing)
{
	struct numaperf_ioc_info info;
	__u64 word;

	NP_NEED(!variant->huge, "does not depend on the page size");
	for (int i = 0; i < 20; i++) {
		struct np_child child;

		ASSERT_EQ(0, np_spawn(&child, geteuid(), use_and_die, NULL));
		ASSERT_EQ(0, np_hear(&child, &word));
		ASSERT_EQ(256 + SIGKILL, np_kill(&child));
	}
	EXPECT_TRUE(np_eventually(np_info(self->fd, &info) == 0 && info.leases == 0 && info.locked_bytes == 0));
}

TEST_HARNESS_MAIN
