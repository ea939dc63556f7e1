/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making and ending regions. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/log.h"
#include "core/names.h"
#include "mem/bind.h"
#include "mem/capacity.h"
#include "mem/prefault.h"
#include "mem/region.h"

static const char *const policy_names[] = {
	[NUMAPERF_POLICY_LOCAL] = "local",
	[NUMAPERF_POLICY_BIND] = "bind",
};
NP_DEFINE_ENUM_NAMES(policy, policy_names)

static const char *const prefault_names[] = {
	[NUMAPERF_PREFAULT_NONE] = "none",
	[NUMAPERF_PREFAULT_TOUCH] = "touch",
	[NUMAPERF_PREFAULT_POPULATE] = "populate",
};
NP_DEFINE_ENUM_NAMES(prefault, prefault_names)

/* ------------------------------------------------------------------ memory */

/* Not reserved: whether there is memory for it is asked node by node. What fails, then, is the address space. */
static int map(struct numaperf_region *region, const struct region_request *request)
{
	void *data = mmap(NULL, request->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t total = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);

	if (data != MAP_FAILED) {
		region->data = data;
		region->size = request->bytes;
		return 0;
	}
	if (request->bytes > total)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation,
			       "%zu bytes are more than this process can map, and than this machine has memory.", request->bytes);
	return np_fail(errno, NUMAPERF_ERROR_ALLOCATION, request->operation,
		       "%zu bytes can't be mapped: %s (see `ulimit -v`, vm.overcommit_memory, vm.max_map_count).", request->bytes,
		       strerror(errno));
}

static int fail_node_memory(const struct region_request *request, uint64_t capacity)
{
	char nodes[64];

	(void)numaperf_nodeset_format(request->nodes, nodes, sizeof(nodes));
	return np_fail(ENOMEM, NUMAPERF_ERROR_NODE_MEMORY, request->operation,
		       "Nodes %s can give %llu MiB, %zu MiB were asked for: ask for less, for other nodes, or free memory there.", nodes,
		       (unsigned long long)capacity >> 20, request->bytes >> 20);
}

/* ------------------------------------------------------------------ soft */

static void deny(struct numaperf_region *region, int result)
{
	region->denied = -result;
	np_log(NUMAPERF_LOG_WARNING, "A region could not be bound to its nodes: %s.", numaperf_strerror(result));
}

/* From here on other nodes may be used. */
static void let_spill(struct numaperf_region *region, size_t from)
{
	int r = bind_prefer((char *)region->data + from, region->size - from, region->nodes);

	region->spills = true;
	np_log(NUMAPERF_LOG_WARNING, "The nodes of a region have too little free memory: the rest goes to other nodes.");
	if (r < 0)
		deny(region, r);
}

/* MPOL_BIND that does not fit would end at the OOM killer, so what does not fit is only preferred. */
static void place_soft(struct numaperf_region *region, const struct region_request *request)
{
	uint64_t capacity = UINT64_MAX;
	int r;

	if (request->no_numa)
		return;
	if (request->options.policy == NUMAPERF_POLICY_LOCAL) {
		r = bind_local(region->data, region->size);
	} else if (request->forbidden) {
		r = -EPERM;
	} else {
		(void)capacity_of(request->nodes, request->operation, &capacity);
		if (capacity < region->size) {
			let_spill(region, 0);
			return;
		}
		r = bind_only(region->data, region->size, request->nodes);
	}
	if (r == -ENOSYS)
		region->no_numa = true;
	else if (r < 0)
		deny(region, r);
}

static int prefault_soft(struct numaperf_region *region, const struct region_request *request)
{
	bool bound = request->options.policy == NUMAPERF_POLICY_BIND && !region->adopted && !region->spills && !region->denied;
	struct prefault prefault = {
		.addr = region->data,
		.size = region->size,
		.how = request->options.prefault,
		.nodes = bound ? request->nodes : request->usable,
		.operation = request->operation,
	};
	int r = prefault_continue(&prefault);

	if (r == -ENOSPC && bound) {
		let_spill(region, prefault.done);
		prefault.nodes = request->usable;
		r = prefault_continue(&prefault);
	}
	if (r == -ENOSPC)
		return np_fail(ENOMEM, NUMAPERF_ERROR_ALLOCATION, request->operation,
			       "There is no memory on any node for more than %zu of %zu MiB.", prefault.done >> 20, region->size >> 20);
	return r;
}

