/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Re-fault samples, put together as choices of pages (refault_choice.c), and shares of them with intervals (refault_share.c). */
#ifndef NUMAPERF_PERF_REFAULT_H
#define NUMAPERF_PERF_REFAULT_H

#include <linux/numaperf.h>
#include <numaperf/refault.h>

#define REFAULT_BATCHES 16

typedef const struct numaperf_region_sample *refault_turn;

/*
 * A page chosen once, as seen through a window. Accesses of one thread that follow each other at once are one visit; the last visit of a choice
 * that ended by its last turn may have been longer.
 */
struct refault_choice {
	const refault_turn *turns;
	size_t nr_turns;
	uint64_t page, start_ns;
	double exposure_ns;       /* in the window, and in how much of it (all, or up to the last turn) it was seen */
	double first_ns, next_ns; /* up to the first visit, from there to the second; 0: there was none */
	unsigned visits;
	unsigned accesses, mine;  /* of all visits, without the last one if full */
	bool full;                /* ended by its last turn, not by the window */
	unsigned batch;
};

struct refault_choices {
	const struct numaperf_refault_options *options;
	refault_turn *sorted; /* by page, then time */
	size_t nr_sorted;
	uint64_t end_ns, shortest_ns;
	double at_once_ns; /* what is at once */
	unsigned turns; /* most that any choice had */
	/* What one look through a window saw, by page: the choices that were begun early enough. */
	struct refault_choice *choices;
	size_t count;
	uint64_t torn, window_ns;
};

/* Sorts, and looks through the window of the options. -ENOMEM. */
int refault_choices_make(const struct numaperf_region_sample *samples, size_t count,
			 const struct numaperf_refault_options *options, struct refault_choices *ret_choices);
void refault_choices_free(struct refault_choices *all);
/* Looks again, through another window, as if each delay had been shorter by hidden. */
void refault_choices_look(struct refault_choices *all, uint64_t window_ns, double hidden);
/* What is at most hidden in each delay. */
double refault_floor(const struct refault_choices *all);
bool refault_is_mine(const struct refault_choices *all, refault_turn turn);

/* One choice's part in a sum of what is mine by a sum of all. */
struct refault_value {
	uint64_t page;
	unsigned batch;
	double mine, all;
};

struct refault_interval {
	double share, low, high;
};

/* values: by page, some of them not zero. */
struct refault_interval refault_share(const struct refault_value *values, size_t count);

#endif
