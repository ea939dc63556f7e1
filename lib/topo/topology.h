/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a topology is made of. Built by discover.c, then never changed. */
#ifndef NUMAPERF_TOPO_TOPOLOGY_H
#define NUMAPERF_TOPO_TOPOLOGY_H

#include <numaperf/topology.h>

#include "topo/sets.h"

/* In cpu_node: */
#define TOPO_NO_CPU (-1)	/* there is no such CPU */
#define TOPO_NODE_UNKNOWN (-2)	/* it is offline, and nothing tells its node */

struct numaperf_node {
	int id;
	enum numaperf_node_kind kind;
	int package;
	struct numaperf_cpuset *cpus[NUMAPERF_CPU_ALLOWED + 1];
	struct numaperf_node_memory memory;
	unsigned *distances; /* by position among the online nodes, as the kernel lists them */
};

struct numaperf_topology {
	unsigned refs; /* atomic */
	char *root;    /* NULL: the live system */
	struct topo_sets sets;
	struct numaperf_cpuset *cpus_allowed;
	struct numaperf_node *nodes; /* in order of id; ids may be sparse: never an index */
	size_t node_count;
	int *cpu_node; /* by CPU id: node id or one of the above */
	int *cpu_package;
	size_t cpu_ids;
	size_t package_count;
	char **advice;
	size_t advice_count;
};

/* Position of the node, or -1. */
long topo_node_index(const struct numaperf_topology *topology, int id);

/* Fills in topology->advice. 0 or -ENOMEM, without an error. */
int topo_advise(struct numaperf_topology *topology);

void topo_free(struct numaperf_topology *topology);

#endif
