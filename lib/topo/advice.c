/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Advice: what looks wrong, or is easily overlooked, about a machine. Whole sentences, found when it is discovered. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "topo/topology.h"

#define LIST_SIZE 256 /* longer lists are cut: they are read by people */

static int say(struct numaperf_topology *topology, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int say(struct numaperf_topology *topology, const char *format, ...)
{
	char **advice = realloc(topology->advice, (topology->advice_count + 1) * sizeof(*advice));
	va_list args;
	int length;

	if (!advice)
		return -ENOMEM;
	topology->advice = advice;
	va_start(args, format);
	length = vasprintf(&advice[topology->advice_count], format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	topology->advice_count++;
	return 0;
}

static int advise_interleaving(struct numaperf_topology *topology)
{
	if (topology->package_count < 2 || topology->node_count > 1)
		return 0;
	return say(topology,
		   "The machine has %zu packages, but shows a single node: node interleaving is probably on in the firmware (or numa=off on the "
		   "kernel command line); turn it off to see the nodes.",
		   topology->package_count);
}

/* Two nodes have only one distance between them; of three or more, equal distances tell nothing about neighbourhood. */
static int advise_distances(struct numaperf_topology *topology)
{
	unsigned lowest = UINT32_MAX, highest = 0;

	for (size_t i = 0; i < topology->node_count; i++) {
		for (size_t j = 0; j < topology->node_count; j++) {
			unsigned distance = topology->nodes[i].distances[j];

			if (i == j)
				continue;
			lowest = distance < lowest ? distance : lowest;
			highest = distance > highest ? distance : highest;
		}
	}
	if (topology->node_count > 1 && lowest <= topology->nodes[0].distances[0])
		return say(topology, "The firmware says that another node is as near as the own one (distance %u): don't rely on its distances.",
			   lowest);
	if (topology->node_count > 2 && lowest == highest)
		return say(topology,
			   "All %zu nodes are equally far from each other (distance %u): near and far nodes can't be told apart, perhaps because "
			   "the firmware has no distance table.",
			   topology->node_count, lowest);
	return 0;
}

static const struct numaperf_node *nearest_other(const struct numaperf_topology *topology, const struct numaperf_node *from,
						 bool (*wanted)(const struct numaperf_node *node))
{
	const struct numaperf_node *best = NULL;
	unsigned best_distance = 0;

	for (size_t i = 0; i < topology->node_count; i++) {
		const struct numaperf_node *node = &topology->nodes[i];

		if (node == from || !wanted(node) || (best && from->distances[i] >= best_distance))
			continue;
		best = node;
		best_distance = from->distances[i];
	}
	return best;
}

static bool has_memory(const struct numaperf_node *node)
{
	return node->kind != NUMAPERF_NODE_MEMORY_LESS && node->kind != NUMAPERF_NODE_EMPTY;
}

static bool has_cpus(const struct numaperf_node *node)
{
	return !numaperf_cpuset_is_empty(node->cpus[NUMAPERF_CPU_ONLINE]);
}

static int advise_node(struct numaperf_topology *topology, const struct numaperf_node *node)
{
	const struct numaperf_node *other;
	int r = 0;

	if (node->kind == NUMAPERF_NODE_EMPTY)
		return say(topology, "Node %d is online, but has neither CPUs nor memory.", node->id);
	if (node->kind == NUMAPERF_NODE_MEMORY_LESS) {
		other = nearest_other(topology, node, has_memory);
		if (!other)
			return 0;
		return say(topology, "Node %d has no memory: what runs there uses that of node %d, the nearest. Are its memory slots populated?",
			   node->id, other->id);
	}
	if (!has_cpus(node)) {
		other = nearest_other(topology, node, has_cpus);
		if (other)
			r = say(topology, "Node %d has memory, but no CPU online (CXL or high-bandwidth memory?): nearest to it are the CPUs of node %d.",
				node->id, other->id);
	}
	if (r == 0 && node->kind == NUMAPERF_NODE_MOVABLE_ONLY)
		r = say(topology, "All memory of node %d is movable (movable_node, or onlined as movable): strict regions can't be held there.",
			node->id);
	return r;
}

/* Sub-NUMA clustering. */
static int advise_subnodes(struct numaperf_topology *topology)
{
	size_t with_cpus = 0;

	for (size_t i = 0; i < topology->node_count; i++)
		with_cpus += has_cpus(&topology->nodes[i]);
	if (topology->package_count == 0 || with_cpus <= topology->package_count)
		return 0;
	return say(topology,
		   "%zu nodes with CPUs in %zu package%s: the firmware splits packages into nodes (SNC, NPS), so a node has only its part of the "
		   "package's memory.",
		   with_cpus, topology->package_count, topology->package_count == 1 ? "" : "s");
}

static int advise_permitted_cpus(struct numaperf_topology *topology, size_t cpu_nodes)
{
	char list[LIST_SIZE];

	if (cpu_nodes < 2 || numaperf_cpuset_equal(topology->cpus_allowed, topology->sets.cpus_online))
		return 0;
	(void)numaperf_cpuset_format(topology->cpus_allowed, list, sizeof(list));
	return say(topology, "This process may use only CPUs %s, and they span %zu nodes: threads can still end up far from their memory.", list,
		   cpu_nodes);
}

static int advise_permitted_memory(struct numaperf_topology *topology, size_t local_nodes)
{
	char list[LIST_SIZE];

	if (local_nodes || !numaperf_topology_is_numa(topology))
		return 0;
	(void)numaperf_nodeset_format(topology->sets.nodes_permitted, list, sizeof(list));
	return say(topology, "This process may run on no node whose memory it may use (memory of nodes %s): all its accesses are remote.", list);
}

/* What cpuset and affinity leave to this process. */
static int advise_permitted(struct numaperf_topology *topology)
{
	size_t cpu_nodes = 0, local_nodes = 0;
	int r;

	for (size_t i = 0; i < topology->node_count; i++) {
		const struct numaperf_node *node = &topology->nodes[i];
		bool runs = !numaperf_cpuset_is_empty(node->cpus[NUMAPERF_CPU_ALLOWED]);

		cpu_nodes += runs;
		local_nodes += runs && has_memory(node) && node->memory.allowed;
	}
	r = advise_permitted_cpus(topology, cpu_nodes);
	return r < 0 ? r : advise_permitted_memory(topology, local_nodes);
}

static int advise_offline(struct numaperf_topology *topology)
{
	size_t offline = numaperf_cpuset_count(topology->sets.cpus_present) - numaperf_cpuset_count(topology->sets.cpus_online);
	size_t unknown = 0;

	for (size_t cpu = 0; cpu < topology->cpu_ids; cpu++)
		unknown += topology->cpu_node[cpu] == TOPO_NODE_UNKNOWN;
	if (!offline)
		return 0;
	if (!unknown)
		return say(topology, "%zu of %zu CPUs are offline.", offline, numaperf_cpuset_count(topology->sets.cpus_present));
	return say(topology, "%zu of %zu CPUs are offline; of %zu of them the node isn't known while they are.", offline,
		   numaperf_cpuset_count(topology->sets.cpus_present), unknown);
}

int topo_advise(struct numaperf_topology *topology)
{
	static int (*const machine[])(struct numaperf_topology *topology) = {
		advise_interleaving, advise_distances, advise_subnodes, advise_permitted, advise_offline,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(machine) / sizeof(machine[0]); i++)
		r = machine[i](topology);
	for (size_t i = 0; r == 0 && i < topology->node_count; i++)
		r = advise_node(topology, &topology->nodes[i]);
	return r;
}
