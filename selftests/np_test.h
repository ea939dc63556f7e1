/* SPDX-License-Identifier: GPL-2.0 */
/* The kselftest harness as these tests use it: longer limits, skips that name the test, common requirements. */
#ifndef NP_TEST_H
#define NP_TEST_H

#include <kselftest_harness.h>

#include "np.h"

/* A guard against hangs only; emulated guests are slow. The harness expands it where a test is defined. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/* The harness prints a skipped test's reason and not its name. */
#define NP_SKIP(fmt, ...) SKIP(return, "%s.%s: " fmt, _metadata->fixture->name, _metadata->name, ##__VA_ARGS__)

#define NP_NEED(cond, fmt, ...) do {		\
	if (!(cond))				\
		NP_SKIP(fmt, ##__VA_ARGS__);	\
} while (0)

/* Harness trap: a skip in FIXTURE_SETUP does not keep the test from running, so these stand in the tests. */
#define NP_NEED_TWO_NODES(topo) NP_NEED((topo).far >= 0, "needs two nodes with memory")
#define NP_NEED_TWO_PINNABLE(topo) \
	NP_NEED(np_set_has(&(topo).memory, (topo).far), "needs two nodes with memory that can be pinned")
#define NP_NEED_CPUS(topo, n) \
	NP_NEED(np_set_count(&(topo).cpus) >= (n), "needs %d CPUs, has %d", (n), np_set_count(&(topo).cpus))
#define NP_NEED_FEATURE(fd, feature) NP_NEED(np_feature(fd, feature), "this kernel lacks " #feature)

#endif
