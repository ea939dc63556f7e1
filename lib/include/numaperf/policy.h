/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Task policy: where the kernel puts memory that the calling thread touches first, wherever no policy of a range says
 * otherwise. Threads and processes that it starts later inherit it, and so does what it executes. (For memory of one's
 * own, regions are better: memory.h.)
 */
#ifndef NUMAPERF_POLICY_H
#define NUMAPERF_POLICY_H

#include <numaperf/base.h>
#include <numaperf/set.h>
#include <numaperf/topology.h>

NUMAPERF_BEGIN_DECLS

enum numaperf_task_policy {
	NUMAPERF_TASK_POLICY_LOCAL = 0,  /* the toucher's node; no nodes */
	NUMAPERF_TASK_POLICY_BIND,       /* only these nodes; the OOM killer comes when they are full */
	NUMAPERF_TASK_POLICY_PREFERRED,  /* one node, others when it is full */
	NUMAPERF_TASK_POLICY_INTERLEAVE, /* pages in turn over these nodes */
};

/*
 * 0; 1: done, but NUMA hint faults can't see memory placed by it, so its access locality will be unknown (BIND on
 * kernels before 5.12, which lack MPOL_F_NUMA_BALANCING; PREFERRED and INTERLEAVE everywhere). Errors: EMPTY_NODE_SET;
 * INVALID_NODE (unknown, memory-less, or forbidden by the cpuset: the message names the first); INVALID_ARGUMENT (nodes
 * with LOCAL, several with PREFERRED); NOT_SUPPORTED (the kernel has no NUMA, or a seccomp filter denies it).
 */
NUMAPERF_API int numaperf_task_policy_set(struct numaperf_topology *topology, enum numaperf_task_policy policy,
					  const struct numaperf_nodeset *nodes);

NUMAPERF_API const char *numaperf_task_policy_to_string(enum numaperf_task_policy policy);
NUMAPERF_API int numaperf_task_policy_parse(const char *text, enum numaperf_task_policy *ret_policy);

NUMAPERF_END_DECLS

#endif
