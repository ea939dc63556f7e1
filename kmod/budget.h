/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A rate that several share: a bucket that fills with time, up to a tenth of a
 * second's worth.
 */
#ifndef NP_BUDGET_H
#define NP_BUDGET_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct np_budget {
	spinlock_t lock;	/* all below */
	u64 last_ns;		/* filled up to here */
	u64 left;		/* in units of 1/NSEC_PER_SEC */
};

void np_budget_init(struct np_budget *budget);
u32 np_budget_take(struct np_budget *budget, u32 wanted, u32 per_second);

#endif /* NP_BUDGET_H */
