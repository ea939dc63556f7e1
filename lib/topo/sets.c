/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "topo/sets.h"

#define CPU_DIR "sys/devices/system/cpu/"
#define NODE_DIR "sys/devices/system/node"
#define STATUS "proc/self/status"

int topo_contradiction(const struct np_fs *fs, const char *path, const char *operation, const char *why)
{
	return np_fail(EBADMSG, NUMAPERF_ERROR_IO, operation, "%s under %s %s: the tree is damaged, or was changing while it was read.", path,
		       fs->root, why);
}

static int read_cpus(const struct np_fs *fs, const char *path, const char *operation, struct numaperf_cpuset **ret_set)
{
	int r = np_fs_read_cpuset(fs, path, ret_set);

	return r < 0 ? np_fs_fail(fs, path, r, operation) : 0;
}

static int read_nodes(const struct np_fs *fs, const char *path, const char *operation, struct numaperf_nodeset **ret_set)
{
	int r = np_fs_read_nodeset(fs, path, ret_set);

	return r < 0 ? np_fs_fail(fs, path, r, operation) : 0;
}

static int read_cpu_sets(const struct np_fs *fs, const char *operation, struct topo_sets *sets)
{
	int r = read_cpus(fs, CPU_DIR "online", operation, &sets->cpus_online);

	if (r < 0)
		return r;
	r = read_cpus(fs, CPU_DIR "present", operation, &sets->cpus_present);
	if (r < 0)
		return r;
	if (numaperf_cpuset_is_empty(sets->cpus_online))
		return topo_contradiction(fs, CPU_DIR "online", operation, "names no CPU");
	if (!numaperf_cpuset_subset(sets->cpus_online, sets->cpus_present))
		return topo_contradiction(fs, CPU_DIR "present", operation, "lacks CPUs that are online");
	return 0;
}

/* What a kernel without NUMA has. */
static int one_node(const char *operation, struct topo_sets *sets)
{
	struct numaperf_nodeset **each[] = { &sets->nodes_online, &sets->nodes_memory, &sets->nodes_normal };

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		if (numaperf_nodeset_new(each[i]) < 0 || numaperf_nodeset_add(*each[i], 0) < 0)
			return np_fail_nomem(operation);
	}
	return 0;
}

static int read_node_sets(const struct np_fs *fs, const char *operation, struct topo_sets *sets)
{
	int r;

	sets->numa = np_fs_exists(fs, NODE_DIR);
	if (!sets->numa)
		return one_node(operation, sets);

	r = read_nodes(fs, NODE_DIR "/online", operation, &sets->nodes_online);
	if (r < 0)
		return r;
	r = read_nodes(fs, NODE_DIR "/has_memory", operation, &sets->nodes_memory);
	if (r < 0)
		return r;
	r = read_nodes(fs, NODE_DIR "/has_normal_memory", operation, &sets->nodes_normal);
	if (r < 0)
		return r;
	if (numaperf_nodeset_is_empty(sets->nodes_online))
		return topo_contradiction(fs, NODE_DIR "/online", operation, "names no node");
	if (!numaperf_nodeset_subset(sets->nodes_memory, sets->nodes_online))
		return topo_contradiction(fs, NODE_DIR "/has_memory", operation, "names nodes that are not online");
	if (numaperf_nodeset_is_empty(sets->nodes_memory))
		return topo_contradiction(fs, NODE_DIR "/has_memory", operation, "names no node");
	if (!numaperf_nodeset_subset(sets->nodes_normal, sets->nodes_memory))
		return topo_contradiction(fs, NODE_DIR "/has_normal_memory", operation, "names nodes without memory");
	return 0;
}

/* The rest of the line that begins with key, terminated; NULL: no such line. Changes text. */
static char *line_after(char *text, const char *key)
{
	size_t length = strlen(key);

	for (char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, length))
			continue;
		line += length;
		line += strspn(line, " \t");
		line[strcspn(line, "\n")] = '\0';
		return line;
	}
	return NULL;
}

