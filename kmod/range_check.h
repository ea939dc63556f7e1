/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a strict range pin may hold.
 */
#ifndef NP_RANGE_CHECK_H
#define NP_RANGE_CHECK_H

#include <linux/nodemask.h>
#include <linux/numaperf.h>

struct mm_struct;
struct page;

/**
 * struct np_page_check - pages are asked for on these nodes
 * @nodes: all of them
 * @reason: out: enum numaperf_reason of what stood in the way
 * @node: out: its node, or NUMA_NO_NODE
 * @addr: out: its address
 */
struct np_page_check {
	const nodemask_t *nodes;
	u32 reason;
	int node;
	u64 addr;
};

int np_page_check(struct np_page_check *check, unsigned long addr,
		  struct page *page, int nid);
int np_page_check_ceiling(struct np_page_check *check, int nid);
int np_page_check_range(struct np_page_check *check, struct mm_struct *mm,
			unsigned long start, unsigned long end);

#endif /* NP_RANGE_CHECK_H */
