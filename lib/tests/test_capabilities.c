/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities as they are here: without the module, and (in a guest) with it; detection has no side effects. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <numaperf.h>

#include "child.h"
#include "harness.h"

static struct numaperf_capabilities *detect(void)
{
	struct numaperf_capabilities *c = NULL;

	assert_int_equal(numaperf_capabilities_detect(&c), 0);
	assert_non_null(c);
	return c;
}

static void without_the_module_all_that_needs_it_is_missing(void **state)
{
	static const enum numaperf_guarantee by_module[] = {
		NUMAPERF_GUARANTEE_MODULE,      NUMAPERF_GUARANTEE_STRICT_THREAD_PIN, NUMAPERF_GUARANTEE_STRICT_MEMORY,
		NUMAPERF_GUARANTEE_HINT_FAULTS, NUMAPERF_GUARANTEE_FAULT_SAMPLES,
	};

	(void)state;
	if (has_module())
		skip_because("the module is loaded");
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *c = detect();

	for (size_t i = 0; i < sizeof(by_module) / sizeof(by_module[0]); i++) {
		const char *why, *remedy;

		assert_false(numaperf_capabilities_get(c, by_module[i], &why, &remedy));
		assert_non_null(strstr(why, "not loaded"));
		assert_string_equal(remedy, "modprobe numaperf");
	}
	assert_false(numaperf_capabilities_supports_hard_mode(c));
}

static long balancing(void)
{
	FILE *file = fopen("/proc/sys/kernel/numa_balancing", "r");
	long value = -1;

	if (file) {
		if (fscanf(file, "%ld", &value) != 1)
			value = -1;
		fclose(file);
	}
	return value;
}

static void set_balancing(long value)
{
	FILE *file = fopen("/proc/sys/kernel/numa_balancing", "w");

	assert_non_null(file);
	fprintf(file, "%ld", value);
	assert_int_equal(fclose(file), 0);
}

static void with_the_module_root_has_hard_mode(void **state)
{
	const char *why, *remedy;

	(void)state;
	if (!has_module())
		skip_because("the module is not loaded");
	if (geteuid() != 0)
		skip_because("not root");
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *c = detect();

	assert_true(numaperf_capabilities_get(c, NUMAPERF_GUARANTEE_MODULE, &why, &remedy));
	assert_string_equal(why, "");
	assert_string_equal(remedy, "");
	if (!numaperf_capabilities_get(c, NUMAPERF_GUARANTEE_STRICT_THREAD_PIN, &why, NULL))
		fail_msg("no strict thread pin: %s", why);
	if (!numaperf_capabilities_get(c, NUMAPERF_GUARANTEE_STRICT_MEMORY, &why, NULL))
		fail_msg("no strict memory: %s", why);
	assert_true(numaperf_capabilities_supports_hard_mode(c));
}

static void hint_faults_need_balancing(void **state)
{
	long before = balancing();
	const char *why, *remedy;
	bool with, without;

	(void)state;
	if (!has_module() || geteuid() != 0 || before < 0)
		skip_because("needs the module, root and a kernel with NUMA balancing");

	set_balancing(0);
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *off = detect();
	without = numaperf_capabilities_get(off, NUMAPERF_GUARANTEE_HINT_FAULTS, &why, &remedy);
	set_balancing(1);
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *on = detect();
	with = numaperf_capabilities_get(on, NUMAPERF_GUARANTEE_HINT_FAULTS, NULL, NULL);
	set_balancing(before);

	assert_false(without);
	assert_string_equal(remedy, "sysctl kernel.numa_balancing=1");
	if (!with) { /* only for a reason of the module's own */
		numaperf_capabilities_get(on, NUMAPERF_GUARANTEE_HINT_FAULTS, &why, NULL);
		assert_null(strstr(why, "balancing"));
		assert_string_not_equal(why, "");
	}
}

