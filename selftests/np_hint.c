// SPDX-License-Identifier: GPL-2.0
/* Runs of known work under tracking by hint faults. */
#include <errno.h>

#include "np_track.h"

#define ATTEMPTS 6
#define STALL_SECONDS 8

/* Each becomes its own increase since the last time. */
static void differences(struct np_hint_run *run)
{
	run->faults = np_vmstat("numa_hint_faults") - run->faults;
	run->local = np_vmstat("numa_hint_faults_local") - run->local;
	run->migrated = np_vmstat("numa_pages_migrated") - run->migrated;
}

static int watch_areas(struct np_hint_run *run)
{
	const struct np_job *job = &run->work->job[0];
	int err = 0;

	for (int i = 0; i < 2 && !err; i++)
		if (run->watched[i])
			err = np_watch(run->fd, run->target, 0, job->area[i], job->pages[i] * np_page_size(),
				       run->watched[i]);
	return err;
}

static int start(struct np_hint_run *run)
{
	int err = np_work_prepare(run->work);

	/* Before any sample: what waits takes a fault now and then, too. */
	run->faults = run->local = run->migrated = 0;
	differences(run);
	return err ?:
	       np_track(run->fd, run->work->child.pid, NP_HINT | run->sources, NUMAPERF_TRACK_PROCESS,
			&run->target) ?:
	       watch_areas(run) ?:
	       np_work_go(run->work);
}

static bool enough(struct np_hint_run *run, __u64 samples)
{
	if (np_counts_read(run->fd, run->target, 0, &run->counts))
		return false;
	for (int i = 0; i < run->work->nr_jobs; i++) {
		pid_t tid = run->work->job[i].tid;

		if (np_samples(&run->counts, tid, NUMAPERF_SOURCE_HINT, NP_ANY, NP_ANY) < samples)
			return false;
	}
	return true;
}

/* -EAGAIN: the kernel itself has stopped scanning. */
static int wait_for(struct np_hint_run *run, __u64 samples)
{
	__u64 began = np_now_ns(), last_scan = began, now = began;
	unsigned long long armed = 0;

	while (!enough(run, samples)) {
		unsigned long long armed_now = np_vmstat("numa_pte_updates");

		now = np_now_ns();
		if (armed_now != armed)
			last_scan = now;
		armed = armed_now;
		if (now - last_scan > STALL_SECONDS * 1000000000ULL)
			return -EAGAIN;
		if (now - began > np_patience_ns())
			return -ETIMEDOUT;
		np_nap();
	}
	return 0;
}

int np_hint_begin(struct np_hint_run *run, __u64 samples)
{
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < ATTEMPTS; i++) {
		np_work_abort(run->work);
		err = start(run) ?: wait_for(run, samples);
	}
	if (err)
		np_counts_print(&run->counts);
	return err;
}

int np_hint_finish(struct np_hint_run *run)
{
	int err = np_work_stop(run->work) ?:
		np_counts_read(run->fd, run->target, NUMAPERF_READ_STOP, &run->counts);

	/* After the last sample. */
	differences(run);
	return err;
}
