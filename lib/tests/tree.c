/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <numaperf/set.h>

#include "tree.h"

#define PATH_SIZE 256

static void make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
}

void tree_write(const struct tree *tree, const char *path, const char *format, ...)
{
	char full[PATH_SIZE];
	va_list args;
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	make_directories(full);
	file = fopen(full, "w");
	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fputc('\n', file);
	assert_int_equal(fclose(file), 0);
}

static int delete_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

void tree_delete(const struct tree *tree, const char *path)
{
	char full[PATH_SIZE];

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	assert_int_equal(nftw(full, delete_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void tree_remove(struct tree *tree)
{
	assert_int_equal(nftw(tree->root, delete_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void write_node(const struct tree *tree, const struct tree_node *node)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "sys/devices/system/node/node%d/cpulist", node->id);
	tree_write(tree, path, "%s", node->cpus);
	snprintf(path, sizeof(path), "sys/devices/system/node/node%d/meminfo", node->id);
	tree_write(tree, path, "Node %d MemTotal:       %llu kB\nNode %d MemFree:        %llu kB\nNode %d MemUsed:        %llu kB", node->id,
		   node->mib << 10, node->id, node->mib << 9, node->id, node->mib << 9);
	snprintf(path, sizeof(path), "sys/devices/system/node/node%d/distance", node->id);
	tree_write(tree, path, "%s", node->distances);
}

static void write_nodeset(const struct tree *tree, const char *path, const struct numaperf_nodeset *set)
{
	char list[1024];

	assert_true(numaperf_nodeset_format(set, list, sizeof(list)) < (ssize_t)sizeof(list));
	tree_write(tree, path, "%s", list);
}

static void write_nodes(const struct tree *tree, const struct tree_node *nodes)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *online = NULL, *memory = NULL, *normal = NULL;

	assert_int_equal(numaperf_nodeset_new(&online), 0);
	assert_int_equal(numaperf_nodeset_new(&memory), 0);
	assert_int_equal(numaperf_nodeset_new(&normal), 0);
	for (; nodes->distances; nodes++) {
		write_node(tree, nodes);
		assert_int_equal(numaperf_nodeset_add(online, (unsigned)nodes->id), 0);
		if (nodes->mib)
			assert_int_equal(numaperf_nodeset_add(memory, (unsigned)nodes->id), 0);
		if (nodes->mib && !nodes->movable)
			assert_int_equal(numaperf_nodeset_add(normal, (unsigned)nodes->id), 0);
	}
	write_nodeset(tree, "sys/devices/system/node/online", online);
	write_nodeset(tree, "sys/devices/system/node/has_memory", memory);
	write_nodeset(tree, "sys/devices/system/node/has_normal_memory", normal);
}

static void write_package(const struct tree *tree, const struct tree_package *package)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = NULL;
	char path[PATH_SIZE];

	assert_int_equal(numaperf_cpuset_parse(package->cpus, &cpus), 0);
	NUMAPERF_FOREACH_CPU(cpu, cpus) {
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
		tree_write(tree, path, "%d", package->id);
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/package_cpus_list", cpu);
		tree_write(tree, path, "%s", package->cpus);
	}
}

void tree_make(struct tree *tree, const struct tree_machine *machine)
{
	strcpy(tree->root, "/tmp/numaperf-tree-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
	tree_write(tree, "sys/devices/system/cpu/online", "%s", machine->online);
	tree_write(tree, "sys/devices/system/cpu/present", "%s", machine->present ? machine->present : machine->online);
	for (const struct tree_package *package = machine->packages; package->cpus; package++)
		write_package(tree, package);
	if (machine->nodes)
		write_nodes(tree, machine->nodes);
	else
		tree_write(tree, "proc/meminfo", "MemTotal:       4096 kB\nMemFree:        1024 kB\nMemAvailable:   2048 kB");
	if (machine->status)
		tree_write(tree, "proc/self/status", "Name:\tcat\n%s", machine->status);
}
