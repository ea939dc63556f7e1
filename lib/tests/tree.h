/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another machine's /sys and /proc, made up in a temporary directory. Every function fails the test if it can't do its work. */
#ifndef NUMAPERF_TESTS_TREE_H
#define NUMAPERF_TESTS_TREE_H

#include <stddef.h>

struct tree_node {
	int id;
	const char *cpus;           /* those online, list syntax */
	unsigned long long mib;     /* 0: no memory */
	int movable;                /* all of it */
	const char *distances;
};

struct tree_package {
	int id;
	const char *cpus;
};

struct tree_machine {
	const struct tree_node *nodes; /* ends with .distances == NULL; no nodes: a kernel without NUMA */
	const struct tree_package *packages; /* ends with .cpus == NULL */
	const char *online, *present; /* CPUs */
	const char *status;           /* of /proc/self/status; NULL: no such file */
};

struct tree {
	char root[64];
};

void tree_make(struct tree *tree, const struct tree_machine *machine);
void tree_remove(struct tree *tree);

/* One file, with a newline added, and the directories above it. */
void tree_write(const struct tree *tree, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A file, or a directory with all in it. */
void tree_delete(const struct tree *tree, const char *path);

#endif
