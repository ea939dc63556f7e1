/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs a thread of this process may be pinned to. The kernel holds threads within the cpuset by itself; what it does not hold them within is
 * the affinity that the process was started with (taskset, a service manager's CPUAffinity=), which nothing here oversteps.
 */
#ifndef NUMAPERF_AFFINITY_PERMITTED_H
#define NUMAPERF_AFFINITY_PERMITTED_H

#include <numaperf/set.h>

/*
 * The affinity of the process' first thread when a pin was first made or now, and unpinned, the affinity of the calling thread before its pins:
 * where any of them may run, a pin may go. 0 or -errno without an error.
 */
int permitted_cpus(const struct numaperf_cpuset *unpinned, struct numaperf_cpuset **ret_cpus);

/* The end of a sentence on why this CPU can't be used: "does not exist", "is offline", ... */
const char *permitted_why_not(unsigned cpu);

#endif
