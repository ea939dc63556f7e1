/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own counters of NUMA balancing, of the whole machine: they stand beside what is measured, for
 * comparison.
 */
#ifndef NUMAPERF_TOOLS_VMSTAT_H
#define NUMAPERF_TOOLS_VMSTAT_H

#include <stdbool.h>
#include <stdint.h>

enum vmstat_item {
	VMSTAT_HINT_FAULTS,
	VMSTAT_HINT_FAULTS_LOCAL,
	VMSTAT_PAGES_MIGRATED,
	VMSTAT_ITEMS
};

struct vmstat {
	bool known[VMSTAT_ITEMS]; /* false: this kernel has no such counter */
	uint64_t values[VMSTAT_ITEMS];
};

struct vmstat vmstat_read(void);
struct vmstat vmstat_between(const struct vmstat *from, const struct vmstat *to);
const char *vmstat_name(enum vmstat_item item); /* as in /proc/vmstat */

#endif
