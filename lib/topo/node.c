/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to a node. */
#include <errno.h>

#include "core/error.h"
#include "core/names.h"
#include "topo/topology.h"

int numaperf_node_id(const struct numaperf_node *node)
{
	return node->id;
}

enum numaperf_node_kind numaperf_node_kind(const struct numaperf_node *node)
{
	return node->kind;
}

const struct numaperf_cpuset *numaperf_node_cpus(const struct numaperf_node *node, enum numaperf_cpu_state which)
{
	return (size_t)which < NP_COUNT(node->cpus) ? node->cpus[which] : NULL;
}

int numaperf_node_memory(const struct numaperf_node *node, struct numaperf_node_memory *ret_memory)
{
	*ret_memory = node->memory;
	return 0;
}

int numaperf_node_package(const struct numaperf_node *node)
{
	return node->package;
}

static const char *const node_kind_names[] = {
	[NUMAPERF_NODE_NORMAL] = "normal",
	[NUMAPERF_NODE_CPU_LESS] = "cpu-less",
	[NUMAPERF_NODE_MEMORY_LESS] = "memory-less",
	[NUMAPERF_NODE_MOVABLE_ONLY] = "movable-only",
	[NUMAPERF_NODE_EMPTY] = "empty",
};
NP_DEFINE_ENUM_NAMES(node_kind, node_kind_names)
