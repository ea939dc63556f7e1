/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A snapshot: what the module counted for one target up to one moment, with what is needed to judge it. Immutable once
 * a caller has it.
 */
#ifndef NUMAPERF_PERF_SNAPSHOT_H
#define NUMAPERF_PERF_SNAPSHOT_H

#include <linux/numaperf.h>

#include <numaperf/collector.h>

#include "perf/coverage.h"

enum balancing {
	BALANCING_UNKNOWN = -1, /* no such sysctl: a kernel without it, or a /proc that hides it */
	BALANCING_OFF = 0,
	BALANCING_ON = 1,
};

struct numaperf_snapshot {
	uint64_t collector; /* number of the collector it is of */
	uint64_t time_ns, since_ns;
	uint64_t missed, untracked;
	uint32_t active; /* bit n: source n counted */
	uint32_t reasons[NUMAPERF_REPORT_SOURCES];
	enum balancing balancing;
	int coverage_error; /* 0: coverage is known; else why not, negative */
	struct coverage coverage; /* of all processes of the target that were ever looked at */
	struct numaperf_thread_record *threads;
	struct numaperf_cell *cells;
	size_t nr_threads, nr_cells;
};

#endif
