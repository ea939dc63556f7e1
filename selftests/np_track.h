/* SPDX-License-Identifier: GPL-2.0 */
/* Tracking, reading the counters, and programs whose accesses are known. */
#ifndef NP_TRACK_H
#define NP_TRACK_H

#include <stdatomic.h>

#include "np.h"

#define NP_HINT		(1U << NUMAPERF_SOURCE_HINT)
#define NP_FAULT	(1U << NUMAPERF_SOURCE_FAULT)
#define NP_ANY		(-2)	/* node or thread */

struct np_counts {
	struct numaperf_ioc_read read;
	struct numaperf_thread_record threads[512];	/* the module keeps 256 exited ones apart */
	struct numaperf_cell cells[4096];
};

int np_track(int fd, pid_t pid, __u32 sources, __u32 flags, __u32 *ret_target);
int np_track_faults(int fd, pid_t pid, __u32 flags, __u32 period, __u32 *ret_target);
int np_counts_read(int fd, __u32 target, __u32 flags, struct np_counts *counts);
__u64 np_samples(const struct np_counts *counts, pid_t tid, enum numaperf_source source, int cpu_node, int page_node);
__u64 np_sampled_pages(const struct np_counts *counts, pid_t tid, enum numaperf_source source, int cpu_node,
		       int page_node);
__u64 np_local_samples(const struct np_counts *counts, pid_t tid, enum numaperf_source source);
/* Ranges: np_counts_read with NUMAPERF_READ_RANGES. What is above counts all memory, ranges included, once. */
int np_watch(int fd, __u32 target, pid_t pid, const void *addr, size_t length, struct numaperf_ioc_watch *ret_watch);
int np_unwatch(int fd, __u32 target, __u32 range);
__u64 np_range_samples(const struct np_counts *counts, __u32 range, enum numaperf_source source, int page_node);
__u64 np_range_pages(const struct np_counts *counts, __u32 range, enum numaperf_source source, int page_node);
const struct numaperf_thread_record *np_thread_of(const struct np_counts *counts, pid_t tid);
/* User-mode page faults of all threads. */
__u64 np_faults(const struct np_counts *counts);

/* For the log of a test that failed. */
void np_counts_print(const struct np_counts *counts);

/**
 * struct np_job - a thread that touches its pages, round after round
 * @cpu: where it runs
 * @node: of its two areas
 * @pages: of them; they are touched in turn, in this proportion
 * @movable: the areas' policy is taken away after the first touch: the pages may follow the thread
 * @tid: out
 * @area: out: addresses, in the process that does the work
 */
struct np_job {
	int cpu;
	int node[2];
	size_t pages[2];
	bool movable;
	atomic_int tid;
	void *area[2];
};

/**
 * struct np_work - a child process that does jobs, the first one in its main thread
 * @policy_node: the task's own policy is MPOL_BIND to this node; -1: none
 * @policy_balancing: with MPOL_F_NUMA_BALANCING
 */
struct np_work {
	int nr_jobs;
	struct np_job job[2];
	int policy_node;
	bool policy_balancing;
	atomic_bool stop;
	struct np_child child;
};

/**
 * struct np_hint_run - work that is tracked by hint faults
 * @fd: session
 * @work: what is done
 * @sources: beside NP_HINT
 * @watched: the first job's areas become watched ranges; NULL: not
 * @target: out: of the last attempt
 * @faults: out: vmstat's numa_hint_faults meanwhile
 * @local: out: numa_hint_faults_local
 * @migrated: out: numa_pages_migrated
 * @counts: out
 */
struct np_hint_run {
	int fd;
	struct np_work *work;
	__u32 sources;
	struct numaperf_ioc_watch *watched[2];
	__u32 target;
	unsigned long long faults, local, migrated;
	struct np_counts counts;
};

/*
 * Begin and wait until each job's thread has so many samples; it is still running then. The kernel keeps a thread
 * from scanning for 32 times as long as its last scan took, so a guest that was not given its CPU in the middle of one
 * may see no scan for a minute: then a fresh process takes over.
 */
int np_hint_begin(struct np_hint_run *run, __u64 samples);
/* Let it finish its rounds, take the differences and stop counting. */
int np_hint_finish(struct np_hint_run *run);

struct np_work *np_work_new(int nr_jobs);
int np_work_prepare(struct np_work *work);	/* the memory is there, nothing runs yet */
int np_work_go(struct np_work *work);
int np_work_stop(struct np_work *work);		/* whole rounds are done, everything is idle */
void np_work_abort(struct np_work *work);	/* may be prepared again */
void np_work_end(struct np_work *work);

#endif
