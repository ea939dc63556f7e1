/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory runs out at each allocation of the lists and events of the host in turn: -ENOMEM, no output, nothing leaked.
 * (libnl's own allocations can't be reached.) Needs the module.
 */
#include <errno.h>
#include <sched.h>

#include <numaperf.h>
#include <numaperf/host.h>

#include "harness.h"
#include "nomem.h"

/* Makes one object and frees it; 0 or -errno. */
typedef int (*try_fn)(void);

static int try_leases(void)
{
	NUMAPERF_AUTO(host_leases) struct numaperf_host_leases *leases = NULL;
	int r = numaperf_host_leases_new(&leases);

	if (r < 0)
		assert_null(leases);
	return r;
}

static int try_targets(void)
{
	NUMAPERF_AUTO(host_targets) struct numaperf_host_targets *targets = NULL;
	int r = numaperf_host_targets_new(&targets);

	if (r < 0)
		assert_null(targets);
	return r;
}

static int try_events(void)
{
	NUMAPERF_AUTO(events) struct numaperf_events *events = NULL;
	int r = numaperf_host_events_open(&events);

	if (r < 0)
		assert_null(events);
	return r;
}

/* How many allocations there are: each has failed once. */
static unsigned long fail_each_allocation(try_fn try)
{
	for (unsigned long n = 0;; n++) {
		nomem_after(n);
		int r = try();
		nomem_end();
		if (!nomem_ran_out()) {
			assert_int_equal(r, 0);
			return n;
		}
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_ALLOCATION);
	}
}

static void need_module(void)
{
	if (!has_module())
		skip_because("the module is not loaded");
	if (geteuid() != 0)
		skip_because("only root listens to the host");
}

static void leases_answer_enomem(void **state)
{
	struct numaperf_pin_options options = NUMAPERF_PIN_OPTIONS_INIT;
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = NULL;
	NUMAPERF_AUTO(pin) struct numaperf_pin *pin = NULL;
	cpu_set_t mask;

	(void)state;
	need_module();
	/* One to list, with a set. */
	options.mode = NUMAPERF_MODE_HARD;
	assert_int_equal(sched_getaffinity(0, sizeof(mask), &mask), 0);
	assert_int_equal(numaperf_cpuset_from_cpu_set(&mask, sizeof(mask), &cpus), 0);
	assert_int_equal(numaperf_pin_cpus(cpus, &options, &pin), 0);
	assert_true(fail_each_allocation(try_leases) >= 4);
}

static void targets_and_events_answer_enomem(void **state)
{
	(void)state;
	need_module();
	assert_true(fail_each_allocation(try_targets) >= 1);
	assert_true(fail_each_allocation(try_events) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leases_answer_enomem),
		cmocka_unit_test(targets_and_events_answer_enomem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
