// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "budget.h"

#define FILL_NS	(NSEC_PER_SEC / 10)

void np_budget_init(struct np_budget *budget)
{
	spin_lock_init(&budget->lock);
}

/* How many of @wanted there are, of @per_second for all. Process context. */
u32 np_budget_take(struct np_budget *budget, u32 wanted, u32 per_second)
{
	u64 now, fill;
	u32 taken;

	spin_lock(&budget->lock);
	/* In the order of the lock: never before last_ns. */
	now = ktime_get_ns();
	/* At least one at a time, however small the rate. */
	fill = max_t(u64, (u64)per_second * FILL_NS, NSEC_PER_SEC);
	budget->left += per_second * min_t(u64, now - budget->last_ns, NSEC_PER_SEC);
	budget->left = min(budget->left, fill);
	budget->last_ns = now;
	taken = min_t(u64, wanted, div_u64(budget->left, NSEC_PER_SEC));
	budget->left -= (u64)taken * NSEC_PER_SEC;
	spin_unlock(&budget->lock);
	return taken;
}
