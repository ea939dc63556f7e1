/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The nodes of this machine as the tests of memory need them, and what they do with pages behind the library's back. */
#ifndef NUMAPERF_TESTS_MEMORY_NODES_H
#define NUMAPERF_TESTS_MEMORY_NODES_H

#include <sys/types.h>

#include <numaperf.h>

/* Those with ordinary memory; how many have memory at all; one without memory, one with movable memory only, or -1. */
extern int memory_nodes[64];
extern size_t memory_node_count, any_memory_node_count;
extern int first_memory_node, memoryless_node, movable_node;

/* Fills these in. 0, or -1: for a group's setup. */
int memory_nodes_find(void);

uint64_t free_on(int node);
uint64_t free_on_all(void);  /* of those with ordinary memory */
uint64_t total_on_all(void); /* of all */

struct numaperf_nodeset *nodeset_of(int node);
int bound_region(size_t size, int node, enum numaperf_mode mode, enum numaperf_prefault prefault, struct numaperf_region **ret_region);

/* By move_pages(2), of this process (0) or another: the resulting status, which is the node unless it stayed. */
int move_page(pid_t pid, void *page, int node);

#endif
