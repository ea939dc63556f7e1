/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counters: what the module has counted for a collector's target, read from memory that it shares: no system call, a
 * microsecond or less for each hundred CPUs. Sums over all threads, for those who look often; reports need a snapshot.
 *
 * Ownership: counters live on their own, and keep their last values when the collector is gone.
 * Thread safety: any number of threads may read at once.
 */
#ifndef NUMAPERF_COUNTERS_H
#define NUMAPERF_COUNTERS_H

#include <numaperf/base.h>
#include <numaperf/collector.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_counters;

/*
 * Counted from the first call for the collector on. Needs a target (see numaperf_collector_new). Errors:
 * CAPABILITY_MISSING (no module), NOT_SUPPORTED (an older one), -EDQUOT (the pages are locked memory of the user; a few
 * for each hundred CPUs).
 */
NUMAPERF_API int numaperf_counters_open(struct numaperf_collector *collector, struct numaperf_counters **ret_counters);
NUMAPERF_API void numaperf_counters_free(struct numaperf_counters *counters);
NUMAPERF_DEFINE_CLEANUP(counters, numaperf_counters_free)

struct numaperf_counters_sum {
	uint64_t samples;     /* faults */
	uint64_t pages;       /* base pages they stand for */
	uint64_t pages_local; /* of these, on the node of the CPU that accessed */
};

/* For any node. */
#define NUMAPERF_COUNTERS_ANY (-1)

/*
 * Accesses from CPUs of one node to pages of one node, since counting began. Each CPU's counts are consistent in
 * themselves and never get smaller. -ENOENT: the module does not know the source.
 */
NUMAPERF_API int numaperf_counters_read(const struct numaperf_counters *counters, enum numaperf_report_source source,
					int cpu_node, int page_node, struct numaperf_counters_sum *ret_sum);
/* CLOCK_MONOTONIC when counting began, in nanoseconds. */
NUMAPERF_API uint64_t numaperf_counters_since(const struct numaperf_counters *counters);

NUMAPERF_END_DECLS

#endif
