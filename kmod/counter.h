/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: source x CPU node x page node. The only arithmetic there is.
 *
 * Written by one task at a time without locks (its own counter by itself),
 * read by anyone: values only grow, each is read whole on 64-bit machines.
 * Rows come into being with the first access from a CPU node, as a thread
 * seldom runs on many.
 */
#ifndef NP_COUNTER_H
#define NP_COUNTER_H

#include <linux/types.h>

struct np_sample;

struct np_cell {
	u64 samples;
	u64 pages;
};

/**
 * struct np_counter - a matrix for each source
 * @rows: by source and place of the CPU node; each an array by place of the
 *	page node, or NULL
 */
struct np_counter {
	struct np_cell **rows;
};

int np_counter_init(struct np_counter *counter, gfp_t gfp);
void np_counter_destroy(struct np_counter *counter);
int np_counter_add(struct np_counter *counter, const struct np_sample *sample);
int np_counter_reserve(struct np_counter *to, const struct np_counter *from);
void np_counter_merge(struct np_counter *to, const struct np_counter *from);

typedef int (*np_counter_fn)(unsigned int source, int cpu_node, int page_node,
			     const struct np_cell *cell, void *data);
int np_counter_walk(const struct np_counter *counter, np_counter_fn fn,
		    void *data);

#endif /* NP_COUNTER_H */
