/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Topologies of made-up machines: shapes, and what is derived from them. */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <numaperf.h>

#include "tree.h"

struct machine {
	struct tree tree;
	struct numaperf_topology *topology;
};

static int discover(const struct tree *tree, struct numaperf_topology **ret_topology)
{
	struct numaperf_topology_options options = NUMAPERF_TOPOLOGY_OPTIONS_INIT;

	options.fsroot = tree->root;
	return numaperf_topology_discover(&options, ret_topology);
}

static void machine_make(struct machine *machine, const struct tree_machine *description)
{
	tree_make(&machine->tree, description);
	if (discover(&machine->tree, &machine->topology) < 0)
		fail_msg("%s: %s", numaperf_last_error()->operation, numaperf_last_error()->message);
}

static void machine_free(struct machine *machine)
{
	numaperf_topology_unref(machine->topology);
	tree_remove(&machine->tree);
}

static void assert_cpus(const struct numaperf_cpuset *set, const char *expected)
{
	char list[256];

	numaperf_cpuset_format(set, list, sizeof(list));
	assert_string_equal(list, expected);
}

static void assert_node_cpus(const struct machine *machine, int node, enum numaperf_cpu_state which, const char *expected)
{
	assert_cpus(numaperf_node_cpus(numaperf_topology_node(machine->topology, node), which), expected);
}

static enum numaperf_node_kind kind_of(const struct machine *machine, int node)
{
	return numaperf_node_kind(numaperf_topology_node(machine->topology, node));
}

static int has_advice(const struct machine *machine, const char *part)
{
	const char *advice;

	for (size_t i = 0; (advice = numaperf_topology_advice(machine->topology, i)); i++) {
		if (strstr(advice, part))
			return 1;
	}
	return 0;
}

static int advice_count(const struct machine *machine)
{
	int count = 0;

	while (numaperf_topology_advice(machine->topology, (size_t)count))
		count++;
	return count;
}

/* ------------------------------------------------------------------ shapes */

static const struct tree_node two_nodes[] = {
	{ .id = 0, .cpus = "0-1", .mib = 1024, .distances = "10 20" },
	{ .id = 1, .cpus = "2-3", .mib = 2048, .distances = "21 10" },
	{ 0 },
};
static const struct tree_package two_packages[] = { { 0, "0-1" }, { 1, "2-3" }, { 0, NULL } };
static const struct tree_machine two = { .nodes = two_nodes, .packages = two_packages, .online = "0-3" };

static void test_one_node(void **state)
{
	static const struct tree_node nodes[] = { { .id = 0, .cpus = "0-3", .mib = 512, .distances = "10" }, { 0 } };
	static const struct tree_package packages[] = { { 0, "0-3" }, { 0, NULL } };
	struct machine machine;

	(void)state;
	machine_make(&machine, &(struct tree_machine){ .nodes = nodes, .packages = packages, .online = "0-3" });
	assert_int_equal(numaperf_topology_node_count(machine.topology), 1);
	assert_int_equal(numaperf_topology_package_count(machine.topology), 1);
	assert_false(numaperf_topology_is_numa(machine.topology));
	assert_int_equal(numaperf_topology_distance(machine.topology, 0, 0), 10);
	assert_int_equal(advice_count(&machine), 0);
	machine_free(&machine);
}

static void test_two_nodes(void **state)
{
	struct numaperf_node_memory memory;
	struct machine machine;
	const struct numaperf_node *node;

	(void)state;
	machine_make(&machine, &two);
	assert_true(numaperf_topology_is_numa(machine.topology));
	assert_int_equal(numaperf_topology_package_count(machine.topology), 2);
	assert_node_cpus(&machine, 1, NUMAPERF_CPU_ONLINE, "2-3");
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 1), 0);
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 2), 1);
	/* Distances need not be symmetric: from is the row. */
	assert_int_equal(numaperf_topology_distance(machine.topology, 0, 1), 20);
	assert_int_equal(numaperf_topology_distance(machine.topology, 1, 0), 21);

	node = numaperf_topology_node(machine.topology, 1);
	assert_int_equal(numaperf_node_package(node), 1);
	assert_int_equal(numaperf_node_memory(node, &memory), 0);
	assert_int_equal(memory.total, 2048ull << 20);
	assert_int_equal(memory.free, 1024ull << 20);
	assert_true(memory.allowed);
	assert_int_equal(advice_count(&machine), 0);
	machine_free(&machine);
}

