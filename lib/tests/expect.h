/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Assertions on the library's answers, and what a machine must have for a test to show anything. */
#ifndef NUMAPERF_TESTS_EXPECT_H
#define NUMAPERF_TESTS_EXPECT_H

#include "harness.h"

#include <numaperf.h>

/* result is -errnum, and the last error has this errno and kind. */
void assert_error(int result, int errnum, enum numaperf_error_kind kind);
/* Fails with the last error's message. */
void assert_done(int result);
void assert_enforced(const struct numaperf_enforcement *enforcement, enum numaperf_level level, enum numaperf_why why);

/* Leases visible to this process. */
size_t lease_count(void);

#define needs_module()                                            \
	do {                                                      \
		if (!has_module())                                \
			skip_because("the module is not loaded"); \
	} while (0)
#define needs_root()                                        \
	do {                                                \
		if (geteuid())                              \
			skip_because("only root can try");  \
	} while (0)

#endif
