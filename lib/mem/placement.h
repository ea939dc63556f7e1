/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the pages of a range are. */
#ifndef NUMAPERF_MEM_PLACEMENT_H
#define NUMAPERF_MEM_PLACEMENT_H

#include <numaperf/memory.h>

struct placement_node {
	int node;
	uint64_t pages;
};

struct numaperf_placement {
	struct numaperf_nodeset *nodes; /* those with pages */
	struct placement_node *counts;
	size_t count;
	uint64_t absent; /* everything that is on no node: not resident, not mapped, of a device */
};

/* 0 or -errno with the last error. */
int placement_read(const void *addr, size_t size, const char *operation, struct numaperf_placement **ret_placement);

/* Resident pages on these nodes, and on others. */
void placement_split(const struct numaperf_placement *placement, const struct numaperf_nodeset *nodes, uint64_t *ret_right,
		     uint64_t *ret_wrong);

/* Offset in bytes of the first page that is on none of these nodes; *ret_found false: there is none. */
int placement_find_wrong(const void *addr, size_t size, const struct numaperf_nodeset *nodes, const char *operation, bool *ret_found,
			 size_t *ret_offset);

#endif
