/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Three sources, the first that answers: the module (walks the page tables), move_pages(2) without a destination, and for kernels with a single node
 * mincore(2), for there residence is all there is to tell.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/syscalls.h"
#include "mem/placement.h"
#include "topo/sets.h"

#define BATCH 1024      /* pages asked of move_pages or mincore at once */
#define FIRST_NODES 64 /* of the module, without asking again */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ------------------------------------------------------------------ counting */

static int add_pages(struct numaperf_placement *placement, int node, uint64_t pages)
{
	struct placement_node *counts;

	for (size_t i = 0; i < placement->count; i++) {
		if (placement->counts[i].node == node) {
			placement->counts[i].pages += pages;
			return 0;
		}
	}
	counts = realloc(placement->counts, (placement->count + 1) * sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	placement->counts = counts;
	counts[placement->count++] = (struct placement_node){ .node = node, .pages = pages };
	return numaperf_nodeset_add(placement->nodes, (unsigned)node);
}

/* ------------------------------------------------------------------ the module */

static int ask_module(int session, const void *addr, size_t size, struct numaperf_node_pages **ret_nodes,
		      struct numaperf_ioc_placement *ret_answer)
{
	size_t room = FIRST_NODES;
	int r;

	do {
		struct numaperf_node_pages *nodes = calloc(room, sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		*ret_answer = (struct numaperf_ioc_placement){
			.addr = (uintptr_t)addr,
			.length = size,
			.nodes = (uintptr_t)nodes,
			.count = (uint32_t)room,
		};
		r = kmod_placement(session, ret_answer);
		if (r == 0)
			*ret_nodes = nodes;
		else
			free(nodes);
		room = ret_answer->count > room ? ret_answer->count : room * 2;
	} while (r == -EMSGSIZE && room <= NUMAPERF_SET_IDS_MAX);
	return r;
}

static int from_module(const void *addr, size_t size, struct numaperf_placement *placement)
{
	struct numaperf_ioc_placement answer;
	struct numaperf_node_pages *nodes = NULL;
	int session;
	int r = kmod_session_get("region_placement", &session);

	if (r < 0)
		return r;
	r = ask_module(session, addr, size, &nodes, &answer);
	kmod_session_put();
	if (r < 0)
		return r;
	for (uint32_t i = 0; r == 0 && i < answer.count; i++)
		r = add_pages(placement, nodes[i].node, nodes[i].pages);
	free(nodes);
	placement->absent = answer.absent + answer.unmapped + answer.other;
	return r;
}

/* ------------------------------------------------------------------ move_pages */

static int from_move_pages(const char *addr, size_t size, struct numaperf_placement *placement)
{
	size_t page = page_size();
	void *pages[BATCH];
	int status[BATCH];

	for (size_t at = 0; at < size;) {
		size_t count = 0;
		long r;

		while (count < BATCH && at < size) {
			status[count] = -ENOENT;
			pages[count++] = (void *)(addr + at);
			at += page;
		}
		r = np_move_pages(0, count, pages, NULL, status, 0);
		if (r < 0)
			return (int)r;
		for (size_t i = 0; i < count; i++) {
			if (status[i] < 0)
				placement->absent++;
			else if (add_pages(placement, status[i], 1) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ mincore */

static int from_mincore(const char *addr, size_t size, int node, struct numaperf_placement *placement)
{
	size_t page = page_size();
	unsigned char resident[BATCH];

	for (size_t at = 0; at < size; at += BATCH * page) {
		size_t left = size - at;
		size_t count = left / page < BATCH ? left / page : BATCH;

		if (mincore((void *)(addr + at), count * page, resident) < 0) {
			if (errno != ENOMEM)
				return -errno;
			placement->absent += count; /* not mapped */
			continue;
		}
		for (size_t i = 0; i < count; i++) {
			if (!(resident[i] & 1))
				placement->absent++;
			else if (add_pages(placement, node, 1) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The only node that has memory, or -1. */
static int only_node(const char *operation)
{
	struct topo_sets sets;
	int node = -1;

	if (topo_sets_read_live(operation, &sets) < 0)
		return -1;
	if (numaperf_nodeset_count(sets.nodes_memory) == 1)
		node = numaperf_nodeset_next(sets.nodes_memory, -1);
	topo_sets_free(&sets);
	return node;
}

/* ------------------------------------------------------------------ reading */

static struct numaperf_placement *placement_new(void)
{
	struct numaperf_placement *placement = calloc(1, sizeof(*placement));

	if (placement && numaperf_nodeset_new(&placement->nodes) < 0) {
		free(placement);
		return NULL;
	}
	return placement;
}

static int read_without_module(const void *addr, size_t size, const char *operation, struct numaperf_placement *placement)
{
	int r = from_move_pages(addr, size, placement);

	if (r == -ENOSYS || r == -EPERM) {
		int node = only_node(operation);

		if (node >= 0)
			r = from_mincore(addr, size, node, placement);
	}
	if (r == -ENOMEM)
		return np_fail_nomem(operation);
	if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_NOT_SUPPORTED, operation, "The kernel does not tell where the pages are: move_pages failed: %s.",
			       numaperf_strerror(r));
	return 0;
}

int placement_read(const void *addr, size_t size, const char *operation, struct numaperf_placement **ret_placement)
{
	struct numaperf_placement *placement = placement_new();
	int r;

	if (!placement)
		return np_fail_nomem(operation);
	r = from_module(addr, size, placement);
	if (r == -ENOMEM)
		r = np_fail_nomem(operation);
	else if (r < 0)
		r = read_without_module(addr, size, operation, placement);
	if (r < 0) {
		numaperf_placement_free(placement);
		return r;
	}
	*ret_placement = placement;
	return 0;
}

void placement_split(const struct numaperf_placement *placement, const struct numaperf_nodeset *nodes, uint64_t *ret_right,
		     uint64_t *ret_wrong)
{
	*ret_right = 0;
	*ret_wrong = 0;
	for (size_t i = 0; i < placement->count; i++)
		*(numaperf_nodeset_has(nodes, (unsigned)placement->counts[i].node) ? ret_right : ret_wrong) += placement->counts[i].pages;
}

static int count_wrong(const void *addr, size_t size, const struct numaperf_nodeset *nodes, const char *operation, uint64_t *ret_wrong)
{
	NUMAPERF_AUTO(placement) struct numaperf_placement *placement = NULL;
	uint64_t right;
	int r = placement_read(addr, size, operation, &placement);

	if (r == 0)
		placement_split(placement, nodes, &right, ret_wrong);
	return r;
}

/* By halving: all steps after the first together look at each page once more. */
int placement_find_wrong(const void *addr, size_t size, const struct numaperf_nodeset *nodes, const char *operation, bool *ret_found,
			 size_t *ret_offset)
{
	size_t page = page_size(), begin = 0, pages = size / page;
	uint64_t wrong;
	int r = count_wrong(addr, size, nodes, operation, &wrong);

	if (r < 0)
		return r;
	*ret_found = wrong > 0;
	while (wrong > 0 && pages > 1) {
		size_t half = pages / 2;

		r = count_wrong((const char *)addr + begin * page, half * page, nodes, operation, &wrong);
		if (r < 0)
			return r;
		if (wrong == 0) { /* then it is in the other half */
			begin += half;
			half = pages - half;
			wrong = 1;
		}
		pages = half;
	}
	*ret_offset = begin * page;
	return 0;
}

/* ------------------------------------------------------------------ public */

void numaperf_placement_free(struct numaperf_placement *placement)
{
	if (!placement)
		return;
	numaperf_nodeset_free(placement->nodes);
	free(placement->counts);
	free(placement);
}

uint64_t numaperf_placement_pages(const struct numaperf_placement *placement, int node)
{
	for (size_t i = 0; i < placement->count; i++) {
		if (placement->counts[i].node == node)
			return placement->counts[i].pages;
	}
	return 0;
}

uint64_t numaperf_placement_absent(const struct numaperf_placement *placement)
{
	return placement->absent;
}

const struct numaperf_nodeset *numaperf_placement_nodes(const struct numaperf_placement *placement)
{
	return placement->nodes;
}
