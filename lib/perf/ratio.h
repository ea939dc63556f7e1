/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From counts to a ratio, or to the reason why there is none. A ratio is said only where the source could have seen the
 * contrary.
 */
#ifndef NUMAPERF_PERF_RATIO_H
#define NUMAPERF_PERF_RATIO_H

#include "perf/snapshot.h"

struct ratio_counts {
	uint64_t samples, pages_local, pages_remote;
	/* Threads that are judged; of these, with NUMAPERF_THREAD_LOST, _HINT_BLIND, _SINGLE_BLIND. */
	size_t threads, lost, blind, single_blind;
};

/* state: the snapshot at the end of the window. before: at its begin, or NULL. */
void ratio_judge(enum numaperf_report_source source, const struct ratio_counts *counts,
		 const struct numaperf_snapshot *before, const struct numaperf_snapshot *state,
		 struct numaperf_ratio *ret_ratio);

#endif
