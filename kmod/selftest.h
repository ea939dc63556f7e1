/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests inside the module, in debug builds (parameter selftest=1): data
 * structures against naive twins. The module is not loaded if one fails.
 */
#ifndef NP_SELFTEST_H
#define NP_SELFTEST_H

#ifdef NP_DEBUG

#include <linux/printk.h>

/* In a function that returns 0 or -EIO. */
#define NP_EXPECT(cond) do {						\
	if (!(cond)) {							\
		pr_err("numaperf: selftest: %s:%d: not %s\n",		\
		       __func__, __LINE__, #cond);			\
		return -EIO;						\
	}								\
} while (0)

int np_selftest(void);

int np_selftest_nodes(void);
int np_selftest_sets(void);
int np_selftest_events(void);
int np_selftest_counters(void);
int np_selftest_periods(void);
int np_selftest_ranges(void);

#else

static inline int np_selftest(void)
{
	return 0;
}

#endif

#endif /* NP_SELFTEST_H */
