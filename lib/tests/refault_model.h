/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A region in use and the module's sampling of it, as a model with a random seed: threads of up to three nodes visit pages, and the true
 * shares are known.
 */
#ifndef NUMAPERF_TESTS_REFAULT_MODEL_H
#define NUMAPERF_TESTS_REFAULT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/numaperf.h>

#define MODEL_USERS 3
#define MODEL_PAGES_MAX 1024

/* The thread of one node (user 0 on node 0, where the pages are; and so on): times in seconds, rates per second. */
struct model_user {
	double rate[MODEL_PAGES_MAX]; /* visits of each page */
	unsigned run;                 /* accesses a visit; 0: 2, as to read and write is the least that programs do */
	double run_time;              /* from the first to the last of them; 0: 50 ns */
	bool loop;                    /* visits come at fixed intervals */
};

struct model {
	unsigned pages;
	struct model_user users[MODEL_USERS];
	double slice;   /* users take turns at one CPU, this long each; 0: all run always */
	/* the module */
	double seconds;
	double rate;    /* pages chosen a second */
	unsigned repeat;
	bool drawn;     /* pages are drawn independently, else by permutations of all */
	double gap;     /* unmapping again takes half to one and a half of this; 0: 20 us, during which the thread stands still */
	uint64_t seed;
};

struct model_samples {
	struct numaperf_region_sample *samples;
	size_t count;
};

uint64_t model_random(uint64_t *state);
double model_uniform(uint64_t *state); /* 0 to 1, both excluded */

/* Freed by free(samples.samples); never fails. */
struct model_samples model_run(const struct model *model);
/* Of all accesses, the share of node 0; of uniformly chosen pages that are used at all, the share whose next user is there. */
double model_true_accesses(const struct model *model);
double model_true_next_user(const struct model *model);

#endif
