// SPDX-License-Identifier: GPL-2.0
/* Hint faults: every one that the kernel itself counts, with the node that the page had when it was touched. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 2000
#define SAMPLES_WANTED (3 * PAGES)

FIXTURE(hint) {
	struct np_topo topo;
};

static struct np_hint_run run;

FIXTURE_SETUP(hint)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	run.fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, run.fd);
	np_scan_fast();
	run.work = np_work_new(1);
	run.work->job[0] = (struct np_job) {
		.cpu = self->topo.near_cpu, .node = { self->topo.far, self->topo.near }, .pages = { PAGES, 0 },
	};
}

FIXTURE_TEARDOWN(hint)
{
	np_work_end(run.work);
	np_scan_restore();
	close(run.fd);
}

#define NEED_HINTS do {									\
	NP_NEED_TWO_NODES(self->topo);							\
	NP_NEED(np_balancing(), "kernel.numa_balancing is off");			\
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_HINT);					\
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_MM_HOLD);				\
} while (0)

static int run_for(__u64 samples)
{
	return np_hint_begin(&run, samples) ?: np_hint_finish(&run);
}

/* What other processes of an otherwise idle guest may add to vmstat's counts; they never take away. */
static __u64 others(__u64 samples)
{
	return samples / 50 + 50;
}

TEST_F(hint, samples_equal_vmstat)
{
	__u64 samples;

	NEED_HINTS;
	ASSERT_EQ(0, run_for(SAMPLES_WANTED));
	samples = np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, NP_ANY, NP_ANY);
	TH_LOG("samples %llu, vmstat %llu, missed %llu", samples, run.faults, run.counts.read.missed);
	EXPECT_LE(samples, run.faults);
	EXPECT_LE(run.faults, samples + others(samples));
}

/* On the thread's own node only, where the kernel would count none of a process with one thread. */
TEST_F(hint, local_samples_equal_vmstat)
{
	__u64 local;

	NEED_HINTS;
	run.work->job[0].node[0] = self->topo.near;
	ASSERT_EQ(0, run_for(SAMPLES_WANTED));
	local = np_local_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT);
	TH_LOG("local samples %llu, vmstat %llu", local, run.local);
	EXPECT_LE(SAMPLES_WANTED / 2, (int)local);
	EXPECT_LE(local, run.local);
	EXPECT_LE(run.local, local + others(local));
}

/* near is where the thread runs, far is where the pages are: the other way round would be a swapped matrix. */
TEST_F(hint, cell_says_from_where_to_where)
{
	NEED_HINTS;
	ASSERT_EQ(0, run_for(SAMPLES_WANTED));
	EXPECT_LE(SAMPLES_WANTED * 9 / 10,
		  (int)np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, self->topo.near, self->topo.far));
	EXPECT_EQ(0, np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, self->topo.far, NP_ANY));
}

/* Each is a page fault, too, but of a warm page: at the default period a hundred or so would be sampled. */
TEST_F(hint, hint_fault_is_no_first_touch)
{
	NEED_HINTS;
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_FAULT);
	run.sources = NP_FAULT;
	ASSERT_EQ(0, run_for(SAMPLES_WANTED));
	EXPECT_LE(SAMPLES_WANTED, (int)np_faults(&run.counts));
	EXPECT_GE(SAMPLES_WANTED / 500, (int)np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
}

TEST_F(hint, small_pages_count_once)
{
	NEED_HINTS;
	ASSERT_EQ(0, run_for(SAMPLES_WANTED));
	EXPECT_EQ(np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, self->topo.near, self->topo.far),
		  np_sampled_pages(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, self->topo.near, self->topo.far));
}

/* Default policy: the first access of each page is remote, and then the kernel moves the page to the thread. */
TEST_F(hint, node_is_that_before_migration)
{
	__u64 remote;

	NEED_HINTS;
	run.work->job[0].movable = true;
	ASSERT_EQ(0, run_for(PAGES));
	remote = np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, self->topo.near, self->topo.far);
	TH_LOG("remote samples %llu, pages migrated %llu", remote, run.migrated);
	ASSERT_LE(PAGES / 2, (int)run.migrated);
	EXPECT_LE(run.migrated * 9 / 10, remote);
}

TEST_F(hint, counts_are_of_the_target_alone)
{
	struct np_work *idle = np_work_new(1);
	__u32 target;

	NEED_HINTS;
	idle->job[0] = run.work->job[0];
	ASSERT_EQ(0, np_work_prepare(idle));
	ASSERT_EQ(0, np_track(run.fd, idle->child.pid, NP_HINT, NUMAPERF_TRACK_PROCESS, &target));
	ASSERT_EQ(0, run_for(SAMPLES_WANTED));
	ASSERT_EQ(0, np_counts_read(run.fd, target, 0, &run.counts));
	EXPECT_EQ(0, np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, NP_ANY, NP_ANY));
	np_work_end(idle);
}

TEST_F(hint, nothing_is_counted_after_stop)
{
	unsigned long long faults;
	__u64 samples;

	NEED_HINTS;
	ASSERT_EQ(0, np_hint_begin(&run, PAGES));
	ASSERT_EQ(0, np_counts_read(run.fd, run.target, NUMAPERF_READ_STOP, &run.counts));
	samples = np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, NP_ANY, NP_ANY);
	/* it keeps touching: the kernel goes on counting, the module doesn't */
	faults = np_vmstat("numa_hint_faults");
	ASSERT_TRUE(np_eventually(np_vmstat("numa_hint_faults") > faults + PAGES / 4));
	ASSERT_EQ(0, np_counts_read(run.fd, run.target, 0, &run.counts));
	EXPECT_EQ(samples, np_samples(&run.counts, NP_ANY, NUMAPERF_SOURCE_HINT, NP_ANY, NP_ANY));
}

TEST_HARNESS_MAIN