static void test_order_and_ends(void **state)
{
	struct machine machine;
	const struct numaperf_node *node;

	(void)state;
	machine_make(&machine, &two);
	node = numaperf_topology_next_node(machine.topology, NULL);
	assert_int_equal(numaperf_node_id(node), 0);
	node = numaperf_topology_next_node(machine.topology, node);
	assert_int_equal(numaperf_node_id(node), 1);
	assert_null(numaperf_topology_next_node(machine.topology, node));
	assert_null(numaperf_topology_node(machine.topology, 2));
	assert_null(numaperf_topology_node(machine.topology, -1));
	machine_free(&machine);
}

static void test_unknown_ids_are_errors(void **state)
{
	struct machine machine;

	(void)state;
	machine_make(&machine, &two);
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 4), -EINVAL);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_CPU);
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 1u << 31), -EINVAL);
	assert_int_equal(numaperf_topology_distance(machine.topology, 0, 2), -EINVAL);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_NODE);
	assert_int_equal(numaperf_topology_nearest_memory(machine.topology, -1), -EINVAL);
	machine_free(&machine);
}

static void test_four_nodes_in_two_packages(void **state)
{
	static const struct tree_node nodes[] = {
		{ .id = 0, .cpus = "0,4", .mib = 64, .distances = "10 12 20 20" },
		{ .id = 1, .cpus = "1,5", .mib = 64, .distances = "12 10 20 20" },
		{ .id = 2, .cpus = "2,6", .mib = 64, .distances = "20 20 10 12" },
		{ .id = 3, .cpus = "3,7", .mib = 64, .distances = "20 20 12 10" },
		{ 0 },
	};
	static const struct tree_package packages[] = { { 0, "0-1,4-5" }, { 1, "2-3,6-7" }, { 0, NULL } };
	struct machine machine;

	(void)state;
	machine_make(&machine, &(struct tree_machine){ .nodes = nodes, .packages = packages, .online = "0-7" });
	assert_int_equal(numaperf_topology_node_count(machine.topology), 4);
	assert_int_equal(numaperf_topology_package_count(machine.topology), 2);
	assert_int_equal(numaperf_node_package(numaperf_topology_node(machine.topology, 3)), 1);
	assert_int_equal(numaperf_topology_distance(machine.topology, 2, 3), 12);
	assert_int_equal(numaperf_topology_distance(machine.topology, 1, 3), 20);
	assert_true(has_advice(&machine, "SNC"));
	machine_free(&machine);
}

/* As kernel 6.1 shows packages of two dies with one CPU each: by their ids, but no CPU knows of the other. */
static void test_packages_that_list_each_cpu_alone(void **state)
{
	static const struct tree_node nodes[] = {
		{ .id = 0, .cpus = "0", .mib = 64, .distances = "10 12 20 22" },
		{ .id = 1, .cpus = "1", .mib = 64, .distances = "12 10 22 20" },
		{ .id = 2, .cpus = "2", .mib = 64, .distances = "20 22 10 12" },
		{ .id = 3, .cpus = "3", .mib = 64, .distances = "22 20 12 10" },
		{ 0 },
	};
	static const struct tree_package packages[] = { { 0, "0" }, { 0, "1" }, { 1, "2" }, { 1, "3" }, { 0, NULL } };
	struct machine machine;

	(void)state;
	machine_make(&machine, &(struct tree_machine){ .nodes = nodes, .packages = packages, .online = "0-3" });
	assert_int_equal(numaperf_topology_package_count(machine.topology), 2);
	assert_int_equal(numaperf_node_package(numaperf_topology_node(machine.topology, 1)), 0);
	assert_int_equal(numaperf_node_package(numaperf_topology_node(machine.topology, 2)), 1);
	assert_non_null(strstr(numaperf_topology_advice(machine.topology, 0), "4 nodes with CPUs in 2 packages"));
	machine_free(&machine);
}

