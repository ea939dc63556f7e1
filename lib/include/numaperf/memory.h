/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory regions: page-aligned anonymous memory placed on nodes, soft or hard, and adopted ranges that something else mapped.
 *
 * Thread safety: all functions may be called from any thread; region_free must be the last (or use ref/unref).
 * Hard regions are populated at creation, pinned by a lease of the kernel module, verified, and marked MADV_DONTFORK (the
 * kernel would copy every pinned page at each fork): a forked child has no mapping there.
 */
#ifndef NUMAPERF_MEMORY_H
#define NUMAPERF_MEMORY_H

#include <numaperf/base.h>
#include <numaperf/enforcement.h>
#include <numaperf/set.h>
#include <numaperf/topology.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_region;
struct numaperf_placement; /* see below */

enum numaperf_policy {
	NUMAPERF_POLICY_LOCAL = 0, /* soft: node of the toucher; hard: the caller's node at creation, fixed then */
	NUMAPERF_POLICY_BIND,      /* one of "nodes" */
};

enum numaperf_prefault {
	NUMAPERF_PREFAULT_NONE = 0, /* a hard region is populated all the same */
	NUMAPERF_PREFAULT_TOUCH,    /* writes one byte a page from the calling thread */
	NUMAPERF_PREFAULT_POPULATE, /* madvise(MADV_POPULATE_WRITE) in chunks; touch where the kernel lacks it */
};

struct numaperf_region_options {
	size_t size;
	enum numaperf_mode mode;
	enum numaperf_policy policy;
	const struct numaperf_nodeset *nodes; /* BIND: not empty; LOCAL: NULL */
	enum numaperf_prefault prefault;
};
#define NUMAPERF_REGION_OPTIONS_INIT { .size = sizeof(struct numaperf_region_options) }
NUMAPERF_DEFINE_OPTIONS_INIT(region)

/*
 * size in bytes, rounded up to whole pages; 0 and absurd sizes are INVALID_ARGUMENT. Errors: EMPTY_NODE_SET; INVALID_NODE (unknown, memory-less,
 * or forbidden by the cpuset); NODE_MEMORY (hard: the nodes have too little free memory, found before touching it; soft spills and says so);
 * HARD_MODE_UNAVAILABLE; BINDING (e.g. a movable-only node, the memlock limit: the message has the remedy); ALLOCATION (also if the machine or
 * the cgroup has no memory for the prefault). Soft mode uses the other nodes where the cpuset forbids some, and reports DENIED if it forbids all.
 */
NUMAPERF_API int numaperf_region_new(size_t size, const struct numaperf_region_options *options, struct numaperf_region **ret_region);
/*
 * Memory that is mapped already, page-aligned. SOFT only looks at it: its policy stays as it is. HARD pins it where it is: all of it must be resident
 * on "nodes" (LOCAL: on the caller's). prefault makes it resident before, without changing what it holds. free leaves the mapping alone.
 */
NUMAPERF_API int numaperf_range_adopt(void *addr, size_t size, const struct numaperf_region_options *options,
				      struct numaperf_region **ret_region);
NUMAPERF_API struct numaperf_region *numaperf_region_ref(struct numaperf_region *region);
/* Drops a reference; the last one unpins and unmaps. free is the same call. */
NUMAPERF_API void numaperf_region_unref(struct numaperf_region *region);
NUMAPERF_API void numaperf_region_free(struct numaperf_region *region);
NUMAPERF_DEFINE_CLEANUP(region, numaperf_region_free)

NUMAPERF_API void *numaperf_region_data(const struct numaperf_region *region);
NUMAPERF_API size_t numaperf_region_size(const struct numaperf_region *region);
/* As last verified, and whether the lease still holds now. Cheap. */
NUMAPERF_API int numaperf_region_enforcement(struct numaperf_region *region, struct numaperf_enforcement *ret_enforcement);
/* Looks at every page now: 0: all resident pages are where asked; 1: not, *ret_first_wrong is the offset in bytes of the first wrong one. */
NUMAPERF_API int numaperf_region_verify(struct numaperf_region *region, size_t *ret_first_wrong);

/* Resident pages per node, by the module's page-table walk, else by move_pages(2) (which on 6.1 reports pages armed for hint faults as absent). */
NUMAPERF_API int numaperf_region_placement(struct numaperf_region *region, struct numaperf_placement **ret_placement);
NUMAPERF_API void numaperf_placement_free(struct numaperf_placement *placement);
NUMAPERF_DEFINE_CLEANUP(placement, numaperf_placement_free)
NUMAPERF_API uint64_t numaperf_placement_pages(const struct numaperf_placement *placement, int node);
NUMAPERF_API uint64_t numaperf_placement_absent(const struct numaperf_placement *placement);
NUMAPERF_API const struct numaperf_nodeset *numaperf_placement_nodes(const struct numaperf_placement *placement);

NUMAPERF_API const char *numaperf_policy_to_string(enum numaperf_policy policy);
NUMAPERF_API int numaperf_policy_parse(const char *text, enum numaperf_policy *ret_policy);
NUMAPERF_API const char *numaperf_prefault_to_string(enum numaperf_prefault prefault);
NUMAPERF_API int numaperf_prefault_parse(const char *text, enum numaperf_prefault *ret_prefault);

NUMAPERF_END_DECLS

#endif
