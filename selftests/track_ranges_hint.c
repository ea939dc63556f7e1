// SPDX-License-Identifier: GPL-2.0
/* Hint faults by range: ordinary memory bound with MPOL_F_NUMA_BALANCING, in small and in huge pages. */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 1000
#define SAMPLES_WANTED (2 * PAGES)
#define OTHERS 20	/* pages of the program itself that may have come to be there */

FIXTURE(range_hint) {
	struct np_topo topo;
};

static struct np_hint_run run;

FIXTURE_SETUP(range_hint)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	run.fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, run.fd);
	np_scan_fast();
	run.work = np_work_new(1);
	run.work->job[0] = (struct np_job) {
		.cpu = self->topo.near_cpu, .node = { self->topo.far, self->topo.near }, .pages = { PAGES, PAGES },
	};
}

FIXTURE_TEARDOWN(range_hint)
{
	np_work_end(run.work);
	np_scan_restore();
	close(run.fd);
}

#define NEED_HINTS do {									\
	NP_NEED_TWO_NODES(self->topo);							\
	NP_NEED(np_balancing(), "kernel.numa_balancing is off");			\
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_HINT);					\
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_WATCH);				\
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_MM_HOLD);				\
} while (0)

static __u64 range_samples(__u32 range, int page_node)
{
	return np_range_samples(&run.counts, range, NUMAPERF_SOURCE_HINT, page_node);
}

/*
 * Watched from the first fault on: the job begins with its memory there already. What is on the far node is that area
 * alone, but for a few pages, so that its count is known.
 */
TEST_F(range_hint, area_on_the_far_node_has_all_its_faults)
{
	struct numaperf_ioc_watch far, near;
	__u64 all;

	NEED_HINTS;
	run.watched[0] = &far;
	run.watched[1] = &near;
	ASSERT_EQ(0, np_hint_begin(&run, SAMPLES_WANTED));
	ASSERT_EQ(0, np_hint_finish(&run));
	ASSERT_EQ(0, np_counts_read(run.fd, run.target, NUMAPERF_READ_RANGES, &run.counts));
	all = np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, NP_ANY, self->topo.far);
	TH_LOG("far: %llu of %llu samples, near: %llu", range_samples(far.range, NP_ANY), all,
	       range_samples(near.range, NP_ANY));
	EXPECT_LE(SAMPLES_WANTED / 4, (int)all);
	EXPECT_GE(all, range_samples(far.range, self->topo.far));
	EXPECT_LE(all, range_samples(far.range, self->topo.far) + OTHERS);
	EXPECT_EQ(0, range_samples(far.range, self->topo.near));
	EXPECT_EQ(0, range_samples(near.range, self->topo.far));
	EXPECT_LT(0, range_samples(near.range, self->topo.near));
}

struct toucher {
	char *page;
	int cpu;
	__u64 end;
};

static void *touch_for_a_second(void *arg)
{
	struct toucher *toucher = arg;

	np_affinity_set_cpu(0, toucher->cpu);
	while (np_now_ns() < toucher->end)
		*(volatile char *)toucher->page = 1;
	return NULL;
}

/* The scan comes by the run time of a thread, and a fresh one may be scanned at once: see np_map_armed(). */
static bool huge_samples(struct toucher *toucher, __u32 range)
{
	pthread_t thread;

	toucher->end = np_now_ns() + 1000000000ULL;
	if (pthread_create(&thread, NULL, touch_for_a_second, toucher))
		return false;
	pthread_join(thread, NULL);
	return np_counts_read(run.fd, run.target, NUMAPERF_READ_RANGES, &run.counts) == 0 &&
	       range_samples(range, NP_ANY) > 0;
}

TEST_F(range_hint, huge_page_is_one_sample_of_all_its_pages)
{
	struct toucher toucher = { .cpu = self->topo.near_cpu };
	struct numaperf_ioc_watch watch;
	size_t size;

	NEED_HINTS;
	toucher.page = np_map_huge(self->topo.far, &size);
	NP_NEED(toucher.page, "no transparent huge pages");
	ASSERT_EQ(0, np_track(run.fd, 0, NP_HINT, NUMAPERF_TRACK_PROCESS, &run.target));
	ASSERT_EQ(0, np_watch(run.fd, run.target, 0, toucher.page, size, &watch));
	ASSERT_TRUE(np_eventually(huge_samples(&toucher, watch.range)));
	EXPECT_EQ(range_samples(watch.range, NP_ANY) * (size / np_page_size()),
		  np_range_pages(&run.counts, watch.range, NUMAPERF_SOURCE_HINT, NP_ANY));
}

TEST_HARNESS_MAIN