static void test_eight_nodes(void **state)
{
	struct tree_node nodes[9] = { { 0 } };
	struct tree_package packages[9] = { { 0 } };
	char cpus[8][16];
	struct machine machine;

	(void)state;
	for (int i = 0; i < 8; i++) {
		snprintf(cpus[i], sizeof(cpus[i]), "%d-%d", 4 * i, 4 * i + 3);
		nodes[i] = (struct tree_node){ .id = i, .cpus = cpus[i], .mib = 64 };
		packages[i] = (struct tree_package){ i, cpus[i] };
	}
	nodes[0].distances = "10 21 21 21 21 21 21 21";
	nodes[1].distances = "21 10 21 21 21 21 21 21";
	nodes[2].distances = "21 21 10 21 21 21 21 21";
	nodes[3].distances = "21 21 21 10 21 21 21 21";
	nodes[4].distances = "21 21 21 21 10 21 21 21";
	nodes[5].distances = "21 21 21 21 21 10 21 21";
	nodes[6].distances = "21 21 21 21 21 21 10 21";
	nodes[7].distances = "21 21 21 21 21 21 21 10";
	machine_make(&machine, &(struct tree_machine){ .nodes = nodes, .packages = packages, .online = "0-31" });
	assert_int_equal(numaperf_topology_node_count(machine.topology), 8);
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 29), 7);
	assert_true(has_advice(&machine, "equally far"));
	machine_free(&machine);
}

/* Rows have as many columns as there are nodes online: the column of node 5 is its position. */
static void test_sparse_ids(void **state)
{
	static const struct tree_node nodes[] = {
		{ .id = 0, .cpus = "0", .mib = 64, .distances = "10 15 20" },
		{ .id = 2, .cpus = "1", .mib = 64, .distances = "15 10 25" },
		{ .id = 5, .cpus = "2", .mib = 64, .distances = "20 25 10" },
		{ 0 },
	};
	static const struct tree_package packages[] = { { 0, "0" }, { 1, "1" }, { 7, "2" }, { 0, NULL } };
	struct machine machine;

	(void)state;
	machine_make(&machine, &(struct tree_machine){ .nodes = nodes, .packages = packages, .online = "0-2" });
	assert_int_equal(numaperf_topology_node_count(machine.topology), 3);
	assert_null(numaperf_topology_node(machine.topology, 1));
	assert_int_equal(numaperf_topology_distance(machine.topology, 0, 2), 15);
	assert_int_equal(numaperf_topology_distance(machine.topology, 2, 5), 25);
	assert_int_equal(numaperf_topology_distance(machine.topology, 5, 5), 10);
	assert_int_equal(numaperf_topology_distance(machine.topology, 0, 1), -EINVAL);
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 2), 5);
	assert_int_equal(numaperf_node_package(numaperf_topology_node(machine.topology, 5)), 7);
	machine_free(&machine);
}

static void test_nodes_without_cpus_or_memory(void **state)
{
	static const struct tree_node nodes[] = {
		{ .id = 0, .cpus = "0-1", .mib = 64, .distances = "10 20 17 30 40" },
		{ .id = 1, .cpus = "2-3", .mib = 0, .distances = "20 10 24 15 40" },
		{ .id = 2, .cpus = "", .mib = 128, .distances = "17 24 10 30 40" },
		{ .id = 3, .cpus = "", .mib = 128, .movable = 1, .distances = "30 15 30 10 40" },
		{ .id = 4, .cpus = "", .mib = 0, .distances = "40 40 40 40 10" },
		{ 0 },
	};
	struct machine machine;

	(void)state;
	machine_make(&machine, &(struct tree_machine){ .nodes = nodes, .packages = two_packages, .online = "0-3" });
	assert_int_equal(kind_of(&machine, 0), NUMAPERF_NODE_NORMAL);
	assert_int_equal(kind_of(&machine, 1), NUMAPERF_NODE_MEMORY_LESS);
	assert_int_equal(kind_of(&machine, 2), NUMAPERF_NODE_CPU_LESS);
	assert_int_equal(kind_of(&machine, 3), NUMAPERF_NODE_MOVABLE_ONLY);
	assert_int_equal(kind_of(&machine, 4), NUMAPERF_NODE_EMPTY);
	assert_int_equal(numaperf_node_package(numaperf_topology_node(machine.topology, 2)), -1);

	assert_int_equal(numaperf_topology_nearest_memory(machine.topology, 0), 0);
	assert_int_equal(numaperf_topology_nearest_memory(machine.topology, 1), 3);
	assert_int_equal(numaperf_topology_nearest_cpus(machine.topology, 2), 0);
	assert_int_equal(numaperf_topology_nearest_cpus(machine.topology, 3), 1);
	/* Equally near: the lower id. */
	assert_int_equal(numaperf_topology_nearest_memory(machine.topology, 4), 0);

	assert_true(has_advice(&machine, "Node 1 has no memory"));
	assert_true(has_advice(&machine, "Node 2 has memory, but no CPU"));
	assert_true(has_advice(&machine, "memory of node 3 is movable"));
	assert_true(has_advice(&machine, "neither CPUs nor memory"));
	machine_free(&machine);
}

