// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/moduleparam.h>

#include "selftest.h"

static bool wanted;
module_param_named(selftest, wanted, bool, 0444);
MODULE_PARM_DESC(selftest, "Test data structures at load, and fail if one is wrong (default off)");

static const struct {
	const char *name;
	int (*run)(void);
} tests[] = {
	{ "nodes", np_selftest_nodes },
	{ "sets", np_selftest_sets },
	{ "events", np_selftest_events },
	{ "counters", np_selftest_counters },
	{ "periods", np_selftest_periods },
	{ "ranges", np_selftest_ranges },
};

int np_selftest(void)
{
	int i, err, failed = 0;

	if (!wanted)
		return 0;
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		err = tests[i].run();
		pr_info("numaperf: selftest: %s: %s (%d)\n", tests[i].name,
			err ? "FAILED" : "ok", err);
		failed += err != 0;
	}
	return failed ? -EIO : 0;
}
