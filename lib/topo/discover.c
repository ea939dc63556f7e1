/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Discovery. Few files are read, for each costs microseconds and the largest machines have thousands: the lists of a node tell the nodes of all its
 * CPUs, the list of a package that of all its CPUs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/options.h"
#include "topo/topology.h"

#define OPERATION "topology_discover"
#define PATH_SIZE 96
#define NUMBERS_SIZE (16 * 1024) /* a distance row of the largest kernel: 1,024 nodes of up to 4 characters */
#define LOCAL_DISTANCE 10	 /* ACPI: of a node to itself */
#define ATTEMPTS 3		 /* CPUs and nodes may come and go between two files */

static int find_kib(const char *text, const char *key, uint64_t *ret_bytes)
{
	const char *at = strstr(text, key);
	unsigned long long kib;
	char unit[3];

	if (!at || sscanf(at + strlen(key), "%llu %2s", &kib, unit) != 2 || strcmp(unit, "kB"))
		return -EBADMSG;
	*ret_bytes = (uint64_t)kib * 1024;
	return 0;
}

static int read_memory(const struct np_fs *fs, const struct topo_sets *sets, struct numaperf_node *node)
{
	char path[PATH_SIZE] = "proc/meminfo";
	char *text;
	int r;

	if (sets->numa)
		snprintf(path, sizeof(path), "sys/devices/system/node/node%d/meminfo", node->id);
	r = np_fs_read_text(fs, path, &text);
	if (r < 0)
		return np_fs_fail(fs, path, r, OPERATION);
	r = find_kib(text, "MemTotal:", &node->memory.total);
	if (r == 0)
		r = find_kib(text, "MemFree:", &node->memory.free);
	free(text);
	if (r < 0)
		return np_fs_fail(fs, path, r, OPERATION);
	if (node->memory.total && !numaperf_nodeset_has(sets->nodes_memory, (unsigned)node->id))
		return topo_contradiction(fs, path, OPERATION, "has memory that has_memory does not know of");
	node->memory.allowed = numaperf_nodeset_has(sets->nodes_permitted, (unsigned)node->id);
	return 0;
}

/* Whitespace-separated positive numbers, exactly count of them. */
static int parse_row(const char *text, unsigned *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *end;
		unsigned long value;

		text += strspn(text, " \t");
		if (*text < '0' || *text > '9')
			return -EBADMSG;
		value = strtoul(text, &end, 10);
		if (!value || value > INT32_MAX || (*end && !strchr(" \t", *end)))
			return -EBADMSG;
		row[i] = (unsigned)value;
		text = end;
	}
	return text[strspn(text, " \t")] ? -EBADMSG : 0;
}

/* A row lists the nodes that are online, in order of id: its columns are positions, not ids. */
static int read_distances(const struct np_fs *fs, const struct topo_sets *sets, struct numaperf_node *node, size_t node_count)
{
	char path[PATH_SIZE], text[NUMBERS_SIZE];
	int r;

	node->distances = calloc(node_count, sizeof(*node->distances));
	if (!node->distances)
		return np_fail_nomem(OPERATION);
	if (!sets->numa) {
		node->distances[0] = LOCAL_DISTANCE;
		return 0;
	}
	snprintf(path, sizeof(path), "sys/devices/system/node/node%d/distance", node->id);
	r = np_fs_read(fs, path, text, sizeof(text));
	if (r == 0)
		r = parse_row(text, node->distances, node_count);
	return r < 0 ? np_fs_fail(fs, path, r, OPERATION) : 0;
}

static int read_node_cpus(const struct np_fs *fs, struct numaperf_topology *topology, struct numaperf_node *node)
{
	const struct topo_sets *sets = &topology->sets;
	char path[PATH_SIZE];
	int r;

	if (!sets->numa) {
		r = numaperf_cpuset_copy(sets->cpus_online, &node->cpus[NUMAPERF_CPU_ONLINE]);
		return r < 0 ? np_fail_nomem(OPERATION) : 0;
	}
	snprintf(path, sizeof(path), "sys/devices/system/node/node%d/cpulist", node->id);
	r = np_fs_read_cpuset(fs, path, &node->cpus[NUMAPERF_CPU_ONLINE]);
	if (r < 0)
		return np_fs_fail(fs, path, r, OPERATION);
	if (!numaperf_cpuset_subset(node->cpus[NUMAPERF_CPU_ONLINE], sets->cpus_online))
		return topo_contradiction(fs, path, OPERATION, "names CPUs that are not online");
	return 0;
}

/* Enters the online CPUs of all nodes into cpu_node; each must be on exactly one. */
static int map_online_cpus(const struct np_fs *fs, struct numaperf_topology *topology)
{
	size_t mapped = 0;

	for (size_t i = 0; i < topology->node_count; i++) {
		const struct numaperf_node *node = &topology->nodes[i];

		NUMAPERF_FOREACH_CPU(cpu, node->cpus[NUMAPERF_CPU_ONLINE]) {
			if (topology->cpu_node[cpu] >= 0)
				return topo_contradiction(fs, "sys/devices/system/node/node*/cpulist", OPERATION, "name a CPU twice");
			topology->cpu_node[cpu] = node->id;
			mapped++;
		}
	}
	if (mapped != numaperf_cpuset_count(topology->sets.cpus_online))
		return topo_contradiction(fs, "sys/devices/system/node/node*/cpulist", OPERATION, "lack CPUs that are online");
	return 0;
}