static void test_offline_cpus(void **state)
{
	static const struct tree_node nodes[] = {
		{ .id = 0, .cpus = "0", .mib = 64, .distances = "10 20" },
		{ .id = 1, .cpus = "2", .mib = 64, .distances = "20 10" },
		{ 0 },
	};
	static const struct tree_package packages[] = { { 0, "0" }, { 1, "2" }, { 0, NULL } };
	static const struct tree_machine description = { .nodes = nodes, .packages = packages, .online = "0,2", .present = "0-3" };
	struct machine machine;

	(void)state;
	tree_make(&machine.tree, &description);
	tree_write(&machine.tree, "sys/devices/system/node/node1/cpu3/link", "the link outlived it");
	assert_int_equal(discover(&machine.tree, &machine.topology), 0);

	assert_cpus(numaperf_topology_cpus(machine.topology, NUMAPERF_CPU_PRESENT), "0-3");
	assert_cpus(numaperf_topology_cpus(machine.topology, NUMAPERF_CPU_ONLINE), "0,2");
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 3), 1);
	assert_node_cpus(&machine, 1, NUMAPERF_CPU_PRESENT, "2-3");
	assert_node_cpus(&machine, 1, NUMAPERF_CPU_ONLINE, "2");
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 1), -ENODATA);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_CPU);
	assert_true(has_advice(&machine, "2 of 4 CPUs are offline; of 1"));
	machine_free(&machine);
}

static void test_more_than_1024_cpus(void **state)
{
	static const struct tree_node nodes[] = {
		{ .id = 0, .cpus = "0-1023", .mib = 64, .distances = "10 20" },
		{ .id = 1, .cpus = "1024-2047", .mib = 64, .distances = "20 10" },
		{ 0 },
	};
	static const struct tree_package none[] = { { 0, NULL } };
	struct machine machine;

	(void)state;
	tree_make(&machine.tree, &(struct tree_machine){
					 .nodes = nodes,
					 .packages = none,
					 .online = "0-2047",
					 .status = "Cpus_allowed_list:\t1000-1030\nMems_allowed_list:\t0-1",
				 });
	/* Only the first CPU of each package is asked. */
	tree_write(&machine.tree, "sys/devices/system/cpu/cpu0/topology/physical_package_id", "0");
	tree_write(&machine.tree, "sys/devices/system/cpu/cpu0/topology/package_cpus_list", "0-1023");
	tree_write(&machine.tree, "sys/devices/system/cpu/cpu1024/topology/physical_package_id", "1");
	tree_write(&machine.tree, "sys/devices/system/cpu/cpu1024/topology/package_cpus_list", "1024-2047");
	assert_int_equal(discover(&machine.tree, &machine.topology), 0);
	assert_int_equal(numaperf_topology_node_of_cpu(machine.topology, 2047), 1);
	assert_int_equal(numaperf_cpuset_count(numaperf_topology_cpus(machine.topology, NUMAPERF_CPU_ONLINE)), 2048);
	assert_node_cpus(&machine, 1, NUMAPERF_CPU_ALLOWED, "1024-1030");
	machine_free(&machine);
}

static void test_kernel_without_numa(void **state)
{
	struct numaperf_node_memory memory;
	struct machine machine;

	(void)state;
	machine_make(&machine, &(struct tree_machine){ .packages = two_packages, .online = "0-3" });
	assert_int_equal(numaperf_topology_node_count(machine.topology), 1);
	assert_node_cpus(&machine, 0, NUMAPERF_CPU_ONLINE, "0-3");
	assert_int_equal(kind_of(&machine, 0), NUMAPERF_NODE_NORMAL);
	assert_int_equal(numaperf_topology_distance(machine.topology, 0, 0), 10);
	assert_int_equal(numaperf_node_memory(numaperf_topology_node(machine.topology, 0), &memory), 0);
	assert_int_equal(memory.total, 4 << 20);
	assert_true(has_advice(&machine, "node interleaving"));
	machine_free(&machine);
}

