/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the module's mapped counters, wherever they are mapped. */
#ifndef NUMAPERF_PERF_COUNTERS_H
#define NUMAPERF_PERF_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/numaperf.h>

#include <numaperf/counters.h>

/* Is all that it describes within its length? */
bool counters_fit(const struct numaperf_counters_head *head, size_t length);

/* As numaperf_counters_read(), of counters that fit. */
int counters_sum(const struct numaperf_counters_head *head, unsigned source, int cpu_node, int page_node,
		 struct numaperf_counters_sum *ret_sum);

#endif
