/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened between two snapshots, thread by thread.
 *
 * A thread is known by the serial number that the module gave its record. Older modules give none: then by (pid, tid).
 * Ids are reused, so one snapshot can hold several with the same: all but the last of them have exited, and the module
 * lists them in the order in which they began. When many have exited, it folds the oldest into one record without ids
 * ("the rest"), so what is missing in the later snapshot was added to that.
 */
#ifndef NUMAPERF_PERF_DELTA_H
#define NUMAPERF_PERF_DELTA_H

#include "perf/snapshot.h"

struct delta {
	/* With counts of the window only; those that had exited before it are left out. */
	struct numaperf_thread_record *threads;
	/* Of these, sorted by thread, source, CPU node, page node, range; none is zero. */
	struct numaperf_cell *cells;
	size_t nr_threads, nr_cells;
	__u64 missed, untracked;
	double seconds;
};

/*
 * from NULL: the whole of "to". 0; -ENOMEM; -EINVAL: not a window of one collector. On failure there is nothing to
 * free.
 */
int delta_make(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to, struct delta *ret_delta);
void delta_free(struct delta *delta);

/*
 * Sorts cells by thread, source, CPU node, page node, range and makes one of those that differ in nothing but their counts;
 * returns how many remain.
 */
size_t delta_merge_cells(struct numaperf_cell *cells, size_t count);

/* Is it the module's record of what it folded? */
bool delta_is_rest(const struct numaperf_thread_record *thread);

#endif