static void test_kernel_before_package_lists(void **state)
{
	struct machine machine;

	(void)state;
	tree_make(&machine.tree, &two);
	for (int cpu = 0; cpu < 4; cpu++) {
		char path[96];

		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/package_cpus_list", cpu);
		tree_delete(&machine.tree, path);
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/core_siblings_list", cpu);
		tree_write(&machine.tree, path, "%s", cpu < 2 ? "0-1" : "2-3");
	}
	assert_int_equal(discover(&machine.tree, &machine.topology), 0);
	assert_int_equal(numaperf_topology_package_count(machine.topology), 2);
	machine_free(&machine);
}

/* ------------------------------------------------------------------ what is allowed */

static void test_permitted_by_cpuset(void **state)
{
	struct tree_machine description = two;
	struct numaperf_node_memory memory;
	struct machine machine;

	(void)state;
	description.status = "Cpus_allowed_list:\t1-2,64-127\nMems_allowed_list:\t1";
	machine_make(&machine, &description);
	assert_cpus(numaperf_topology_cpus(machine.topology, NUMAPERF_CPU_ALLOWED), "1-2");
	assert_node_cpus(&machine, 0, NUMAPERF_CPU_ALLOWED, "1");
	assert_int_equal(numaperf_node_memory(numaperf_topology_node(machine.topology, 0), &memory), 0);
	assert_false(memory.allowed);
	assert_int_equal(numaperf_topology_nearest_memory(machine.topology, 0), 1);
	assert_true(has_advice(&machine, "span 2 nodes"));
	machine_free(&machine);
}

static void test_nothing_local_permitted(void **state)
{
	struct tree_machine description = two;
	struct machine machine;

	(void)state;
	description.status = "Cpus_allowed_list:\t0-1\nMems_allowed_list:\t1";
	machine_make(&machine, &description);
	assert_int_equal(numaperf_topology_nearest_cpus(machine.topology, 1), 0);
	assert_true(has_advice(&machine, "all its accesses are remote"));
	machine_free(&machine);
}

static void test_without_status_all_is_allowed(void **state)
{
	struct machine machine;

	(void)state;
	machine_make(&machine, &two);
	assert_cpus(numaperf_topology_cpus(machine.topology, NUMAPERF_CPU_ALLOWED), "0-3");
	machine_free(&machine);
}

/* ------------------------------------------------------------------ staleness, sharing, where it is read from */

static void test_stale(void **state)
{
	struct tree_machine description = two;
	struct machine machine;

	(void)state;
	description.status = "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0-1";
	machine_make(&machine, &description);
	assert_int_equal(numaperf_topology_is_stale(machine.topology), 0);
	tree_write(&machine.tree, "proc/self/status", "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0");
	assert_int_equal(numaperf_topology_is_stale(machine.topology), 1);
	tree_write(&machine.tree, "proc/self/status", "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0-1");
	tree_write(&machine.tree, "sys/devices/system/cpu/online", "0-2");
	assert_int_equal(numaperf_topology_is_stale(machine.topology), 1);
	tree_delete(&machine.tree, "sys/devices/system/cpu/online");
	assert_int_equal(numaperf_topology_is_stale(machine.topology), -ENOENT);
	tree_write(&machine.tree, "sys/devices/system/cpu/online", "0-3");
	assert_int_equal(numaperf_topology_is_stale(machine.topology), 0);
	machine_free(&machine);
}

static void test_references(void **state)
{
	struct machine machine;

	(void)state;
	machine_make(&machine, &two);
	assert_ptr_equal(numaperf_topology_ref(machine.topology), machine.topology);
	numaperf_topology_unref(machine.topology);
	assert_int_equal(numaperf_topology_node_count(machine.topology), 2);
	machine_free(&machine);
	numaperf_topology_unref(NULL);
}

static void test_root_from_environment(void **state)
{
	struct numaperf_topology *topology;
	struct machine machine;

	(void)state;
	machine_make(&machine, &(struct tree_machine){ .nodes = two_nodes, .packages = two_packages, .online = "0-3" });
	setenv("NUMAPERF_FSROOT", machine.tree.root, 1);
	assert_int_equal(numaperf_topology_discover(NULL, &topology), 0);
	unsetenv("NUMAPERF_FSROOT");
	assert_int_equal(numaperf_topology_distance(topology, 1, 0), 21);
	numaperf_topology_unref(topology);
	machine_free(&machine);
}

