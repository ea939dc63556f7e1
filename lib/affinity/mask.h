/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The affinity of threads, by sched_getaffinity(2) and sched_setaffinity(2), for any number of CPUs. 0 or -errno; errors are the caller's to tell. */
#ifndef NUMAPERF_AFFINITY_MASK_H
#define NUMAPERF_AFFINITY_MASK_H

#include <sys/types.h>

#include <numaperf/set.h>

/* tid 0: the calling thread. */
int mask_get(pid_t tid, struct numaperf_cpuset **ret_cpus);
/* Of the calling thread. What the cpuset forbids the kernel leaves out; -EINVAL if nothing is left, or if the affinity is locked. */
int mask_set(const struct numaperf_cpuset *cpus);

#endif
