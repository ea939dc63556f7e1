/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory runs out at the first, second, ... allocation of each function in turn: it answers -ENOMEM, writes no output,
 * leaves what it was to change as it was, and leaks nothing (the address sanitizer looks on).
 */
#include <errno.h>

#include <numaperf.h>

#include "core/fs.h"

#include "harness.h"
#include "nomem.h"

static struct numaperf_cpuset *cpus(const char *list)
{
	struct numaperf_cpuset *set = NULL;

	assert_int_equal(numaperf_cpuset_parse(list, &set), 0);
	return set;
}

static void expect_cpus(const struct numaperf_cpuset *set, const char *list)
{
	char text[64];

	numaperf_cpuset_format(set, text, sizeof(text));
	assert_string_equal(text, list);
}

/* Makes one object; 0 or -errno. */
typedef int (*make_fn)(void **ret_object);

static int make_new(void **ret_object)
{
	return numaperf_cpuset_new((struct numaperf_cpuset **)ret_object);
}

static int make_parsed(void **ret_object)
{
	return numaperf_cpuset_parse("1,100,1000,10000", (struct numaperf_cpuset **)ret_object);
}

static int make_from_mask(void **ret_object)
{
	static const unsigned long mask[4] = { 1, 2, 3, 4 };

	return numaperf_cpuset_from_mask(mask, 8 * sizeof(mask), (struct numaperf_cpuset **)ret_object);
}

static const struct numaperf_cpuset *original;

static int make_copy(void **ret_object)
{
	return numaperf_cpuset_copy(original, (struct numaperf_cpuset **)ret_object);
}

static int make_read(void **ret_object)
{
	struct np_fs live;
	int r = np_fs_open(NULL, &live);

	if (r < 0)
		return r;
	r = np_fs_read_cpuset(&live, "sys/devices/system/cpu/online", (struct numaperf_cpuset **)ret_object);
	np_fs_close(&live);
	return r;
}

/* How many allocations the function makes: each of them has failed once when this returns. */
static unsigned long fail_each_allocation(make_fn make)
{
	for (unsigned long n = 0;; n++) {
		void *object = NULL;

		nomem_after(n);
		int r = make(&object);
		nomem_end();
		if (!nomem_ran_out()) {
			assert_int_equal(r, 0);
			assert_non_null(object);
			numaperf_cpuset_free(object);
			return n;
		}
		assert_int_equal(r, -ENOMEM);
		assert_null(object);
	}
}

static void makers_answer_enomem(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = cpus("7,5000");

	(void)state;
	original = set;
	assert_int_equal(fail_each_allocation(make_new), 1);
	assert_int_equal(fail_each_allocation(make_parsed), 5);
	assert_int_equal(fail_each_allocation(make_from_mask), 5);
	assert_int_equal(fail_each_allocation(make_copy), 2);
	assert_true(fail_each_allocation(make_read) >= 2);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_ALLOCATION);
}

static void a_set_that_can_not_grow_stays_as_it_was(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = cpus("1-3");
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *large = cpus("1,5000");

	(void)state;
	nomem_after(0);
	assert_int_equal(numaperf_cpuset_add(set, 5000), -ENOMEM);
	assert_int_equal(numaperf_cpuset_add_range(set, 60, 70), -ENOMEM);
	assert_int_equal(numaperf_cpuset_or(set, large), -ENOMEM);
	/* These need no memory. */
	assert_int_equal(numaperf_cpuset_add(set, 5), 0);
	assert_int_equal(numaperf_cpuset_remove(set, 5000), 0);
	assert_int_equal(numaperf_cpuset_andnot(set, large), 0);
	assert_int_equal(numaperf_cpuset_and(large, set), 0);
	nomem_end();
	expect_cpus(set, "2-3,5");
	expect_cpus(large, "");
}

static void detection_answers_enomem(void **state)
{
	struct numaperf_capabilities *c = NULL;

	(void)state;
	nomem_after(0);
	assert_int_equal(numaperf_capabilities_detect(&c), -ENOMEM);
	nomem_end();
	assert_null(c);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_ALLOCATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makers_answer_enomem),
		cmocka_unit_test(a_set_that_can_not_grow_stays_as_it_was),
		cmocka_unit_test(detection_answers_enomem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