/* In a child that may not call mbind. */
static void detect_without_mbind(void *result)
{
	struct numaperf_capabilities *c = NULL;
	const char *why, *remedy;
	bool denied = *(int *)result == EPERM;

	deny_syscall(SYS_mbind, *(int *)result);
	child_check(numaperf_capabilities_detect(&c) == 0);
	child_check(!numaperf_capabilities_get(c, NUMAPERF_GUARANTEE_MEMORY_POLICY, &why, &remedy));
	child_check(strstr(why, denied ? "mbind is denied" : "without NUMA"));
	child_check(!strcmp(remedy, denied ? "docker run --cap-add SYS_NICE" : ""));
	numaperf_capabilities_free(c);
}

static void a_denied_policy_is_told_from_a_kernel_without_numa(void **state)
{
	int denied = EPERM, absent = ENOSYS;
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *c = detect();

	(void)state;
	if (!numaperf_capabilities_get(c, NUMAPERF_GUARANTEE_MEMORY_POLICY, NULL, NULL))
		skip_because("memory policy is not available here to begin with");
	run_child(detect_without_mbind, &denied);
	run_child(detect_without_mbind, &absent);
}

static void what_is_missing_is_listed_once_with_its_name(void **state)
{
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *c = detect();
	const char *what = NULL, *remedy = NULL;
	size_t missing = 0;

	(void)state;
	for (unsigned g = 0; g < NUMAPERF_GUARANTEE_COUNT; g++) {
		const char *why, *name = numaperf_guarantee_to_string((enum numaperf_guarantee)g);

		if (numaperf_capabilities_get(c, (enum numaperf_guarantee)g, &why, NULL)) {
			assert_string_equal(why, "");
			continue;
		}
		assert_int_equal(numaperf_capabilities_missing(c, missing++, &what, &remedy), 1);
		assert_true(!strncmp(what, name, strlen(name)));
		assert_non_null(strstr(what, why));
		assert_true(strlen(why) > 10 && why[strlen(why) - 1] == '.');
	}
	assert_int_equal(numaperf_capabilities_missing(c, missing, &what, &remedy), 0);
	assert_int_equal(numaperf_capabilities_missing(c, SIZE_MAX, &what, &remedy), 0);
}

static int first_free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static void detection_has_no_side_effects(void **state)
{
	cpu_set_t before, after;
	struct numaperf_cpuset *set = NULL;
	int fd = first_free_fd();

	(void)state;
	assert_int_equal(numaperf_cpuset_parse("x", &set), -EINVAL); /* this error must survive */
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	numaperf_capabilities_free(detect());
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0); /* not pinned */
	assert_int_equal(first_free_fd(), fd);
	assert_int_equal(numaperf_last_error()->errnum, EINVAL);
	assert_string_equal(numaperf_last_error()->operation, "cpuset_parse");
}

static void an_unknown_guarantee_is_not_given(void **state)
{
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *c = detect();
	const char *why, *remedy;

	(void)state;
	assert_false(numaperf_capabilities_get(c, NUMAPERF_GUARANTEE_COUNT, &why, &remedy));
	assert_string_not_equal(why, "");
	numaperf_capabilities_free(NULL);
}

static void leases_need_the_module(void **state)
{
	struct numaperf_lease_list *list = NULL;

	(void)state;
	if (has_module())
		skip_because("the module is loaded");
	assert_int_equal(numaperf_lease_list_new(&list), -ENODEV);
	assert_null(list);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_CAPABILITY_MISSING);
	assert_string_equal(numaperf_last_error()->operation, "lease_list_new");
	assert_int_equal(numaperf_lease_revoke(1), -ENODEV);
	numaperf_lease_list_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_module_all_that_needs_it_is_missing),
		cmocka_unit_test(with_the_module_root_has_hard_mode),
		cmocka_unit_test(hint_faults_need_balancing),
		cmocka_unit_test(a_denied_policy_is_told_from_a_kernel_without_numa),
		cmocka_unit_test(what_is_missing_is_listed_once_with_its_name),
		cmocka_unit_test(detection_has_no_side_effects),
		cmocka_unit_test(an_unknown_guarantee_is_not_given),
		cmocka_unit_test(leases_need_the_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
