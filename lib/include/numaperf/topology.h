/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Topology: nodes, CPUs, memory, distances of this machine. Discovered once, immutable, shared by reference count;
 * all functions are thread-safe. Strings and nodes live as long as the topology. Being nothing but data, it stays valid in a forked child.
 *
 * Read from sysfs (Documentation/ABI/stable/sysfs-devices-node) and /proc/self/status (what the cpuset and the affinity
 * allow). A kernel without NUMA yields one node 0 with everything; a damaged tree is an error.
 */
#ifndef NUMAPERF_TOPOLOGY_H
#define NUMAPERF_TOPOLOGY_H

#include <stdbool.h>

#include <numaperf/base.h>
#include <numaperf/set.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_topology;
struct numaperf_node;

struct numaperf_topology_options {
	size_t size;
	const char *fsroot; /* tree with another machine's /sys and /proc; NULL: NUMAPERF_FSROOT of the environment, else the live system */
};
#define NUMAPERF_TOPOLOGY_OPTIONS_INIT { .size = sizeof(struct numaperf_topology_options) }
NUMAPERF_DEFINE_OPTIONS_INIT(topology)

enum numaperf_node_kind {
	NUMAPERF_NODE_NORMAL = 0,   /* CPUs and ordinary memory */
	NUMAPERF_NODE_CPU_LESS,     /* memory, no CPU (CXL, HBM) */
	NUMAPERF_NODE_MEMORY_LESS,  /* CPUs, no memory */
	NUMAPERF_NODE_MOVABLE_ONLY, /* all its memory is in ZONE_MOVABLE: can't be pinned */
	NUMAPERF_NODE_EMPTY,        /* online, neither CPUs nor memory */
};

enum numaperf_cpu_state {
	NUMAPERF_CPU_ONLINE = 0,
	NUMAPERF_CPU_PRESENT, /* online or not */
	NUMAPERF_CPU_ALLOWED, /* online and allowed by cpuset and affinity of this process */
};

struct numaperf_node_memory {
	uint64_t total; /* bytes */
	uint64_t free;  /* bytes, when discovered */
	bool allowed;   /* the cpuset lets this process allocate here */
};

/* 0; -EIO and others of the tree that can't be read or contradicts itself. */
NUMAPERF_API int numaperf_topology_discover(const struct numaperf_topology_options *options,
					    struct numaperf_topology **ret_topology);
NUMAPERF_API struct numaperf_topology *numaperf_topology_ref(struct numaperf_topology *topology);
NUMAPERF_API void numaperf_topology_unref(struct numaperf_topology *topology);
NUMAPERF_DEFINE_CLEANUP(topology, numaperf_topology_unref)

/* Nodes in order of id; NULL starts, NULL ends. */
NUMAPERF_API const struct numaperf_node *numaperf_topology_next_node(const struct numaperf_topology *topology,
								     const struct numaperf_node *prev);
#define NUMAPERF_FOREACH_NODE(node, topology)                                                                 \
	for (const struct numaperf_node *node = numaperf_topology_next_node((topology), NULL); node != NULL; \
	     node = numaperf_topology_next_node((topology), node))
/* NULL: there is no such node. */
NUMAPERF_API const struct numaperf_node *numaperf_topology_node(const struct numaperf_topology *topology, int id);

NUMAPERF_API size_t numaperf_topology_node_count(const struct numaperf_topology *topology);
NUMAPERF_API size_t numaperf_topology_package_count(const struct numaperf_topology *topology);
NUMAPERF_API const struct numaperf_cpuset *numaperf_topology_cpus(const struct numaperf_topology *topology,
								  enum numaperf_cpu_state which);
/* More than one node with memory. */
NUMAPERF_API bool numaperf_topology_is_numa(const struct numaperf_topology *topology);

/* The node of a CPU; kind INVALID_CPU: -EINVAL: no such CPU; -ENODATA: it is offline, and the kernel does not say where it was. */
NUMAPERF_API int numaperf_topology_node_of_cpu(const struct numaperf_topology *topology, unsigned cpu);
/* ACPI SLIT distance, 10 = local; -EINVAL, kind INVALID_NODE. */
NUMAPERF_API int numaperf_topology_distance(const struct numaperf_topology *topology, int from, int to);
/* Nearest node (by distance, then by id) that has allowed memory / allowed CPUs, "node" itself included; -ENOENT: none. */
NUMAPERF_API int numaperf_topology_nearest_memory(const struct numaperf_topology *topology, int node);
NUMAPERF_API int numaperf_topology_nearest_cpus(const struct numaperf_topology *topology, int node);
/* 1: CPUs or nodes went on- or offline, or what cpuset and affinity allow this process changed, since discovery; 0: not. */
NUMAPERF_API int numaperf_topology_is_stale(const struct numaperf_topology *topology);

NUMAPERF_API int numaperf_node_id(const struct numaperf_node *node);
NUMAPERF_API enum numaperf_node_kind numaperf_node_kind(const struct numaperf_node *node);
NUMAPERF_API const struct numaperf_cpuset *numaperf_node_cpus(const struct numaperf_node *node, enum numaperf_cpu_state which);
NUMAPERF_API int numaperf_node_memory(const struct numaperf_node *node, struct numaperf_node_memory *ret_memory);
/* Package (socket) of its first CPU; -1: it has no CPU. */
NUMAPERF_API int numaperf_node_package(const struct numaperf_node *node);

/* Sentences on what looks wrong about this machine; NULL after the last. */
NUMAPERF_API const char *numaperf_topology_advice(const struct numaperf_topology *topology, size_t i);

NUMAPERF_API const char *numaperf_node_kind_to_string(enum numaperf_node_kind kind);
NUMAPERF_API int numaperf_node_kind_parse(const char *text, enum numaperf_node_kind *ret_kind);

NUMAPERF_END_DECLS

#endif
