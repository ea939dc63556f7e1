/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What failures of the module become: kind, errno, sentence. A pure translation, tested row by row, and for every errno
 * of the ABI's contract.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <linux/numaperf.h>
#include <numaperf/error.h>

#include "core/kmod_error.h"
#include "core/reason.h"

#include "harness.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct numaperf_error *translate(enum kmod_call call, int errnum, unsigned reason)
{
	struct kmod_failure failure = { .call = call, .errnum = errnum, .reason = reason, .wrong_node = -1 };

	assert_int_equal(kmod_fail(&failure, NULL), -errnum);
	assert_int_equal(numaperf_last_error()->errnum, errnum);
	assert_int_equal(numaperf_last_error()->reason, reason);
	return numaperf_last_error();
}

static void kinds_and_sentences_fit_the_cause(void **state)
{
	static const struct {
		enum kmod_call call;
		int errnum;
		unsigned reason;
		enum numaperf_error_kind kind;
		const char *part; /* of the sentence */
	} cases[] = {
		{ KMOD_THREAD_PIN, EXDEV, NUMAPERF_REASON_OUTSIDE_SET, NUMAPERF_ERROR_PINNING,
		  "outside of the asked set" },
		{ KMOD_THREAD_PIN, EBUSY, NUMAPERF_REASON_ALREADY_PINNED, NUMAPERF_ERROR_PINNING, "already" },
		{ KMOD_THREAD_PIN, EBUSY, NUMAPERF_REASON_DEADLINE, NUMAPERF_ERROR_PINNING, "SCHED_DEADLINE" },
		{ KMOD_THREAD_PIN, EPERM, NUMAPERF_REASON_PRIVILEGE, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE,
		  "strict_pin=any" },
		{ KMOD_THREAD_PIN, EPERM, NUMAPERF_REASON_FOREIGN_THREAD, NUMAPERF_ERROR_INVALID_ARGUMENT,
		  "not one of this process" },
		{ KMOD_THREAD_PIN, ESRCH, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "no such thread" },
		{ KMOD_THREAD_PIN, EDQUOT, NUMAPERF_REASON_LEASE_QUOTA, NUMAPERF_ERROR_PINNING, "numaperf leases" },
		{ KMOD_THREAD_PIN, EOPNOTSUPP, 0, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, "dmesg" },
		{ KMOD_RANGE_PIN, EXDEV, NUMAPERF_REASON_WRONG_NODE, NUMAPERF_ERROR_BINDING, "on a node outside" },
		{ KMOD_RANGE_PIN, EADDRNOTAVAIL, NUMAPERF_REASON_MOVABLE_ONLY, NUMAPERF_ERROR_BINDING, "ZONE_MOVABLE" },
		{ KMOD_RANGE_PIN, ENODATA, NUMAPERF_REASON_ABSENT, NUMAPERF_ERROR_BINDING, "write to every page" },
		{ KMOD_RANGE_PIN, EFAULT, NUMAPERF_REASON_UNMAPPED, NUMAPERF_ERROR_INVALID_ARGUMENT, "not mapped" },
		{ KMOD_RANGE_PIN, EACCES, NUMAPERF_REASON_READ_ONLY, NUMAPERF_ERROR_BINDING, "not writable" },
		{ KMOD_RANGE_PIN, EACCES, NUMAPERF_REASON_FILE_MAPPING, NUMAPERF_ERROR_BINDING, "maps a file" },
		{ KMOD_RANGE_PIN, EINVAL, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "out of range" },
		{ KMOD_RANGE_PIN, ENOMEM, 0, NUMAPERF_ERROR_ALLOCATION, "no memory" },
		{ KMOD_RANGE_PIN, ESTALE, 0, NUMAPERF_ERROR_STALE, "fork" },
		{ KMOD_RELEASE, ENOENT, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "no such lease" },
		{ KMOD_REVOKE, EPERM, 0, NUMAPERF_ERROR_CAPABILITY_MISSING, "CAP_SYS_NICE" },
		{ KMOD_THREAD_PIN, EBUSY, NUMAPERF_REASON_EXCLUSIVE, NUMAPERF_ERROR_PINNING, "exclusive" },
		{ KMOD_REARM, EXDEV, NUMAPERF_REASON_CPUSET, NUMAPERF_ERROR_PINNING, "cpuset" },
		{ KMOD_REARM, EXDEV, NUMAPERF_REASON_WRONG_NODE, NUMAPERF_ERROR_BINDING, "on a node outside" },
		{ KMOD_REARM, EBUSY, NUMAPERF_REASON_DEADLINE, NUMAPERF_ERROR_PINNING, "SCHED_DEADLINE" },
		{ KMOD_REARM, ENODATA, NUMAPERF_REASON_ABSENT, NUMAPERF_ERROR_BINDING, "write to every page" },
		{ KMOD_REARM, EOPNOTSUPP, 0, NUMAPERF_ERROR_NOT_SUPPORTED, "re-armed" },
		{ KMOD_TRACK, EPERM, 0, NUMAPERF_ERROR_CAPABILITY_MISSING, "CAP_PERFMON" },
		{ KMOD_TRACK, EPERM, NUMAPERF_REASON_PRIVILEGE, NUMAPERF_ERROR_CAPABILITY_MISSING, "CAP_PERFMON" },
		{ KMOD_TRACK, ESRCH, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "no such process" },
		{ KMOD_TRACK, EDQUOT, NUMAPERF_REASON_THREAD_QUOTA, NUMAPERF_ERROR_CAPABILITY_MISSING, "threads" },
		{ KMOD_TRACK, EDQUOT, NUMAPERF_REASON_NONE, NUMAPERF_ERROR_CAPABILITY_MISSING, "threads_max" },
		{ KMOD_READ, ENOENT, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "no such target" },
		{ KMOD_INFO, E2BIG, 0, NUMAPERF_ERROR_NOT_SUPPORTED, "older than this library" },
		{ KMOD_LEASES, ENOTTY, 0, NUMAPERF_ERROR_NOT_SUPPORTED, "older than this library" },
		{ KMOD_PLACEMENT, EFAULT, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "can't be accessed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct numaperf_error *error = translate(cases[i].call, cases[i].errnum, cases[i].reason);

		assert_int_equal(error->kind, cases[i].kind);
		if (!strstr(error->message, cases[i].part))
			fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].part, error->message);
	}
}