/* Both lists of one text; the later line first, for finding a line cuts the text there. Kernels without cpusets have no Mems_allowed_list. */
static int parse_status(const struct np_fs *fs, char *text, const char *operation, struct topo_sets *sets)
{
	char *nodes = line_after(text, "Mems_allowed_list:");
	char *cpus = line_after(text, "Cpus_allowed_list:");

	if (!cpus)
		return topo_contradiction(fs, STATUS, operation, "has no line Cpus_allowed_list");
	if (numaperf_cpuset_parse(cpus, &sets->cpus_permitted) < 0)
		return np_fs_fail(fs, STATUS, -EBADMSG, operation);
	if (nodes && numaperf_nodeset_parse(nodes, &sets->nodes_permitted) < 0)
		return np_fs_fail(fs, STATUS, -EBADMSG, operation);
	return 0;
}

static int read_permitted(const struct np_fs *fs, const char *operation, struct topo_sets *sets)
{
	char *text;
	int r = np_fs_read_text(fs, STATUS, &text);

	if (r == 0) {
		r = parse_status(fs, text, operation, sets);
		free(text);
		if (r < 0)
			return r;
	} else if (r != -ENOENT || np_fs_exists(fs, "proc/self")) {
		return np_fs_fail(fs, STATUS, r, operation);
	}
	/* A tree of another machine need not say what some process was allowed there: then everything. */
	if (!sets->cpus_permitted && numaperf_cpuset_copy(sets->cpus_online, &sets->cpus_permitted) < 0)
		return np_fail_nomem(operation);
	if (!sets->nodes_permitted && numaperf_nodeset_copy(sets->nodes_online, &sets->nodes_permitted) < 0)
		return np_fail_nomem(operation);
	if (!sets->numa && !numaperf_nodeset_equal(sets->nodes_permitted, sets->nodes_online))
		return topo_contradiction(fs, NODE_DIR, operation, "is missing, though " STATUS " knows of nodes");
	return 0;
}

int topo_sets_read(const struct np_fs *fs, const char *operation, struct topo_sets *ret_sets)
{
	struct topo_sets sets = { 0 };
	int r = read_cpu_sets(fs, operation, &sets);

	if (r == 0)
		r = read_node_sets(fs, operation, &sets);
	if (r == 0)
		r = read_permitted(fs, operation, &sets);
	if (r < 0) {
		topo_sets_free(&sets);
		return r;
	}
	*ret_sets = sets;
	return 0;
}

int topo_sets_read_live(const char *operation, struct topo_sets *ret_sets)
{
	struct np_fs fs;
	int r = np_fs_open(NULL, &fs);

	if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_IO, operation, "The root directory can't be opened: %s.", strerror(-r));
	r = topo_sets_read(&fs, operation, ret_sets);
	np_fs_close(&fs);
	return r;
}

void topo_sets_free(struct topo_sets *sets)
{
	numaperf_cpuset_free(sets->cpus_online);
	numaperf_cpuset_free(sets->cpus_present);
	numaperf_cpuset_free(sets->cpus_permitted);
	numaperf_nodeset_free(sets->nodes_online);
	numaperf_nodeset_free(sets->nodes_memory);
	numaperf_nodeset_free(sets->nodes_normal);
	numaperf_nodeset_free(sets->nodes_permitted);
	memset(sets, 0, sizeof(*sets));
}

bool topo_sets_equal(const struct topo_sets *a, const struct topo_sets *b)
{
	return a->numa == b->numa && numaperf_cpuset_equal(a->cpus_online, b->cpus_online) &&
	       numaperf_cpuset_equal(a->cpus_present, b->cpus_present) &&
	       numaperf_cpuset_equal(a->cpus_permitted, b->cpus_permitted) &&
	       numaperf_nodeset_equal(a->nodes_online, b->nodes_online) &&
	       numaperf_nodeset_equal(a->nodes_memory, b->nodes_memory) &&
	       numaperf_nodeset_equal(a->nodes_normal, b->nodes_normal) &&
	       numaperf_nodeset_equal(a->nodes_permitted, b->nodes_permitted);
}
