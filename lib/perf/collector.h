/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rest of this layer asks of a collector. */
#ifndef NUMAPERF_PERF_COLLECTOR_H
#define NUMAPERF_PERF_COLLECTOR_H

#include <linux/numaperf.h>

#include <numaperf/collector.h>

/* The mapped counters of its target; the descriptor is the caller's to close. Sets the last error. */
int collector_counters(const struct numaperf_collector *collector, struct numaperf_ioc_counters *ret_counters,
		       const char *operation);

#endif