/* Nothing of the contract falls through to a kind of "none" or an empty sentence, for whatever call it comes. */
static void every_errno_has_a_kind_and_a_sentence(void **state)
{
	static const int errnums[] = { E2BIG,         EINVAL,  EOPNOTSUPP, ENOTTY, EFAULT, EMSGSIZE, EPERM,
				       ESRCH,         ENOENT,  ESTALE,     EBUSY,  EDQUOT, ENOMEM,   EXDEV,
				       EADDRNOTAVAIL, ENODATA, EACCES,     EINTR,  EBADF };

	(void)state;
	for (int call = 0; call < KMOD_CALLS; call++) {
		for (size_t i = 0; i < COUNT(errnums); i++) {
			const struct numaperf_error *error = translate((enum kmod_call)call, errnums[i], 0);

			assert_int_not_equal(error->kind, NUMAPERF_ERROR_NONE);
			assert_in_range(strlen(error->message), 5, 400);
			assert_true(!strncmp(error->operation, "module: ", 8));
		}
	}
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
	static const unsigned reasons[] = {
		NUMAPERF_REASON_DISABLED,      NUMAPERF_REASON_NO_HOOK,        NUMAPERF_REASON_NO_BALANCING,
		NUMAPERF_REASON_NOT_REQUESTED, NUMAPERF_REASON_OUTSIDE_SET,    NUMAPERF_REASON_ALREADY_PINNED,
		NUMAPERF_REASON_DEADLINE,      NUMAPERF_REASON_FOREIGN_THREAD, NUMAPERF_REASON_UNREACHABLE,
		NUMAPERF_REASON_PRIVILEGE,     NUMAPERF_REASON_UNMAPPED,       NUMAPERF_REASON_ABSENT,
		NUMAPERF_REASON_WRONG_NODE,    NUMAPERF_REASON_MOVABLE_ONLY,   NUMAPERF_REASON_READ_ONLY,
		NUMAPERF_REASON_FILE_MAPPING,  NUMAPERF_REASON_DEVICE_MAPPING, NUMAPERF_REASON_LOCKED_MEMORY,
		NUMAPERF_REASON_LEASE_QUOTA,   NUMAPERF_REASON_THREAD_QUOTA,   NUMAPERF_REASON_NO_MEMORY,
		NUMAPERF_REASON_CPUSET,        NUMAPERF_REASON_CPU_OFFLINE,    NUMAPERF_REASON_UNMAPPED_PART,
		NUMAPERF_REASON_RELEASED,      NUMAPERF_REASON_CLOSED,         NUMAPERF_REASON_EXITED,
		NUMAPERF_REASON_EXECED,        NUMAPERF_REASON_REVOKED,        NUMAPERF_REASON_UNMAPPED_ALL,
		NUMAPERF_REASON_CREDENTIALS,   NUMAPERF_REASON_NODE_CEILING,
		NUMAPERF_REASON_EXCLUSIVE,
	};
	const char *unknown = np_reason_sentence(UINT32_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(reasons); i++) {
		assert_string_not_equal(numaperf_reason_to_string(reasons[i]), "unknown");
		assert_string_not_equal(np_reason_sentence(reasons[i]), unknown);
	}
}

