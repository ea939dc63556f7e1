/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors belong to threads; texts of results, names of enums; the version. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <linux/numaperf.h>
#include <numaperf.h>

#include "harness.h"

static void fail_with_erange(void)
{
	struct numaperf_cpuset *set = NULL;

	assert_int_equal(numaperf_cpuset_parse("99999", &set), -ERANGE);
}

static void fail_with_einval(void)
{
	struct numaperf_nodeset *set = NULL;

	assert_int_equal(numaperf_nodeset_parse("x", &set), -EINVAL);
}

static void *fresh_thread(void *unused)
{
	const struct numaperf_error *error = numaperf_last_error();
	struct numaperf_nodeset *set = NULL;

	(void)unused;
	if (error->kind != NUMAPERF_ERROR_NONE || error->errnum || strcmp(error->message, "") ||
	    strcmp(error->operation, ""))
		return "a new thread begins with an error";
	if (numaperf_nodeset_parse("x", &set) != -EINVAL || error->errnum != EINVAL)
		return "the thread's own failure is not its last error";
	return NULL;
}

static void errors_belong_to_threads(void **state)
{
	pthread_t thread;
	void *complaint = NULL;

	(void)state;
	fail_with_erange();
	assert_int_equal(pthread_create(&thread, NULL, fresh_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, &complaint), 0);
	if (complaint)
		fail_msg("%s", (const char *)complaint);
	assert_int_equal(numaperf_last_error()->errnum, ERANGE);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_CPU);
	assert_string_equal(numaperf_last_error()->operation, "cpuset_parse");
}

static void the_last_failure_counts(void **state)
{
	(void)state;
	fail_with_erange();
	fail_with_einval();
	assert_int_equal(numaperf_last_error()->errnum, EINVAL);
	assert_string_equal(numaperf_last_error()->operation, "nodeset_parse");
}

static void success_leaves_the_last_error_alone(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = NULL;

	(void)state;
	fail_with_einval();
	assert_int_equal(numaperf_cpuset_parse("1-3", &set), 0);
	assert_int_equal(numaperf_last_error()->errnum, EINVAL);
}

static void messages_are_sentences(void **state)
{
	const char *message;

	(void)state;
	fail_with_einval();
	message = numaperf_last_error()->message;
	assert_int_equal(message[strlen(message) - 1], '.');
}

static void every_result_has_a_text(void **state)
{
	(void)state;
	assert_string_equal(numaperf_strerror(0), "success");
	assert_string_equal(numaperf_strerror(7), "success");
	assert_string_equal(numaperf_strerror(-ENODEV), "No such device");
	assert_string_equal(numaperf_strerror(-99999), "unknown error");
	assert_string_equal(numaperf_strerror(INT32_MIN), "unknown error");
}

/* Every value up to the last has a name of its own that is read back as it; beyond there is none. */
#define EXPECT_NAMES(name, last)                                                                                       \
	do {                                                                                                           \
		for (unsigned value = 0; value <= (unsigned)(last); value++) {                                         \
			const char *text = numaperf_##name##_to_string((enum numaperf_##name)value);                   \
			enum numaperf_##name back = (enum numaperf_##name) ~value;                                     \
                                                                                                                       \
			assert_string_not_equal(text, "unknown");                                                      \
			assert_int_equal(numaperf_##name##_parse(text, &back), 0);                                     \
			assert_int_equal(back, value);                                                                 \
		}                                                                                                      \
		assert_string_equal(numaperf_##name##_to_string((enum numaperf_##name)((last) + 1)), "unknown");       \
		enum numaperf_##name untouched = (enum numaperf_##name)0;                                              \
		assert_int_equal(numaperf_##name##_parse("unknown", &untouched), -EINVAL);                             \
		assert_int_equal(numaperf_##name##_parse("", &untouched), -EINVAL);                                    \
		assert_int_equal(numaperf_##name##_parse(NULL, &untouched), -EINVAL);                                  \
		assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_ARGUMENT);                        \
		assert_int_equal(untouched, 0);                                                                        \
	} while (0)

static void names_are_read_back(void **state)
{
	(void)state;
	EXPECT_NAMES(error_kind, NUMAPERF_ERROR_IO);
	EXPECT_NAMES(mode, NUMAPERF_MODE_HARD);
	EXPECT_NAMES(level, NUMAPERF_LEVEL_STRICT);
	EXPECT_NAMES(why, NUMAPERF_WHY_PREFERENCE);
}

static void an_unknown_name_is_answered_with_the_choices(void **state)
{
	enum numaperf_mode mode = NUMAPERF_MODE_SOFT;

	(void)state;
	assert_int_equal(numaperf_mode_parse("strict", &mode), -EINVAL);
	assert_string_equal(numaperf_last_error()->message, "\"strict\" is none of: soft, hard.");
}

static void reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(numaperf_reason_to_string(NUMAPERF_REASON_NONE), "none");
	assert_string_equal(numaperf_reason_to_string(NUMAPERF_REASON_WRONG_NODE), "wrong-node");
	assert_string_equal(numaperf_reason_to_string(NUMAPERF_REASON_CREDENTIALS), "credentials");
	assert_string_equal(numaperf_reason_to_string(5), "unknown"); /* a hole */
	assert_string_equal(numaperf_reason_to_string(UINT32_MAX), "unknown");
}

static void guarantees_have_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NUMAPERF_GUARANTEE_COUNT; i++)
		assert_string_not_equal(numaperf_guarantee_to_string((enum numaperf_guarantee)i), "unknown");
	assert_string_equal(numaperf_guarantee_to_string(NUMAPERF_GUARANTEE_COUNT), "unknown");
}

static void the_version_has_three_numbers(void **state)
{
	unsigned major, minor, patch;
	char rest;

	(void)state;
	assert_int_equal(sscanf(numaperf_version(), "%u.%u.%u%c", &major, &minor, &patch, &rest), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_belong_to_threads),
		cmocka_unit_test(the_last_failure_counts),
		cmocka_unit_test(success_leaves_the_last_error_alone),
		cmocka_unit_test(messages_are_sentences),
		cmocka_unit_test(every_result_has_a_text),
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(an_unknown_name_is_answered_with_the_choices),
		cmocka_unit_test(reasons_have_names),
		cmocka_unit_test(guarantees_have_names),
		cmocka_unit_test(the_version_has_three_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
