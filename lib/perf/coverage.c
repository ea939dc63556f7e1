/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perf/coverage.h"

/* What /proc/PID/maps says of a mapping that numa_maps does not. */
struct mapping {
	uint64_t start;
	bool writable, shared, file;
};

static struct coverage_node *node_slot(struct coverage *coverage, int node)
{
	struct coverage_node *nodes;
	size_t i = 0;

	while (i < coverage->count && coverage->nodes[i].node < node)
		i++;
	if (i < coverage->count && coverage->nodes[i].node == node)
		return &coverage->nodes[i];
	nodes = reallocarray(coverage->nodes, coverage->count + 1, sizeof(*nodes));
	if (!nodes)
		return NULL;
	memmove(nodes + i + 1, nodes + i, (coverage->count - i) * sizeof(*nodes));
	nodes[i] = (struct coverage_node){ .node = node };
	coverage->nodes = nodes;
	coverage->count++;
	return &nodes[i];
}

/* "default", or a policy with the balancing flag: "bind=balancing:1", on older kernels "bind=:1". */
static bool policy_is_visible(const char *policy)
{
	const char *flags, *colon;

	if (strncmp(policy, "default", strlen("default")) == 0)
		return true;
	if (strncmp(policy, "local", strlen("local")) == 0)
		return false;
	colon = strchr(policy, ':');
	flags = memchr(policy, '=', colon ? (size_t)(colon - policy) : 0);
	if (!flags)
		return false;
	return flags + 1 == colon || memmem(flags, (size_t)(colon - flags), "balancing", strlen("balancing"));
}

static bool parse_mapping(const char *line, struct mapping *mapping)
{
	unsigned long inode;
	char perms[5];

	if (sscanf(line, "%" SCNx64 "-%*x %4s %*x %*x:%*x %lu", &mapping->start, perms, &inode) != 3)
		return false;
	mapping->writable = perms[1] == 'w';
	mapping->shared = perms[3] == 's';
	mapping->file = inode != 0;
	return true;
}

/*
 * The mapping that begins at start; both files are in order of addresses. One that is new in between is taken for
 * private memory.
 */
static struct mapping find_mapping(FILE *maps, struct mapping *ahead, uint64_t start)
{
	char *line = NULL;
	size_t room = 0;

	while (ahead->start < start && getline(&line, &room, maps) > 0)
		(void)parse_mapping(line, ahead);
	free(line);
	return ahead->start == start ? *ahead : (struct mapping){ .start = start, .writable = true };
}

static enum coverage_class classify(const char *policy, const struct mapping *mapping)
{
	if (strstr(policy, " huge"))
		return COVERAGE_HUGETLB;
	if (!policy_is_visible(policy))
		return COVERAGE_POLICY;
	if (mapping->shared)
		return COVERAGE_SHARED;
	if (mapping->file && !mapping->writable)
		return COVERAGE_READ_ONLY;
	return COVERAGE_VISIBLE;
}

/* The counts stand at the end of the line, in pages of the mapping: "... N0=12 N1=3 kernelpagesize_kB=4". */
static int add_counts(struct coverage *coverage, const char *line, enum coverage_class class, size_t page_size)
{
	const char *size = strstr(line, " kernelpagesize_kB=");
	uint64_t factor = size ? strtoull(strchr(size, '=') + 1, NULL, 10) * 1024 / page_size : 1;
	const char *at = line;

	while ((at = strstr(at, " N"))) {
		struct coverage_node *slot;
		uint64_t pages;
		int node;

		at += strlen(" N");
		if (sscanf(at, "%d=%" SCNu64, &node, &pages) != 2)
			continue;
		slot = node_slot(coverage, node);
		if (!slot)
			return -ENOMEM;
		slot->pages[class] += pages * factor;
	}
	return 0;
}

int coverage_parse(FILE *numa_maps, FILE *maps, size_t page_size, struct coverage *coverage)
{
	struct mapping ahead = { 0 };
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	*coverage = (struct coverage){ 0 };
	while (r == 0 && getline(&line, &room, numa_maps) > 0) {
		struct mapping mapping;
		uint64_t start;
		int skip = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 " %n", &start, &skip) != 1 || !skip)
			continue;
		mapping = find_mapping(maps, &ahead, start);
		r = add_counts(coverage, line + skip, classify(line + skip, &mapping), page_size);
	}
	free(line);
	if (r == 0 && ferror(numa_maps))
		r = -EIO;
	if (r < 0)
		coverage_free(coverage);
	return r;
}

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

int coverage_read(pid_t pid, struct coverage *coverage)
{
	FILE *numa_maps = NULL, *maps = NULL;
	int r;

	numa_maps = open_proc(pid, "numa_maps");
	if (numa_maps)
		maps = open_proc(pid, "maps");
	if (!maps)
		r = -errno;
	else
		r = coverage_parse(numa_maps, maps, (size_t)sysconf(_SC_PAGESIZE), coverage);
	if (maps)
		fclose(maps);
	if (numa_maps)
		fclose(numa_maps);
	return r == 0 && coverage->count == 0 ? -ENODATA : r;
}

int coverage_copy(const struct coverage *from, struct coverage *to)
{
	struct coverage copy = { 0 };
	int r = coverage_add(&copy, from);

	if (r == 0)
		*to = copy;
	return r;
}

int coverage_add(struct coverage *coverage, const struct coverage *more)
{
	for (size_t i = 0; i < more->count; i++) {
		struct coverage_node *slot = node_slot(coverage, more->nodes[i].node);

		if (!slot)
			return -ENOMEM;
		for (int class = 0; class < COVERAGE_CLASSES; class++)
			slot->pages[class] += more->nodes[i].pages[class];
	}
	return 0;
}

void coverage_free(struct coverage *coverage)
{
	free(coverage->nodes);
	*coverage = (struct coverage){ 0 };
}

uint64_t coverage_pages(const struct coverage *coverage, enum coverage_class class)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < coverage->count; i++)
		sum += coverage->nodes[i].pages[class];
	return sum;
}

uint64_t coverage_total(const struct coverage *coverage)
{
	uint64_t sum = 0;

	for (int class = 0; class < COVERAGE_CLASSES; class++)
		sum += coverage_pages(coverage, class);
	return sum;
}

enum coverage_class coverage_main_cause(const struct coverage *coverage)
{
	enum coverage_class cause = COVERAGE_POLICY;

	for (int class = COVERAGE_POLICY; class < COVERAGE_CLASSES; class++)
		if (coverage_pages(coverage, class) > coverage_pages(coverage, cause))
			cause = class;
	return cause;
}
