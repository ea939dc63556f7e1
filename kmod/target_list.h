/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All targets of the host, by id: for looking at them, not for handles, which
 * are good in their own session only.
 */
#ifndef NP_TARGET_LIST_H
#define NP_TARGET_LIST_H

#include <linux/numaperf.h>

struct np_reader;
struct np_target;

/**
 * struct np_sum - all threads of a target, one source
 * @samples: how many
 * @local_samples: of these, with CPU and page on one node
 * @pages: base pages they stand for
 * @local_pages: of these, local
 */
struct np_sum {
	u64 samples;
	u64 local_samples;
	u64 pages;
	u64 local_pages;
};

int np_target_reserve_id(struct np_target *target);
void np_target_publish(struct np_target *target);
void np_target_unpublish(struct np_target *target);

struct np_target *np_target_next(u32 after, const struct np_reader *reader);
u32 np_targets_changes(void);
u32 np_target_sum(struct np_target *target,
		  struct np_sum sums[NUMAPERF_SOURCE_COUNT]);

#endif /* NP_TARGET_LIST_H */
