/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to a topology. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "topo/topology.h"

void topo_free(struct numaperf_topology *topology)
{
	for (size_t i = 0; i < topology->node_count; i++) {
		struct numaperf_node *node = &topology->nodes[i];

		for (size_t which = 0; which < sizeof(node->cpus) / sizeof(node->cpus[0]); which++)
			numaperf_cpuset_free(node->cpus[which]);
		free(node->distances);
	}
	for (size_t i = 0; i < topology->advice_count; i++)
		free(topology->advice[i]);
	free(topology->advice);
	free(topology->nodes);
	free(topology->cpu_node);
	free(topology->cpu_package);
	free(topology->root);
	numaperf_cpuset_free(topology->cpus_allowed);
	topo_sets_free(&topology->sets);
	free(topology);
}

struct numaperf_topology *numaperf_topology_ref(struct numaperf_topology *topology)
{
	if (topology)
		__atomic_add_fetch(&topology->refs, 1, __ATOMIC_RELAXED);
	return topology;
}

void numaperf_topology_unref(struct numaperf_topology *topology)
{
	if (topology && __atomic_sub_fetch(&topology->refs, 1, __ATOMIC_ACQ_REL) == 0)
		topo_free(topology);
}

long topo_node_index(const struct numaperf_topology *topology, int id)
{
	size_t low = 0, high = topology->node_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (topology->nodes[middle].id == id)
			return (long)middle;
		if (topology->nodes[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

const struct numaperf_node *numaperf_topology_next_node(const struct numaperf_topology *topology, const struct numaperf_node *prev)
{
	const struct numaperf_node *next = prev ? prev + 1 : topology->nodes;

	return next < topology->nodes + topology->node_count ? next : NULL;
}

const struct numaperf_node *numaperf_topology_node(const struct numaperf_topology *topology, int id)
{
	long i = topo_node_index(topology, id);

	return i < 0 ? NULL : &topology->nodes[i];
}

size_t numaperf_topology_node_count(const struct numaperf_topology *topology)
{
	return topology->node_count;
}

size_t numaperf_topology_package_count(const struct numaperf_topology *topology)
{
	return topology->package_count;
}

const struct numaperf_cpuset *numaperf_topology_cpus(const struct numaperf_topology *topology, enum numaperf_cpu_state which)
{
	switch (which) {
	case NUMAPERF_CPU_ONLINE:
		return topology->sets.cpus_online;
	case NUMAPERF_CPU_PRESENT:
		return topology->sets.cpus_present;
	case NUMAPERF_CPU_ALLOWED:
		return topology->cpus_allowed;
	}
	return NULL;
}

bool numaperf_topology_is_numa(const struct numaperf_topology *topology)
{
	return numaperf_nodeset_count(topology->sets.nodes_memory) > 1;
}

int numaperf_topology_node_of_cpu(const struct numaperf_topology *topology, unsigned cpu)
{
	int node = cpu < topology->cpu_ids ? topology->cpu_node[cpu] : TOPO_NO_CPU;

	if (node == TOPO_NO_CPU)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_CPU, "topology_node_of_cpu", "There is no CPU %u.", cpu);
	if (node == TOPO_NODE_UNKNOWN)
		return np_fail(ENODATA, NUMAPERF_ERROR_INVALID_CPU, "topology_node_of_cpu",
			       "CPU %u is offline, and this kernel does not say on which node it is.", cpu);
	return node;
}

static int no_such_node(const char *operation, int node)
{
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, operation, "There is no node %d, or it is not online.", node);
}

int numaperf_topology_distance(const struct numaperf_topology *topology, int from, int to)
{
	long i = topo_node_index(topology, from), j = topo_node_index(topology, to);

	if (i < 0 || j < 0)
		return no_such_node("topology_distance", i < 0 ? from : to);
	return (int)topology->nodes[i].distances[j];
}

static bool has_memory(const struct numaperf_topology *topology, const struct numaperf_node *node)
{
	return node->memory.allowed && numaperf_nodeset_has(topology->sets.nodes_memory, (unsigned)node->id);
}

static bool has_cpus(const struct numaperf_topology *topology, const struct numaperf_node *node)
{
	(void)topology;
	return !numaperf_cpuset_is_empty(node->cpus[NUMAPERF_CPU_ALLOWED]);
}

static int nearest(const struct numaperf_topology *topology, int node, const char *operation, const char *what,
		   bool (*has)(const struct numaperf_topology *topology, const struct numaperf_node *node))
{
	long from = topo_node_index(topology, node);
	const struct numaperf_node *best = NULL;
	unsigned best_distance = 0;

	if (from < 0)
		return no_such_node(operation, node);
	for (size_t i = 0; i < topology->node_count; i++) {
		/* Nothing is nearer than the node itself, even if the firmware's table says so. */
		unsigned distance = (long)i == from ? 0 : topology->nodes[from].distances[i];

		if (has(topology, &topology->nodes[i]) && (!best || distance < best_distance)) {
			best = &topology->nodes[i];
			best_distance = distance;
		}
	}
	if (!best)
		return np_fail(ENOENT, NUMAPERF_ERROR_INVALID_NODE, operation, "This process is allowed no %s on any node.", what);
	return best->id;
}

int numaperf_topology_nearest_memory(const struct numaperf_topology *topology, int node)
{
	return nearest(topology, node, "topology_nearest_memory", "memory", has_memory);
}

int numaperf_topology_nearest_cpus(const struct numaperf_topology *topology, int node)
{
	return nearest(topology, node, "topology_nearest_cpus", "CPU", has_cpus);
}

int numaperf_topology_is_stale(const struct numaperf_topology *topology)
{
	static const char operation[] = "topology_is_stale";
	struct topo_sets now;
	struct np_fs fs;
	int r = np_fs_open(topology->root, &fs);

	if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_IO, operation, "The tree %s can't be opened: %s.", topology->root ? topology->root : "/",
			       strerror(-r));
	r = topo_sets_read(&fs, operation, &now);
	np_fs_close(&fs);
	if (r < 0)
		return r;
	r = !topo_sets_equal(&topology->sets, &now);
	topo_sets_free(&now);
	return r;
}

const char *numaperf_topology_advice(const struct numaperf_topology *topology, size_t i)
{
	return i < topology->advice_count ? topology->advice[i] : NULL;
}
