/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks what is asked for a region before anything is done: the arguments, then the nodes against this machine and its cpuset. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <linux/numaperf.h>

#include "core/error.h"
#include "core/log.h"
#include "core/options.h"
#include "mem/region.h"
#include "topo/sets.h"

/* ------------------------------------------------------------------ arguments */

static int check_options(const struct region_request *request)
{
	const struct numaperf_region_options *options = &request->options;
	bool has_nodes = options->nodes && !numaperf_nodeset_is_empty(options->nodes);

	if (options->mode != NUMAPERF_MODE_SOFT && options->mode != NUMAPERF_MODE_HARD)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "There is no mode %d.", (int)options->mode);
	if (options->policy != NUMAPERF_POLICY_LOCAL && options->policy != NUMAPERF_POLICY_BIND)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "There is no policy %d.", (int)options->policy);
	if ((unsigned)options->prefault > NUMAPERF_PREFAULT_POPULATE)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "There is no prefault %d.", (int)options->prefault);
	if (options->policy == NUMAPERF_POLICY_BIND && !has_nodes)
		return np_fail(EINVAL, NUMAPERF_ERROR_EMPTY_NODE_SET, request->operation, "Policy bind needs at least one node.");
	if (options->policy == NUMAPERF_POLICY_LOCAL && options->nodes)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "Policy local takes no nodes: they are the toucher's.");
	return 0;
}

static int check_size(struct region_request *request, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!size)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "A region of 0 bytes was asked for.");
	if (size > PTRDIFF_MAX - page)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "%zu bytes are more than any address space has.",
			       size);
	request->bytes = (size + page - 1) / page * page;
	return 0;
}

/* ------------------------------------------------------------------ nodes */

static int check_node(const struct region_request *request, const struct topo_sets *sets, unsigned node)
{
	bool hard = request->options.mode == NUMAPERF_MODE_HARD;

	if (!numaperf_nodeset_has(sets->nodes_online, node))
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, request->operation, "There is no node %u, or it is not online.", node);
	if (!numaperf_nodeset_has(sets->nodes_memory, node))
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, request->operation, "Node %u has no memory.", node);
	if (hard && !numaperf_nodeset_has(sets->nodes_permitted, node))
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, request->operation,
			       "The cpuset of this process forbids memory of node %u (Mems_allowed_list in /proc/self/status).", node);
	if (hard && !numaperf_nodeset_has(sets->nodes_normal, node))
		return np_fail_reason(EADDRNOTAVAIL, NUMAPERF_ERROR_BINDING, NUMAPERF_REASON_MOVABLE_ONLY, request->operation,
				      "All memory of node %u is movable, so nothing there can be held: use another node, or online its memory "
				      "with online_kernel (boot without movable_node).",
				      node);
	return 0;
}

static int check_nodes(struct region_request *request, const struct topo_sets *sets)
{
	NUMAPERF_FOREACH_NODE_ID(node, request->nodes) {
		int r = check_node(request, sets, (unsigned)node);

		if (r < 0)
			return r;
	}
	request->forbidden = !numaperf_nodeset_intersects(request->nodes, sets->nodes_permitted);
	if (request->forbidden || numaperf_nodeset_subset(request->nodes, sets->nodes_permitted))
		return 0;
	np_log(NUMAPERF_LOG_WARNING, "The cpuset of this process forbids memory of some of a region's nodes: the others are used.");
	return numaperf_nodeset_and(request->nodes, sets->nodes_permitted);
}

/* Where local is: hard, where the caller is now; soft, nobody can tell before it is touched (-1), unless there is only one place. */
static int local_node(const struct region_request *request, const struct topo_sets *sets)
{
	bool hard = request->options.mode == NUMAPERF_MODE_HARD;
	unsigned node;

	if (request->no_numa || (!hard && numaperf_nodeset_count(sets->nodes_memory) == 1))
		return numaperf_nodeset_next(sets->nodes_memory, -1);
	if (!hard)
		return -1;
	if (getcpu(NULL, &node) < 0)
		return np_fail(errno, NUMAPERF_ERROR_NOT_SUPPORTED, request->operation, "The kernel does not tell the caller's node: %s.",
			       strerror(errno));
	return (int)node;
}

static int choose_nodes(struct region_request *request, const struct topo_sets *sets)
{
	int node, r;

	if (request->options.policy == NUMAPERF_POLICY_BIND) {
		r = numaperf_nodeset_copy(request->options.nodes, &request->nodes);
		return r < 0 ? np_fail_in(r, NUMAPERF_ERROR_NONE, request->operation) : check_nodes(request, sets);
	}
	node = local_node(request, sets);
	if (node < -1)
		return node;
	if (node == -1)
		return 0;
	r = numaperf_nodeset_new(&request->nodes);
	if (r == 0)
		r = numaperf_nodeset_add(request->nodes, (unsigned)node);
	return r < 0 ? np_fail_in(r, NUMAPERF_ERROR_NONE, request->operation) : check_nodes(request, sets);
}

static int check_against_machine(struct region_request *request)
{
	struct topo_sets sets;
	int r = topo_sets_read_live(request->operation, &sets);

	if (r < 0)
		return r;
	request->no_numa = !sets.numa;
	r = choose_nodes(request, &sets);
	if (r == 0) {
		request->usable = sets.nodes_memory;
		sets.nodes_memory = NULL;
		r = numaperf_nodeset_and(request->usable, sets.nodes_permitted);
	}
	topo_sets_free(&sets);
	return r;
}

int request_take(const struct numaperf_region_options *options, size_t size, const char *operation, struct region_request *ret_request)
{
	struct region_request request = { .operation = operation };
	int r = np_options_take(options, &request.options, sizeof(request.options), operation);

	if (r == 0)
		r = check_options(&request);
	if (r == 0)
		r = check_size(&request, size);
	if (r == 0)
		r = check_against_machine(&request);
	if (r < 0) {
		request_free(&request);
		return r;
	}
	*ret_request = request;
	return 0;
}

void request_free(struct region_request *request)
{
	numaperf_nodeset_free(request->nodes);
	numaperf_nodeset_free(request->usable);
	request->nodes = NULL;
	request->usable = NULL;
}
