/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs and nodes there are, which nodes have memory, and what this process may use of them: a handful of small files, read afresh where the
 * answer must be current (staleness, placing memory), without the cost of a whole topology.
 */
#ifndef NUMAPERF_TOPO_SETS_H
#define NUMAPERF_TOPO_SETS_H

#include <stdbool.h>

#include "core/fs.h"

struct topo_sets {
	bool numa; /* false: a kernel without NUMA; its nodes are {0} */
	struct numaperf_cpuset *cpus_online;
	struct numaperf_cpuset *cpus_present;
	struct numaperf_cpuset *cpus_permitted; /* by cpuset and affinity; may have CPUs that are not online */
	struct numaperf_nodeset *nodes_online;
	struct numaperf_nodeset *nodes_memory;
	struct numaperf_nodeset *nodes_normal;    /* with memory outside of ZONE_MOVABLE */
	struct numaperf_nodeset *nodes_permitted; /* by the cpuset */
};

/* 0, or -errno with the last error naming the file. -EBADMSG: files contradict each other, which also a change under way can cause. */
int topo_sets_read(const struct np_fs *fs, const char *operation, struct topo_sets *ret_sets);
/* The same of the live system, whatever NUMAPERF_FSROOT says. */
int topo_sets_read_live(const char *operation, struct topo_sets *ret_sets);
void topo_sets_free(struct topo_sets *sets);
bool topo_sets_equal(const struct topo_sets *a, const struct topo_sets *b);

/* -EBADMSG with the last error: this file of the tree contradicts the others; why is the end of the sentence. */
int topo_contradiction(const struct np_fs *fs, const char *path, const char *operation, const char *why);

#endif