static void a_reason_of_a_newer_module_is_told_as_such(void **state)
{
	(void)state;
	assert_non_null(strstr(translate(KMOD_THREAD_PIN, EBUSY, 60000)->message, "does not know"));
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_PINNING);
}

static void the_page_in_the_way_is_named(void **state)
{
	struct kmod_failure failure = {
		.call = KMOD_RANGE_PIN,
		.errnum = EXDEV,
		.reason = NUMAPERF_REASON_WRONG_NODE,
		.wrong_addr = 0x7f0000001000,
		.wrong_node = 2,
	};

	(void)state;
	kmod_fail(&failure, "region_new");
	assert_non_null(strstr(numaperf_last_error()->message, "0x7f0000001000, on node 2."));
	assert_string_equal(numaperf_last_error()->operation, "region_new");
	failure.wrong_node = -1;
	kmod_fail(&failure, "region_new");
	assert_non_null(strstr(numaperf_last_error()->message, "0x7f0000001000."));
	assert_null(strstr(numaperf_last_error()->message, "-1"));
}

static void the_node_that_is_full_is_named(void **state)
{
	struct kmod_failure failure = {
		.call = KMOD_RANGE_PIN, .errnum = EDQUOT, .reason = NUMAPERF_REASON_NODE_CEILING, .wrong_node = 3,
	};

	(void)state;
	kmod_fail(&failure, "region_new");
	assert_non_null(strstr(numaperf_last_error()->message, "node_locked_max"));
	assert_non_null(strstr(numaperf_last_error()->message, "node 3."));
}

static void too_many_sessions_are_told_as_such(void **state)
{
	(void)state;
	kmod_fail_open(EDQUOT, false, true, "open");
	assert_non_null(strstr(numaperf_last_error()->message, "sessions_max"));
	assert_int_equal(numaperf_last_error()->errnum, EDQUOT);
}

static void the_memlock_limit_is_told_with_its_three_remedies_and_the_sums(void **state)
{
	struct kmod_failure failure = {
		.call = KMOD_RANGE_PIN,
		.errnum = EDQUOT,
		.reason = NUMAPERF_REASON_LOCKED_MEMORY,
		.wrong_node = -1,
		.sums_known = true,
		.asked_bytes = 4096,
		.locked_bytes = 65000,
		.locked_limit = 65536,
	};
	const char *const parts[] = { "`ulimit -l`", "LimitMEMLOCK=", "--ulimit memlock", "4096", "65000 of 65536" };

	(void)state;
	kmod_fail(&failure, NULL);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_BINDING);
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_non_null(strstr(numaperf_last_error()->message, parts[i]));
	failure.sums_known = false;
	kmod_fail(&failure, NULL);
	assert_null(strstr(numaperf_last_error()->message, "Asked"));
}

static void a_device_that_does_not_open_is_told_with_the_remedy(void **state)
{
	static const struct {
		int errnum;
		bool hard, loaded;
		int result;
		enum numaperf_error_kind kind;
		const char *part;
	} cases[] = {
		{ ENOENT, true, false, -ENODEV, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, "`modprobe numaperf`" },
		{ ENOENT, false, false, -ENODEV, NUMAPERF_ERROR_CAPABILITY_MISSING, "`modprobe numaperf`" },
		{ ENXIO, false, false, -ENODEV, NUMAPERF_ERROR_CAPABILITY_MISSING, "`modprobe numaperf`" },
		{ ENODEV, true, false, -ENODEV, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, "`modprobe numaperf`" },
		{ ENOENT, true, true, -ENODEV, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, "--device /dev/numaperf" },
		{ EACCES, true, true, -EACCES, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, "access" },
		{ EACCES, false, true, -EACCES, NUMAPERF_ERROR_CAPABILITY_MISSING, "access" },
		{ EPERM, false, true, -EPERM, NUMAPERF_ERROR_CAPABILITY_MISSING, "container" },
		{ EMFILE, true, true, -EMFILE, NUMAPERF_ERROR_IO, "Too many open files" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(kmod_fail_open(cases[i].errnum, cases[i].hard, cases[i].loaded, "x"), cases[i].result);
		assert_int_equal(numaperf_last_error()->errnum, -cases[i].result);
		assert_int_equal(numaperf_last_error()->kind, cases[i].kind);
		assert_non_null(strstr(numaperf_last_error()->message, cases[i].part));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_sentences_fit_the_cause),
		cmocka_unit_test(every_errno_has_a_kind_and_a_sentence),
		cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
		cmocka_unit_test(a_reason_of_a_newer_module_is_told_as_such),
		cmocka_unit_test(the_page_in_the_way_is_named),
		cmocka_unit_test(the_node_that_is_full_is_named),
		cmocka_unit_test(too_many_sessions_are_told_as_such),
		cmocka_unit_test(the_memlock_limit_is_told_with_its_three_remedies_and_the_sums),
		cmocka_unit_test(a_device_that_does_not_open_is_told_with_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
