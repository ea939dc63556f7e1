/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a range resident, while watching that the nodes it comes from are never drained. */
#ifndef NUMAPERF_MEM_PREFAULT_H
#define NUMAPERF_MEM_PREFAULT_H

#include <numaperf/memory.h>

struct prefault {
	char *addr;
	size_t size;
	enum numaperf_prefault how;
	const struct numaperf_nodeset *nodes; /* whose capacity is watched */
	size_t done;                          /* bytes so far */
	const char *operation;
};

/*
 * Goes on from done to the end. 0; -ENOSPC: the nodes could not give the next chunk, which was not touched (no last error: the caller may go on
 * elsewhere); other -errno with the last error. What the pages hold stays as it is.
 */
int prefault_continue(struct prefault *prefault);

#endif
