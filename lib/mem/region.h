/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A region: memory, where it should be, and what was last found about it. */
#ifndef NUMAPERF_MEM_REGION_H
#define NUMAPERF_MEM_REGION_H

#include <pthread.h>

#include <numaperf/memory.h>

#include "affinity/lease.h"
#include "core/owner.h"

struct numaperf_region {
	unsigned refs; /* atomic */
	struct np_owner owner;
	void *data;
	size_t size;
	bool adopted; /* the mapping is someone else's */

	struct numaperf_nodeset *nodes; /* where its pages should be; NULL: wherever the first toucher was */
	bool no_numa;                   /* the kernel knows no nodes */
	bool spills;                    /* the nodes had too little memory, others are used too */
	int denied;                     /* errno of a placement that was refused; 0: none */
	struct lease lease;

	pthread_mutex_t lock; /* of what follows; never waited for in a forked child */
	struct numaperf_enforcement enforcement; /* as last verified */
};

/* What is asked, checked against this machine. */
struct region_request {
	const char *operation;
	struct numaperf_region_options options;
	size_t bytes;                       /* whole pages */
	struct numaperf_nodeset *nodes;     /* as region->nodes */
	struct numaperf_nodeset *usable;    /* of the machine, what this process may allocate on */
	bool no_numa;
	bool forbidden;                     /* soft: the cpuset allows none of the nodes */
};

int request_take(const struct numaperf_region_options *options, size_t size, const char *operation, struct region_request *ret_request);
void request_free(struct region_request *request);

/* Takes the lease. 0 or -errno with the last error. */
int region_hold(struct numaperf_region *region, int session, const char *operation);

/* Looks at all pages and sets region->enforcement. 0 or -errno with the last error. Takes the lock. */
int region_inspect(struct numaperf_region *region, const char *operation);

#endif
