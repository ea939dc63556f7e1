/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list syntax of sets: what is taken, what is refused and how, and what comes out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <numaperf.h>

#include "harness.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void lists_are_read_as_the_kernel_reads_them(void **state)
{
	static const struct {
		const char *list, *canonical;
	} good[] = {
		{ "", "" },
		{ "\n", "" },
		{ "0", "0" },
		{ "0-3,8\n", "0-3,8" }, /* as sysfs ends it */
		{ "8,0-3", "0-3,8" },
		{ "1,1,1", "1" },
		{ "0-1,1-2,3", "0-3" },
		{ "5-5", "5" },
		{ "007", "7" },
		{ "1,,2", "1-2" },
		{ ",1 ,\t2 3,", "1-3" },
		{ "10-20:2/4", "10-11,14-15,18-19" },
		{ "0-10:2/4", "0-1,4-5,8-9" },
		{ "0-9:3/4", "0-2,4-6,8-9" }, /* the last group is cut */
		{ "0-7:1/1", "0-7" },
		{ "0-7:0/4", "" },
		{ "3-5:4/8", "3-5" },
		{ "0-65535:1/65535", "0,65535" },
		{ "63-64,127-128", "63-64,127-128" },
		{ "65535", "65535" },
		{ "0-65535", "0-65535" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct numaperf_cpuset *set = NULL;
		char text[128];

		if (numaperf_cpuset_parse(good[i].list, &set) != 0)
			fail_msg("\"%s\" was refused: %s", good[i].list, numaperf_last_error()->message);
		numaperf_cpuset_format(set, text, sizeof(text));
		assert_string_equal(text, good[i].canonical);
		numaperf_cpuset_free(set);
	}
}

static void bad_lists_are_refused(void **state)
{
	static const struct {
		const char *list;
		int result;
	} bad[] = {
		{ "all", -EINVAL },
		{ "N", -EINVAL },
		{ "0-N", -EINVAL },
		{ "-1", -EINVAL },
		{ "1-", -EINVAL },
		{ "1--2", -EINVAL },
		{ "3-1", -EINVAL },
		{ "+1", -EINVAL },
		{ "0x1", -EINVAL },
		{ "1.5", -EINVAL },
		{ "1;2", -EINVAL },
		{ "1-2-3", -EINVAL },
		{ "0 - 3", -EINVAL },
		{ "1:1/2", -EINVAL },
		{ "0-7:", -EINVAL },
		{ "0-7:1", -EINVAL },
		{ "0-7:1/", -EINVAL },
		{ "0-7:/2", -EINVAL },
		{ "0-7:1/0", -EINVAL },
		{ "0-7:0/0", -EINVAL },
		{ "0-7:3/2", -EINVAL },
		{ "0-7:1/2/3", -EINVAL },
		{ "0-7/2", -EINVAL },
		{ "99999x", -EINVAL },
		{ "\xff", -EINVAL },
		{ "1\x01", -EINVAL },
		{ "65536", -ERANGE },
		{ "0-65536", -ERANGE },
		{ "4294967296", -ERANGE },           /* 2^32: must not become 0 */
		{ "18446744073709551616", -ERANGE }, /* 2^64 */
		{ "0-18446744073709551617", -ERANGE },
		{ "99999999999999999999999999999999999999", -ERANGE },
		{ "0-7:1/4294967297", -ERANGE },
		{ "0-7:4294967297/4294967298", -ERANGE },
		{ "1,2,3,70000", -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct numaperf_nodeset *set = NULL;
		int r = numaperf_nodeset_parse(bad[i].list, &set);

		if (r != bad[i].result)
			fail_msg("\"%s\" gave %d instead of %d", bad[i].list, r, bad[i].result);
		assert_null(set);
		assert_int_equal(numaperf_last_error()->errnum, -r);
		assert_string_equal(numaperf_last_error()->operation, "nodeset_parse");
		assert_int_equal(numaperf_last_error()->kind,
				 r == -ERANGE ? NUMAPERF_ERROR_INVALID_NODE : NUMAPERF_ERROR_INVALID_ARGUMENT);
	}
}

static void no_list_is_refused(void **state)
{
	struct numaperf_cpuset *set = NULL;

	(void)state;
	assert_int_equal(numaperf_cpuset_parse(NULL, &set), -EINVAL);
	assert_null(set);
}

static void the_message_shows_the_offending_part(void **state)
{
	struct numaperf_cpuset *set = NULL;

	(void)state;
	assert_int_equal(numaperf_cpuset_parse("0-3,oops,9", &set), -EINVAL);
	assert_non_null(strstr(numaperf_last_error()->message, "at \"oops,9\""));
}

static void format_is_like_snprintf(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = NULL;
	const char *full = "0-3,8,100-200";
	char buf[16];

	(void)state;
	assert_int_equal(numaperf_cpuset_parse(full, &set), 0);
	for (size_t size = 0; size <= strlen(full) + 1; size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(numaperf_cpuset_format(set, buf, size), strlen(full));
		if (size) {
			assert_int_equal(buf[size - 1], '\0');
			assert_memory_equal(buf, full, size - 1);
		}
		assert_int_equal(buf[size], '#');
	}
}

/*
 * Whatever bytes come: a set or an error, within bounds (the sanitizers look on), and a set's text is read back as
 * itself.
 */
static void random_text_does_no_harm(void **state)
{
	static const char alphabet[] = "0123456789,-:/ \n9,-x";
	unsigned random = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[24], canonical[256];
		struct numaperf_cpuset *set = NULL, *back = NULL;
		size_t length = round % (sizeof(text) - 1);

		for (size_t i = 0; i < length; i++) {
			random = random * 1664525u + 1013904223u;
			text[i] = alphabet[(random >> 8) % (sizeof(alphabet) - 1)];
		}
		text[length] = '\0';

		int r = numaperf_cpuset_parse(text, &set);

		if (r < 0) {
			assert_true(r == -EINVAL || r == -ERANGE);
			assert_null(set);
			continue;
		}
		if ((size_t)numaperf_cpuset_format(set, canonical, sizeof(canonical)) < sizeof(canonical)) {
			assert_int_equal(numaperf_cpuset_parse(canonical, &back), 0);
			assert_true(numaperf_cpuset_equal(set, back));
		}
		numaperf_cpuset_free(set);
		numaperf_cpuset_free(back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read_as_the_kernel_reads_them),
		cmocka_unit_test(bad_lists_are_refused),
		cmocka_unit_test(no_list_is_refused),
		cmocka_unit_test(the_message_shows_the_offending_part),
		cmocka_unit_test(format_is_like_snprintf),
		cmocka_unit_test(random_text_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