static void note_own_node(struct numaperf_nodeset *nodes)
{
	unsigned node;

	if (getcpu(NULL, &node) == 0)
		(void)numaperf_nodeset_add(nodes, node);
}

/*
 * Local memory that the caller touches itself belongs on its node (on both, if the scheduler moved it meanwhile). That is not known of a node
 * without memory, and not of memory that others touch.
 */
static int prefault_local(struct numaperf_region *region, const struct region_request *request)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *own = NULL;
	int r = numaperf_nodeset_new(&own);

	if (r < 0)
		return np_fail_in(r, NUMAPERF_ERROR_NONE, request->operation);
	note_own_node(own);
	r = prefault_soft(region, request);
	note_own_node(own);
	if (r == 0 && !region->nodes && numaperf_nodeset_subset(own, request->usable)) {
		region->nodes = own;
		own = NULL;
	}
	return r;
}

static int make_soft(struct numaperf_region *region, const struct region_request *request)
{
	bool local = request->options.policy == NUMAPERF_POLICY_LOCAL && request->options.prefault != NUMAPERF_PREFAULT_NONE;
	int r = map(region, request);

	if (r < 0)
		return r;
	place_soft(region, request);
	r = local ? prefault_local(region, request) : prefault_soft(region, request);
	if (r == 0)
		r = region_inspect(region, request->operation);
	if (r == 0 && region->enforcement.pages_wrong && !region->spills) {
		region->spills = true;
		r = region_inspect(region, request->operation);
	}
	return r;
}

/* ------------------------------------------------------------------ hard */

static int place_hard(struct numaperf_region *region, const struct region_request *request)
{
	uint64_t capacity;
	int r = capacity_of(request->nodes, request->operation, &capacity);

	if (r < 0)
		return r;
	if (capacity < region->size)
		return fail_node_memory(request, capacity);
	r = request->no_numa ? 0 : bind_only(region->data, region->size, request->nodes);
	if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_BINDING, request->operation, "mbind failed: %s%s.", numaperf_strerror(r),
			       r == -EPERM ? " (a seccomp filter? In a container: --cap-add SYS_NICE, or another profile)" : "");
	/*
	 * A fork would copy every pinned page at once. And no huge pages: a lease gives pages up one by one where they are unmapped, which would
	 * leave a pinned huge page whole and charged to nobody.
	 */
	if (madvise(region->data, region->size, MADV_DONTFORK) < 0)
		return np_fail(errno, NUMAPERF_ERROR_BINDING, request->operation, "madvise(MADV_DONTFORK) failed: %s.", strerror(errno));
	(void)madvise(region->data, region->size, MADV_NOHUGEPAGE); /* EINVAL: a kernel without them */
	return 0;
}

static int prefault_hard(struct numaperf_region *region, const struct region_request *request)
{
	struct prefault prefault = {
		.addr = region->data,
		.size = region->size,
		.how = request->options.prefault == NUMAPERF_PREFAULT_NONE ? NUMAPERF_PREFAULT_POPULATE : request->options.prefault,
		.nodes = request->nodes,
		.operation = request->operation,
	};
	int r = prefault_continue(&prefault);

	return r == -ENOSPC ? fail_node_memory(request, prefault.done) : r;
}

static int make_hard(struct numaperf_region *region, const struct region_request *request)
{
	int session;
	int r = kmod_session_get(request->operation, &session);

	if (r < 0)
		return r;
	r = map(region, request);
	if (r == 0)
		r = place_hard(region, request);
	if (r == 0)
		r = prefault_hard(region, request);
	if (r == 0)
		r = region_hold(region, session, request->operation);
	if (r < 0)
		kmod_session_put();
	return r;
}

/* ------------------------------------------------------------------ adopted */