static void test_root_that_is_not_there(void **state)
{
	struct numaperf_topology_options options = NUMAPERF_TOPOLOGY_OPTIONS_INIT;
	struct numaperf_topology *topology = NULL;

	(void)state;
	options.fsroot = "/nonexistent/tree";
	assert_int_equal(numaperf_topology_discover(&options, &topology), -ENOENT);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_IO);
	assert_non_null(strstr(numaperf_last_error()->message, "/nonexistent/tree"));
	assert_null(topology);
}

static void test_kind_names(void **state)
{
	enum numaperf_node_kind kind;

	(void)state;
	for (int i = NUMAPERF_NODE_NORMAL; i <= NUMAPERF_NODE_EMPTY; i++) {
		assert_int_equal(numaperf_node_kind_parse(numaperf_node_kind_to_string((enum numaperf_node_kind)i), &kind), 0);
		assert_int_equal(kind, i);
	}
	assert_int_equal(numaperf_node_kind_parse("huge", &kind), -EINVAL);
}

/* ------------------------------------------------------------------ damage: an error that names the file, never a smaller machine */

static const struct damage {
	const char *path;
	const char *text; /* NULL: the file is missing */
	const char *named; /* in the message; NULL: path */
} damages[] = {
	{ "sys/devices/system/cpu/online", NULL, NULL },
	{ "sys/devices/system/cpu/online", "", NULL },
	{ "sys/devices/system/cpu/online", "0-3,x", NULL },
	{ "sys/devices/system/cpu/online", "0-4", "cpu/present" },
	{ "sys/devices/system/cpu/online", "0-2", "cpulist" },
	{ "sys/devices/system/cpu/present", NULL, NULL },
	{ "sys/devices/system/cpu/present", "0-2", NULL },
	{ "sys/devices/system/cpu/present", "?", NULL },
	{ "sys/devices/system/node/online", NULL, NULL },
	{ "sys/devices/system/node/online", "", NULL },
	{ "sys/devices/system/node/online", "1-0", NULL },
	{ "sys/devices/system/node/online", "0", "has_memory" },
	{ "sys/devices/system/node/online", "0-2", "distance" },
	{ "sys/devices/system/node/has_memory", NULL, NULL },
	{ "sys/devices/system/node/has_memory", "", NULL },
	{ "sys/devices/system/node/has_memory", "0-1-2", NULL },
	{ "sys/devices/system/node/has_memory", "0", "has_normal_memory" },
	{ "sys/devices/system/node/has_normal_memory", NULL, NULL },
	{ "sys/devices/system/node/has_normal_memory", "none", NULL },
	{ "sys/devices/system/node", NULL, NULL },
	{ "sys/devices/system/node/node1", NULL, "node1/" },
	{ "sys/devices/system/node/node1/cpulist", NULL, NULL },
	{ "sys/devices/system/node/node1/cpulist", "2", "cpulist" },
	{ "sys/devices/system/node/node1/cpulist", "", "cpulist" },
	{ "sys/devices/system/node/node1/cpulist", "1-3", "cpulist" },
	{ "sys/devices/system/node/node1/cpulist", "2-4", NULL },
	{ "sys/devices/system/node/node1/meminfo", NULL, NULL },
	{ "sys/devices/system/node/node1/meminfo", "", NULL },
	{ "sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: 12 kB", NULL },
	{ "sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: x kB\nNode 1 MemFree: 1 kB", NULL },
	{ "sys/devices/system/node/node1/distance", NULL, NULL },
	{ "sys/devices/system/node/node1/distance", "", NULL },
	{ "sys/devices/system/node/node1/distance", "21", NULL },
	{ "sys/devices/system/node/node1/distance", "21 10 30", NULL },
	{ "sys/devices/system/node/node1/distance", "21 ten", NULL },
	{ "sys/devices/system/node/node1/distance", "21 -10", NULL },
	{ "sys/devices/system/node/node1/distance", "21 0", NULL },
	{ "sys/devices/system/cpu/cpu2/topology/physical_package_id", NULL, NULL },
	{ "sys/devices/system/cpu/cpu2/topology/physical_package_id", "one", NULL },
	{ "sys/devices/system/cpu/cpu2/topology/package_cpus_list", NULL, NULL },
	{ "sys/devices/system/cpu/cpu2/topology/package_cpus_list", "3", NULL },
	{ "sys/devices/system/cpu/cpu2/topology/package_cpus_list", "0-3", NULL },
	{ "sys/devices/system/cpu/cpu2/topology/package_cpus_list", "2-9", NULL },
	{ "proc/self/status", NULL, NULL },
	{ "proc/self/status", "Name:\tcat", NULL },
	{ "proc/self/status", "Cpus_allowed_list:\tall", NULL },
	{ "proc/self/status", "Cpus_allowed_list:\t0\nMems_allowed_list:\t0-", NULL },
};

