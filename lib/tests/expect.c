/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "expect.h"

#include <string.h>

void assert_error(int result, int errnum, enum numaperf_error_kind kind)
{
	const struct numaperf_error *error = numaperf_last_error();

	if (result != -errnum)
		fail_msg("result %d instead of %d: %s", result, -errnum, error->message);
	assert_int_equal(error->errnum, errnum);
	assert_string_equal(numaperf_error_kind_to_string(error->kind), numaperf_error_kind_to_string(kind));
	assert_true(strlen(error->message) > 0);
	assert_true(strlen(error->operation) > 0);
}

void assert_done(int result)
{
	if (result < 0)
		fail_msg("%s: %s", numaperf_last_error()->operation, numaperf_last_error()->message);
}

void assert_enforced(const struct numaperf_enforcement *enforcement, enum numaperf_level level, enum numaperf_why why)
{
	if (enforcement->level != level || enforcement->why != why)
		fail_msg("%s, %s: %s", numaperf_level_to_string(enforcement->level), numaperf_why_to_string(enforcement->why),
			 enforcement->message);
	assert_true(strlen(enforcement->message) > 0);
}

size_t lease_count(void)
{
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;
	size_t count = 0;

	assert_done(numaperf_lease_list_new(&list));
	while (numaperf_lease_list_get(list, count))
		count++;
	return count;
}