static int check_mapped(void *addr, const struct region_request *request)
{
	if ((uintptr_t)addr % (uintptr_t)sysconf(_SC_PAGESIZE))
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "The address %p is not at the start of a page.", addr);
	if ((uintptr_t)addr > UINTPTR_MAX - request->bytes)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "The range wraps around the address space.");
	/* Does nothing but look for holes. */
	if (msync(addr, request->bytes, MS_ASYNC) < 0)
		return np_fail_reason(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, NUMAPERF_REASON_UNMAPPED, request->operation,
				      "Not all of the range is mapped.");
	return 0;
}

/* The mapping, its policy and what it does at fork stay as they are: they are someone else's. */
static int adopt(struct numaperf_region *region, const struct region_request *request)
{
	int session, r = 0;

	if (request->options.mode == NUMAPERF_MODE_HARD)
		r = kmod_session_get(request->operation, &session);
	if (r < 0)
		return r;
	r = prefault_soft(region, request);
	if (request->options.mode == NUMAPERF_MODE_SOFT)
		return r < 0 ? r : region_inspect(region, request->operation);
	if (r == 0)
		r = region_hold(region, session, request->operation);
	if (r < 0)
		kmod_session_put();
	return r;
}

/* ------------------------------------------------------------------ lifetime */

static void region_destroy(struct numaperf_region *region)
{
	if (np_owner_is_here(region->owner)) {
		lease_end(&region->lease);
		if (region->data && !region->adopted)
			munmap(region->data, region->size);
	}
	numaperf_nodeset_free(region->nodes);
	free(region);
}

static struct numaperf_region *region_alloc(struct region_request *request)
{
	struct numaperf_region *region = calloc(1, sizeof(*region));

	if (!region) {
		(void)np_fail_nomem(request->operation);
		return NULL;
	}
	region->refs = 1;
	region->owner = np_owner_here();
	region->no_numa = request->no_numa;
	region->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	region->nodes = request->nodes;
	return region;
}

/* Gives the finished region away, or destroys what there is of it. The nodes are the region's in either case. */
static int finish(struct numaperf_region *region, struct region_request *request, int result, struct numaperf_region **ret_region)
{
	request->nodes = NULL;
	request_free(request);
	if (result < 0)
		region_destroy(region);
	else
		*ret_region = region;
	return result < 0 ? result : 0;
}

int numaperf_region_new(size_t size, const struct numaperf_region_options *options, struct numaperf_region **ret_region)
{
	struct numaperf_region *region;
	struct region_request request;
	int r = request_take(options, size, "region_new", &request);

	if (r < 0)
		return r;
	region = region_alloc(&request);
	if (!region) {
		request_free(&request);
		return -ENOMEM;
	}
	r = request.options.mode == NUMAPERF_MODE_HARD ? make_hard(region, &request) : make_soft(region, &request);
	return finish(region, &request, r, ret_region);
}

int numaperf_range_adopt(void *addr, size_t size, const struct numaperf_region_options *options, struct numaperf_region **ret_region)
{
	struct numaperf_region *region;
	struct region_request request;
	int r = request_take(options, size, "range_adopt", &request);

	if (r < 0)
		return r;
	r = check_mapped(addr, &request);
	region = r < 0 ? NULL : region_alloc(&request);
	if (!region) {
		request_free(&request);
		return r < 0 ? r : -ENOMEM;
	}
	region->data = addr;
	region->size = request.bytes;
	region->adopted = true;
	return finish(region, &request, adopt(region, &request), ret_region);
}

struct numaperf_region *numaperf_region_ref(struct numaperf_region *region)
{
	if (region)
		__atomic_add_fetch(&region->refs, 1, __ATOMIC_RELAXED);
	return region;
}

void numaperf_region_unref(struct numaperf_region *region)
{
	if (region && __atomic_sub_fetch(&region->refs, 1, __ATOMIC_ACQ_REL) == 0)
		region_destroy(region);
}

void numaperf_region_free(struct numaperf_region *region)
{
	numaperf_region_unref(region);
}

void *numaperf_region_data(const struct numaperf_region *region)
{
	return np_owner_check(region->owner, "region_data") < 0 ? NULL : region->data;
}

size_t numaperf_region_size(const struct numaperf_region *region)
{
	return region->size;
}
