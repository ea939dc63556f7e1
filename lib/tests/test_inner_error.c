/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filling, passing on and keeping errors; the log hook; options structs; the fork rule. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/numaperf.h>

#include "core/error.h"
#include "core/log.h"
#include "core/options.h"
#include "core/owner.h"

#include "child.h"
#include "harness.h"

static void fail_fills_every_field(void **state)
{
	const struct numaperf_error *error = numaperf_last_error();

	(void)state;
	assert_int_equal(np_fail_reason(EXDEV, NUMAPERF_ERROR_BINDING, NUMAPERF_REASON_WRONG_NODE, "region_new: pin",
					"Node %d.", 3),
			 -EXDEV);
	assert_int_equal(error->errnum, EXDEV);
	assert_int_equal(error->kind, NUMAPERF_ERROR_BINDING);
	assert_int_equal(error->reason, NUMAPERF_REASON_WRONG_NODE);
	assert_string_equal(error->operation, "region_new: pin");
	assert_string_equal(error->message, "Node 3.");
	assert_int_equal(np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, "x", "No."), -EINVAL);
	assert_int_equal(error->reason, NUMAPERF_REASON_NONE);
}

static void a_message_may_quote_the_last_one(void **state)
{
	(void)state;
	np_fail(EIO, NUMAPERF_ERROR_IO, "inner", "It broke.");
	np_fail(EIO, NUMAPERF_ERROR_IO, "outer", "Because: %s", numaperf_last_error()->message);
	assert_string_equal(numaperf_last_error()->message, "Because: It broke.");
}

static void long_messages_are_cut(void **state)
{
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	np_fail(EIO, NUMAPERF_ERROR_IO, "x", "%s", text);
	assert_in_range(strlen(numaperf_last_error()->message), 100, sizeof(text) - 1);
}

static void errors_are_passed_on_and_kept(void **state)
{
	struct np_error_state before;

	(void)state;
	np_fail(EIO, NUMAPERF_ERROR_IO, "inner", "It broke.");
	assert_int_equal(np_fail_in(-EIO, NUMAPERF_ERROR_NONE, "outer"), -EIO);
	assert_string_equal(numaperf_last_error()->operation, "outer");
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_IO);
	np_fail_in(-EIO, NUMAPERF_ERROR_PINNING, "outer");
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_PINNING);

	np_error_save(&before);
	np_fail(ENOENT, NUMAPERF_ERROR_IO, "tried", "Something else.");
	np_error_restore(&before);
	assert_int_equal(numaperf_last_error()->errnum, EIO);
	assert_string_equal(numaperf_last_error()->message, "It broke.");
}

/* ------------------------------------------------------------------ log */

struct heard {
	enum numaperf_log_level level;
	char message[600];
	int count;
};

static void hear(enum numaperf_log_level level, const char *message, void *data)
{
	struct heard *heard = data;

	heard->level = level;
	snprintf(heard->message, sizeof(heard->message), "%s", message);
	heard->count++;
	errno = EPIPE;
}

static void the_hook_is_told(void **state)
{
	struct heard heard = { 0 };

	(void)state;
	np_log(NUMAPERF_LOG_WARNING, "nobody listens");
	numaperf_log_set(hear, &heard);
	errno = EXDEV;
	np_log(NUMAPERF_LOG_INFO, "node %d is full", 1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.level, NUMAPERF_LOG_INFO);
	assert_string_equal(heard.message, "node 1 is full");
	numaperf_log_set(NULL, NULL);
	np_log(NUMAPERF_LOG_WARNING, "nobody listens any more");
	assert_int_equal(heard.count, 1);
}

/* While two hooks are exchanged all the time, each call must get the data that belongs to its function. */
static atomic_bool stop_exchanging;
static atomic_int exchanges, mismatches;
static char data_a, data_b;

static void hook_a(enum numaperf_log_level level, const char *message, void *data)
{
	(void)level, (void)message;
	mismatches += data != &data_a;
}

static void hook_b(enum numaperf_log_level level, const char *message, void *data)
{
	(void)level, (void)message;
	mismatches += data != &data_b;
}

static void *exchange_hooks(void *unused)
{
	(void)unused;
	while (!stop_exchanging) {
		numaperf_log_set(hook_a, &data_a);
		numaperf_log_set(hook_b, &data_b);
		exchanges++;
	}
	return NULL;
}

static void hooks_are_exchanged_whole(void **state)
{
	pthread_t threads[2];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, exchange_hooks, NULL), 0);
	/* Long enough that the exchanging threads really ran meanwhile, also on one CPU. */
	for (int i = 0; i < 200000 || exchanges < 20000; i++)
		np_log(NUMAPERF_LOG_DEBUG, "%d", i);
	stop_exchanging = true;
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	numaperf_log_set(NULL, NULL);
	assert_int_equal(mismatches, 0);
}

/* ------------------------------------------------------------------ options */

struct options_1 {
	size_t size;
	int mode;
	int pad;
};

struct options_2 {
	size_t size;
	int mode;
	int pad;
	long extra;
};

static void options_of_other_versions_are_taken(void **state)
{
	struct options_2 ours, newer = { .size = sizeof(newer), .mode = 1 };
	struct options_1 old = { .size = sizeof(old), .mode = 2 }, ours_old;

	(void)state;
	memset(&ours, 0xff, sizeof(ours));
	assert_int_equal(np_options_take(NULL, &ours, sizeof(ours), "x"), 0);
	assert_int_equal(ours.size, sizeof(ours));
	assert_int_equal(ours.mode, 0);
	assert_int_equal(ours.extra, 0);

	memset(&ours, 0xff, sizeof(ours));
	assert_int_equal(np_options_take(&old, &ours, sizeof(ours), "x"), 0);
	assert_int_equal(ours.mode, 2);
	assert_int_equal(ours.extra, 0);

	assert_int_equal(np_options_take(&newer, &ours_old, sizeof(ours_old), "x"), 0);
	assert_int_equal(ours_old.mode, 1);
	newer.extra = 1;
	assert_int_equal(np_options_take(&newer, &ours_old, sizeof(ours_old), "x"), -EINVAL);
	newer.size = 0;
	assert_int_equal(np_options_take(&newer, &ours, sizeof(ours), "x"), -EINVAL);
	newer.size = sizeof(size_t) - 1;
	assert_int_equal(np_options_take(&newer, &ours, sizeof(ours), "x"), -EINVAL);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_ARGUMENT);
}

/* ------------------------------------------------------------------ fork */

static void check_owner_in_child(void *owner)
{
	child_check(np_owner_check(*(struct np_owner *)owner, "x") == -ESTALE);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_STALE);
	child_check(np_owner_check(np_owner_here(), "x") == 0);
}

static void objects_are_stale_in_a_child(void **state)
{
	struct np_owner owner = np_owner_here();

	(void)state;
	assert_int_equal(np_owner_check(owner, "x"), 0);
	run_child(check_owner_in_child, &owner);
	assert_int_equal(np_owner_check(owner, "x"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_fills_every_field),
		cmocka_unit_test(a_message_may_quote_the_last_one),
		cmocka_unit_test(long_messages_are_cut),
		cmocka_unit_test(errors_are_passed_on_and_kept),
		cmocka_unit_test(the_hook_is_told),
		cmocka_unit_test(hooks_are_exchanged_whole),
		cmocka_unit_test(options_of_other_versions_are_taken),
		cmocka_unit_test(objects_are_stale_in_a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
