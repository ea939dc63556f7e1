/* SPDX-License-Identifier: GPL-2.0 */
/*
 * debugfs numaperf/: what the module itself costs and misses, for root.
 */
#ifndef NP_DEBUG_H
#define NP_DEBUG_H

#include <linux/types.h>

/* Work that runs beside those who cause it. */
enum np_work {
	NP_WORK_HOOK_STOP,	/* hooks that lingered are taken away */
	NP_WORK_LEASE_END,	/* a lease ends whose cause could not sleep */
	NP_WORK_RANGE_SETTLE,	/* pages that were unmapped leave a lease */
	NP_WORK_PIN_GUARD,	/* masks are put back, leases become lost */
	NP_WORK_TARGET_FOLD,	/* records of exited threads are folded */
	NP_WORK_COUNT
};

u64 np_work_begin(void);
void np_work_end(enum np_work work, u64 begin);

void np_debug_init(void);
void np_debug_exit(void);

#endif /* NP_DEBUG_H */
