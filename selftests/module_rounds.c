// SPDX-License-Identifier: GPL-2.0
/*
 * Loading, use and unloading, over and over: the kernel's memory does not grow with it. NUMAPERF_ROUNDS in the
 * environment says how often (20; a thorough check: 1000, which qemu/run's "script" can ask for).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define ROUNDS 20
/* A round with a user takes seconds: its hooks are patched in and out. */
#define USED_EVERY 7
#define PAGES 64
/* What the kernel's own caches move by, whatever is loaded. Over the rounds in all. */
#define NOISE_KIB 2048

FIXTURE(rounds) {
	char parameters[512];
	struct np_topo topo;
	int count;
};

FIXTURE_SETUP(rounds)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	ASSERT_TRUE(np_module_loaded());
	np_module_parameters(self->parameters, sizeof(self->parameters));
	self->count = np_rounds(ROUNDS, 1000);
}

FIXTURE_TEARDOWN(rounds)
{
	if (!np_module_loaded())
		EXPECT_EQ(0, np_module_load(self->parameters));
}

/* A user of this round: pins, a range that is lost in part, a target; ends without a word. */
static int use(struct np_child *me, void *arg)
{
	struct np_topo *topo = arg;
	struct np_set cpu = np_set_of(topo->near_cpu), node = np_set_of(topo->near);
	size_t length = PAGES * np_page_size();
	struct numaperf_ioc_thread_pin thread;
	struct numaperf_ioc_range_pin range;
	int fd = np_open(O_CLOEXEC);
	char *area = np_map_on(topo->near, length);
	__u32 target;

	(void)me;
	if (np_feature(fd, NUMAPERF_FEATURE_FAULT) && np_track(fd, 0, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target))
		return 1;
	if (np_affinity_set(0, &cpu) || np_pin_thread(fd, 0, &cpu, NUMAPERF_PIN_INHERIT_THREADS, &thread))
		return 2;
	if (np_pin_range(fd, area, length, &node, 0, &range) || np_unmap(area, length / 2))
		return 3;
	return 0;
}

static int go_round(FIXTURE_DATA(rounds) *self, int i)
{
	int err = i % USED_EVERY ? 0 : np_run(0, use, &self->topo);

	if (err)
		return err;
	close(np_open(O_CLOEXEC));
	if (!np_eventually(np_module_unload() == 0))
		return -EBUSY;
	return np_module_load(self->parameters);
}

/* What the kernel holds for good, in KiB: without what it would give back. */
static long long unreclaimable(void)
{
	np_write_file("/proc/sys/vm/drop_caches", "3");
	return (np_proc_bytes("/proc/meminfo", "SUnreclaim") + np_proc_bytes("/proc/meminfo", "VmallocUsed") +
		np_proc_bytes("/proc/meminfo", "Percpu")) / 1024;
}

static long long all_free(void)
{
	np_write_file("/proc/sys/vm/drop_caches", "3");
	return np_proc_bytes("/proc/meminfo", "MemAvailable") / 1024;
}

/* As long as a thousand rounds may take. */
TEST_F_TIMEOUT(rounds, do_not_grow_the_kernel, 7200)
{
	long long before, free_before;

	ASSERT_EQ(0, go_round(self, 0));
	before = unreclaimable();
	free_before = all_free();
	for (int i = 0; i < self->count; i++)
		ASSERT_EQ(0, go_round(self, i));
	/* Grace periods and workers give back a little later. */
	EXPECT_TRUE(np_eventually(unreclaimable() < before + NOISE_KIB))
		TH_LOG("%lld KiB, then %lld", before, unreclaimable());
	EXPECT_TRUE(np_eventually(all_free() > free_before - 4 * NOISE_KIB))
		TH_LOG("%lld KiB free, then %lld", free_before, all_free());
	TH_LOG("%d rounds: %+lld KiB kept, %+lld KiB free", self->count, unreclaimable() - before,
	       all_free() - free_before);
}

TEST_HARNESS_MAIN