/* The link that ties a CPU to its node may outlive its going offline, or not: then its node is not known. */
static int node_of_offline_cpu(const struct np_fs *fs, const struct numaperf_topology *topology, int cpu)
{
	char path[PATH_SIZE];

	if (!topology->sets.numa)
		return topology->nodes[0].id;
	for (size_t i = 0; i < topology->node_count; i++) {
		snprintf(path, sizeof(path), "sys/devices/system/node/node%d/cpu%d", topology->nodes[i].id, cpu);
		if (np_fs_exists(fs, path))
			return topology->nodes[i].id;
	}
	return TOPO_NODE_UNKNOWN;
}

static int map_cpus(const struct np_fs *fs, struct numaperf_topology *topology)
{
	int r;

	NUMAPERF_FOREACH_CPU(cpu, topology->sets.cpus_present)
		topology->cpu_ids = (size_t)cpu + 1;
	topology->cpu_node = malloc(topology->cpu_ids * sizeof(*topology->cpu_node));
	topology->cpu_package = malloc(topology->cpu_ids * sizeof(*topology->cpu_package));
	if (!topology->cpu_node || !topology->cpu_package)
		return np_fail_nomem(OPERATION);
	for (size_t cpu = 0; cpu < topology->cpu_ids; cpu++)
		topology->cpu_node[cpu] = topology->cpu_package[cpu] = TOPO_NO_CPU;

	r = map_online_cpus(fs, topology);
	if (r < 0)
		return r;
	NUMAPERF_FOREACH_CPU(cpu, topology->sets.cpus_present) {
		if (topology->cpu_node[cpu] == TOPO_NO_CPU)
			topology->cpu_node[cpu] = node_of_offline_cpu(fs, topology, cpu);
	}
	return 0;
}

/* present and allowed CPUs of each node, from the map. */
static int derive_node_cpus(struct numaperf_topology *topology)
{
	for (size_t i = 0; i < topology->node_count; i++) {
		struct numaperf_node *node = &topology->nodes[i];
		struct numaperf_cpuset **allowed = &node->cpus[NUMAPERF_CPU_ALLOWED];

		if (numaperf_cpuset_new(&node->cpus[NUMAPERF_CPU_PRESENT]) < 0 ||
		    numaperf_cpuset_copy(node->cpus[NUMAPERF_CPU_ONLINE], allowed) < 0 ||
		    numaperf_cpuset_and(*allowed, topology->sets.cpus_permitted) < 0)
			return np_fail_nomem(OPERATION);
	}
	NUMAPERF_FOREACH_CPU(cpu, topology->sets.cpus_present) {
		long i = topo_node_index(topology, topology->cpu_node[cpu]);

		if (i >= 0 && numaperf_cpuset_add(topology->nodes[i].cpus[NUMAPERF_CPU_PRESENT], (unsigned)cpu) < 0)
			return np_fail_nomem(OPERATION);
	}
	return 0;
}

static int read_package_list(const struct np_fs *fs, int cpu, char *path, struct numaperf_cpuset **ret_set)
{
	int r;

	snprintf(path, PATH_SIZE, "sys/devices/system/cpu/cpu%d/topology/package_cpus_list", cpu);
	r = np_fs_read_cpuset(fs, path, ret_set);
	if (r == -ENOENT) { /* before 5.3 */
		char older[PATH_SIZE];

		snprintf(older, sizeof(older), "sys/devices/system/cpu/cpu%d/topology/core_siblings_list", cpu);
		r = np_fs_read_cpuset(fs, older, ret_set);
	}
	return r < 0 ? np_fs_fail(fs, path, r, OPERATION) : 0;
}

static bool package_is_known(const struct numaperf_topology *topology, int id)
{
	for (size_t cpu = 0; cpu < topology->cpu_ids; cpu++)
		if (topology->cpu_package[cpu] == id)
			return true;
	return false;
}

/*
 * The package of this CPU, and with it of all the CPUs in its list. The id is what counts: kernel 6.1 lists each CPU alone where
 * a package has several dies of one CPU each.
 */
static int read_package(const struct np_fs *fs, struct numaperf_topology *topology, int cpu)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *members = NULL;
	char path[PATH_SIZE];
	long long id;
	int r;

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
	r = np_fs_read_number(fs, path, &id);
	if (r == 0 && (id < -1 || id > INT32_MAX))
		r = -EBADMSG;
	if (r < 0)
		return np_fs_fail(fs, path, r, OPERATION);
	if (id < 0) /* firmware that does not say */
		id = (long long)topology->package_count;

	r = read_package_list(fs, cpu, path, &members);
	if (r < 0)
		return r;
	if (!numaperf_cpuset_has(members, (unsigned)cpu))
		return topo_contradiction(fs, path, OPERATION, "does not name its own CPU");
	topology->package_count += !package_is_known(topology, (int)id);
	NUMAPERF_FOREACH_CPU(member, members) {
		if (!numaperf_cpuset_has(topology->sets.cpus_online, (unsigned)member) || topology->cpu_package[member] >= 0)
			return topo_contradiction(fs, path, OPERATION, "names a CPU that is offline or of another package");
		topology->cpu_package[member] = (int)id;
	}
	return 0;
}

