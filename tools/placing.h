/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a command shall run: what the options of `run` ask for, checked against this machine before anything is
 * touched.
 */
#ifndef NUMAPERF_TOOLS_PLACING_H
#define NUMAPERF_TOOLS_PLACING_H

#include <stdbool.h>

#include <numaperf/policy.h>
#include <numaperf/set.h>
#include <numaperf/topology.h>

struct placing {
	/* as asked; NULL: not */
	const char *cpu_nodes, *cpus, *memory_nodes;
	bool has_policy, strict;
	enum numaperf_task_policy policy;

	/* found by placing_resolve */
	struct numaperf_topology *topology;
	struct numaperf_cpuset *cpu_set; /* NULL: wherever */
	struct numaperf_nodeset *node_set; /* NULL: none */
};

/* 0, or an exit status with a message told. */
int placing_resolve(struct placing *placing);
/*
 * Applies it to the calling thread: 0, or STATUS_FAILED with a message told. *ret_session: strict: the session's
 * descriptor that holds the lease.
 */
int placing_apply(const struct placing *placing, int *ret_session);
void placing_free(struct placing *placing);

#endif
