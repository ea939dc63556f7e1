/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "memory_nodes.h"

#include "expect.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>

int memory_nodes[64];
size_t memory_node_count, any_memory_node_count;
int first_memory_node, memoryless_node, movable_node;

int memory_nodes_find(void)
{
	NUMAPERF_AUTO(topology) struct numaperf_topology *topology = NULL;

	memory_node_count = 0;
	memoryless_node = movable_node = -1;
	if (numaperf_topology_discover(NULL, &topology) < 0)
		return -1;
	NUMAPERF_FOREACH_NODE(node, topology) {
		int id = numaperf_node_id(node);

		switch (numaperf_node_kind(node)) {
		case NUMAPERF_NODE_NORMAL:
		case NUMAPERF_NODE_CPU_LESS:
			if (memory_node_count < sizeof(memory_nodes) / sizeof(memory_nodes[0]))
				memory_nodes[memory_node_count++] = id;
			break;
		case NUMAPERF_NODE_MOVABLE_ONLY:
			movable_node = id;
			break;
		default:
			memoryless_node = id;
		}
	}
	any_memory_node_count = memory_node_count + (movable_node >= 0);
	first_memory_node = memory_nodes[0];
	return memory_node_count ? 0 : -1;
}

static struct numaperf_node_memory memory_of(int node)
{
	NUMAPERF_AUTO(topology) struct numaperf_topology *topology = NULL;
	struct numaperf_node_memory memory;

	assert_done(numaperf_topology_discover(NULL, &topology));
	assert_done(numaperf_node_memory(numaperf_topology_node(topology, node), &memory));
	return memory;
}

uint64_t free_on(int node)
{
	return memory_of(node).free;
}

uint64_t free_on_all(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < memory_node_count; i++)
		sum += memory_of(memory_nodes[i]).free;
	return sum;
}

uint64_t total_on_all(void)
{
	uint64_t sum = movable_node < 0 ? 0 : memory_of(movable_node).total;

	for (size_t i = 0; i < memory_node_count; i++)
		sum += memory_of(memory_nodes[i]).total;
	return sum;
}

struct numaperf_nodeset *nodeset_of(int node)
{
	struct numaperf_nodeset *nodes;

	assert_done(numaperf_nodeset_new(&nodes));
	assert_done(numaperf_nodeset_add(nodes, (unsigned)node));
	return nodes;
}

int bound_region(size_t size, int node, enum numaperf_mode mode, enum numaperf_prefault prefault, struct numaperf_region **ret_region)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = nodeset_of(node);
	struct numaperf_region_options options = {
		.size = sizeof(options), .mode = mode, .policy = NUMAPERF_POLICY_BIND, .nodes = nodes, .prefault = prefault
	};

	return numaperf_region_new(size, &options, ret_region);
}

int move_page(pid_t pid, void *page, int node)
{
	int status = -EBUSY; /* the kernel leaves it alone if the page stays */

	if (syscall(SYS_move_pages, pid, 1ul, &page, &node, &status, pid ? MPOL_MF_MOVE_ALL : MPOL_MF_MOVE) < 0)
		return -errno;
	return status;
}