static int read_packages(const struct np_fs *fs, struct numaperf_topology *topology)
{
	NUMAPERF_FOREACH_CPU(cpu, topology->sets.cpus_online) {
		int r = topology->cpu_package[cpu] < 0 ? read_package(fs, topology, cpu) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static enum numaperf_node_kind kind_of(const struct topo_sets *sets, const struct numaperf_node *node)
{
	bool has_cpus = !numaperf_cpuset_is_empty(node->cpus[NUMAPERF_CPU_ONLINE]);

	if (!numaperf_nodeset_has(sets->nodes_memory, (unsigned)node->id))
		return has_cpus ? NUMAPERF_NODE_MEMORY_LESS : NUMAPERF_NODE_EMPTY;
	if (!numaperf_nodeset_has(sets->nodes_normal, (unsigned)node->id))
		return NUMAPERF_NODE_MOVABLE_ONLY;
	return has_cpus ? NUMAPERF_NODE_NORMAL : NUMAPERF_NODE_CPU_LESS;
}

static int read_node(const struct np_fs *fs, struct numaperf_topology *topology, struct numaperf_node *node)
{
	int r = read_node_cpus(fs, topology, node);

	if (r == 0)
		r = read_memory(fs, &topology->sets, node);
	if (r == 0)
		r = read_distances(fs, &topology->sets, node, topology->node_count);
	if (r == 0)
		node->kind = kind_of(&topology->sets, node);
	return r;
}

static int read_nodes(const struct np_fs *fs, struct numaperf_topology *topology)
{
	size_t i = 0;

	topology->nodes = calloc(numaperf_nodeset_count(topology->sets.nodes_online), sizeof(*topology->nodes));
	if (!topology->nodes)
		return np_fail_nomem(OPERATION);
	topology->node_count = numaperf_nodeset_count(topology->sets.nodes_online);
	NUMAPERF_FOREACH_NODE_ID(id, topology->sets.nodes_online) {
		int r;

		topology->nodes[i].id = id;
		r = read_node(fs, topology, &topology->nodes[i++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void derive_node_packages(struct numaperf_topology *topology)
{
	for (size_t i = 0; i < topology->node_count; i++) {
		int first = numaperf_cpuset_next(topology->nodes[i].cpus[NUMAPERF_CPU_ONLINE], -1);

		topology->nodes[i].package = first < 0 ? -1 : topology->cpu_package[first];
	}
}

static int fill(const struct np_fs *fs, struct numaperf_topology *topology)
{
	int r = topo_sets_read(fs, OPERATION, &topology->sets);

	if (r == 0)
		r = read_nodes(fs, topology);
	if (r == 0)
		r = map_cpus(fs, topology);
	if (r == 0)
		r = derive_node_cpus(topology);
	if (r == 0)
		r = read_packages(fs, topology);
	if (r < 0)
		return r;
	derive_node_packages(topology);
	if (numaperf_cpuset_copy(topology->sets.cpus_online, &topology->cpus_allowed) < 0 ||
	    numaperf_cpuset_and(topology->cpus_allowed, topology->sets.cpus_permitted) < 0 || topo_advise(topology) < 0)
		return np_fail_nomem(OPERATION);
	return 0;
}

static int discover_once(const char *root, struct numaperf_topology **ret_topology)
{
	struct numaperf_topology *topology = calloc(1, sizeof(*topology));
	struct np_fs fs;
	int r;

	if (!topology)
		return np_fail_nomem(OPERATION);
	topology->refs = 1;
	if (root) {
		topology->root = strdup(root);
		if (!topology->root) {
			topo_free(topology);
			return np_fail_nomem(OPERATION);
		}
	}
	r = np_fs_open(root, &fs);
	if (r < 0) {
		topo_free(topology);
		return np_fail(-r, NUMAPERF_ERROR_IO, OPERATION, "The tree %s can't be opened: %s.", root ? root : "/", strerror(-r));
	}
	r = fill(&fs, topology);
	np_fs_close(&fs);
	if (r < 0) {
		topo_free(topology);
		return r;
	}
	*ret_topology = topology;
	return 0;
}

int numaperf_topology_discover(const struct numaperf_topology_options *options, struct numaperf_topology **ret_topology)
{
	struct numaperf_topology_options own;
	const char *root;
	int r = np_options_take(options, &own, sizeof(own), OPERATION);

	if (r < 0)
		return r;
	root = own.fsroot ? own.fsroot : secure_getenv("NUMAPERF_FSROOT");
	if (root && !*root)
		root = NULL;
	/* A file that is missing, or contradicts another, is a CPU or node going off- or online just now; or damage: that stays. */
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		r = discover_once(root, ret_topology);
		if (r == 0)
			break;
	}
	return r;
}
