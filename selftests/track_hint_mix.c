// SPDX-License-Identifier: GPL-2.0
/* The ratio that hint faults show against accesses whose mix is known, one thread (the kernel's blind spot) and two. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

/* A scan may be cut short between the two areas, so one scan more or less must make no difference to the ratio. */
#define PAGES 400
#define SAMPLES_WANTED (15 * PAGES)
#define TOLERANCE 3	/* points */

FIXTURE(mix) {
	struct np_topo topo;
};

FIXTURE_VARIANT(mix) {
	int local;		/* percent */
	int threads;
};

FIXTURE_VARIANT_ADD(mix, local_90_one_thread) { .local = 90, .threads = 1 };
FIXTURE_VARIANT_ADD(mix, local_50_one_thread) { .local = 50, .threads = 1 };
FIXTURE_VARIANT_ADD(mix, local_90_two_threads) { .local = 90, .threads = 2 };
FIXTURE_VARIANT_ADD(mix, local_50_two_threads) { .local = 50, .threads = 2 };

static struct np_hint_run run;

FIXTURE_SETUP(mix)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	run.fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, run.fd);
	np_scan_fast();
	run.work = np_work_new(variant->threads);
	for (int i = 0; i < variant->threads; i++) {
		/* the second thread works from the other side, where there is a CPU */
		bool away = i == 1 && self->topo.far_cpu >= 0;
		int here = away ? self->topo.far : self->topo.near;
		int there = away ? self->topo.near : self->topo.far;

		run.work->job[i] = (struct np_job) {
			.cpu = away ? self->topo.far_cpu : self->topo.near_cpu,
			.node = { here, there },
			.pages = { PAGES * variant->local / 100, PAGES * (100 - variant->local) / 100 },
		};
	}
}

FIXTURE_TEARDOWN(mix)
{
	np_work_end(run.work);
	np_scan_restore();
	close(run.fd);
}

TEST_F(mix, is_seen_in_every_thread)
{
	NP_NEED_TWO_NODES(self->topo);
	NP_NEED(np_balancing(), "kernel.numa_balancing is off");
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_HINT);
	NP_NEED_FEATURE(run.fd, NUMAPERF_FEATURE_MM_HOLD);
	ASSERT_EQ(0, np_hint_begin(&run, SAMPLES_WANTED));
	ASSERT_EQ(0, np_hint_finish(&run));

	for (int i = 0; i < run.work->nr_jobs; i++) {
		pid_t tid = run.work->job[i].tid;
		__u64 all = np_samples(&run.counts, tid, NUMAPERF_SOURCE_HINT, NP_ANY, NP_ANY);
		__u64 local = np_local_samples(&run.counts, tid, NUMAPERF_SOURCE_HINT);

		TH_LOG("thread %d: %llu of %llu samples local, %d %% expected", i, local, all, variant->local);
		EXPECT_LE((variant->local - TOLERANCE) * all, local * 100);
		EXPECT_GE((variant->local + TOLERANCE) * all, local * 100);
	}
}

TEST_HARNESS_MAIN