static void test_damage(void **state)
{
	struct tree_machine description = two;

	(void)state;
	description.status = "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0-1";
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *damage = &damages[i];
		const char *named = damage->named ? damage->named : damage->path;
		struct numaperf_topology *topology = NULL;
		struct tree tree;
		int r;

		tree_make(&tree, &description);
		if (damage->text)
			tree_write(&tree, damage->path, "%s", damage->text);
		else
			tree_delete(&tree, damage->path);
		r = discover(&tree, &topology);
		if (r >= 0 || topology)
			fail_msg("%s = \"%s\" was accepted", damage->path, damage->text ? damage->text : "(missing)");
		if (numaperf_last_error()->kind != NUMAPERF_ERROR_IO || !strstr(numaperf_last_error()->message, named))
			fail_msg("%s = \"%s\": %s", damage->path, damage->text ? damage->text : "(missing)", numaperf_last_error()->message);
		tree_remove(&tree);
	}
}

/* ------------------------------------------------------------------ this machine */

static void read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	if (!fgets(line, (int)size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

static void test_live_machine(void **state)
{
	NUMAPERF_AUTO(topology) struct numaperf_topology *topology = NULL;
	char path[96], expected[1024];

	(void)state;
	assert_int_equal(numaperf_topology_discover(NULL, &topology), 0);
	read_line("/sys/devices/system/cpu/online", expected, sizeof(expected));
	assert_cpus(numaperf_topology_cpus(topology, NUMAPERF_CPU_ONLINE), expected);
	assert_int_equal(numaperf_topology_is_stale(topology), 0);
	if (access("/sys/devices/system/node", F_OK) < 0)
		skip_because("this kernel has no NUMA");

	NUMAPERF_FOREACH_NODE(node, topology) {
		int id = numaperf_node_id(node);

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpulist", id);
		read_line(path, expected, sizeof(expected));
		assert_cpus(numaperf_node_cpus(node, NUMAPERF_CPU_ONLINE), expected);
		NUMAPERF_FOREACH_CPU(cpu, numaperf_node_cpus(node, NUMAPERF_CPU_ONLINE))
			assert_int_equal(numaperf_topology_node_of_cpu(topology, (unsigned)cpu), id);

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/distance", id);
		read_line(path, expected, sizeof(expected));
		char *at = expected;
		NUMAPERF_FOREACH_NODE(other, topology)
			assert_int_equal(numaperf_topology_distance(topology, id, numaperf_node_id(other)), strtol(at, &at, 10));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_node),
		cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_order_and_ends),
		cmocka_unit_test(test_unknown_ids_are_errors),
		cmocka_unit_test(test_four_nodes_in_two_packages),
		cmocka_unit_test(test_packages_that_list_each_cpu_alone),
		cmocka_unit_test(test_eight_nodes),
		cmocka_unit_test(test_sparse_ids),
		cmocka_unit_test(test_nodes_without_cpus_or_memory),
		cmocka_unit_test(test_offline_cpus),
		cmocka_unit_test(test_more_than_1024_cpus),
		cmocka_unit_test(test_kernel_without_numa),
		cmocka_unit_test(test_kernel_before_package_lists),
		cmocka_unit_test(test_permitted_by_cpuset),
		cmocka_unit_test(test_nothing_local_permitted),
		cmocka_unit_test(test_without_status_all_is_allowed),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_root_from_environment),
		cmocka_unit_test(test_root_that_is_not_there),
		cmocka_unit_test(test_kind_names),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_live_machine),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
