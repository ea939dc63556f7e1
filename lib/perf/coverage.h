/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Coverage: where the memory of a process is, and how much of it NUMA hint faults can see at all.
 *
 * The kernel's balancing scan arms only mappings whose policy allows it: the default policy, or one with
 * MPOL_F_NUMA_BALANCING. It leaves alone hugetlb, read-only file mappings (kernel/sched/fair.c: task_numa_work), and
 * shared memory, for which no policy of its own means none at all (mm/mempolicy.c: vma_policy_mof). A ratio over what
 * remains says nothing of the rest, so the rest is counted.
 *
 * Erring on the side of "hidden": for shared memory without a policy of its own numa_maps shows that of the task, so it
 * can't be told from shared memory that was bound with the flag and is visible.
 */
#ifndef NUMAPERF_PERF_COVERAGE_H
#define NUMAPERF_PERF_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum coverage_class {
	COVERAGE_VISIBLE = 0,
	COVERAGE_POLICY,    /* bind, prefer, interleave, local without the balancing flag */
	COVERAGE_SHARED,
	COVERAGE_READ_ONLY, /* of a file: program text and the like */
	COVERAGE_HUGETLB,
	COVERAGE_CLASSES
};

struct coverage_node {
	int node;
	uint64_t pages[COVERAGE_CLASSES]; /* base pages */
};

struct coverage {
	struct coverage_node *nodes; /* by id, only those with pages */
	size_t count;
};

/* Reads both files of a process, opened before, to their ends. 0, or -errno with *coverage freed. */
int coverage_parse(FILE *numa_maps, FILE *maps, size_t page_size, struct coverage *coverage);
/* -ENODATA: the process has no memory (any more). -EACCES, -ENOENT and others of /proc. Sets no error. */
int coverage_read(pid_t pid, struct coverage *coverage);
int coverage_copy(const struct coverage *from, struct coverage *to);
/* Adds the pages of "more". 0 or -ENOMEM. */
int coverage_add(struct coverage *coverage, const struct coverage *more);
void coverage_free(struct coverage *coverage);

uint64_t coverage_pages(const struct coverage *coverage, enum coverage_class class);
uint64_t coverage_total(const struct coverage *coverage);
/* The class with most pages among the hidden ones. */
enum coverage_class coverage_main_cause(const struct coverage *coverage);

#endif
