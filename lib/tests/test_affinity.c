/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thread pins: soft anywhere, hard where the module is. */
#include "expect.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/numaperf.h>
#include "child.h"
#include "tree.h"

#define NO_SUCH_CPU 60000

static const struct numaperf_pin_options soft = NUMAPERF_PIN_OPTIONS_INIT;
static const struct numaperf_pin_options hard = { .size = sizeof(hard), .mode = NUMAPERF_MODE_HARD };

#define needs_two_cpus()                                         \
	do {                                                     \
		if (CPU_COUNT(&at_start) < 2)                    \
			skip_because("only one CPU is allowed"); \
	} while (0)

/* The affinity that the test program was started with, and two of its CPUs. */
static cpu_set_t at_start;
static unsigned first_cpu, last_cpu;

static int setup(void **state)
{
	(void)state;
	if (sched_getaffinity(0, sizeof(at_start), &at_start) < 0)
		return -1;
	for (unsigned cpu = CPU_SETSIZE; cpu-- > 0;) {
		if (CPU_ISSET(cpu, &at_start))
			first_cpu = cpu;
	}
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &at_start))
			last_cpu = cpu;
	}
	return 0;
}

static struct numaperf_cpuset *set_of(unsigned cpu)
{
	struct numaperf_cpuset *set;

	assert_int_equal(numaperf_cpuset_new(&set), 0);
	assert_int_equal(numaperf_cpuset_add(set, cpu), 0);
	return set;
}

static int pin_to(unsigned cpu, const struct numaperf_pin_options *options, struct numaperf_pin **ret_pin)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = set_of(cpu);

	return numaperf_pin_cpus(set, options, ret_pin);
}

static struct numaperf_pin *must_pin_to(unsigned cpu, const struct numaperf_pin_options *options)
{
	struct numaperf_pin *pin;

	assert_done(pin_to(cpu, options, &pin));
	return pin;
}

static bool runs_only_on(unsigned cpu)
{
	cpu_set_t now;

	return sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now);
}

static bool runs_as_at_start(void)
{
	cpu_set_t now;

	return sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, &at_start);
}

static void assert_enforcement(struct numaperf_pin *pin, enum numaperf_level level, enum numaperf_why why)
{
	struct numaperf_enforcement enforcement;

	assert_done(numaperf_pin_enforcement(pin, &enforcement));
	assert_enforced(&enforcement, level, why);
}

/* ------------------------------------------------------------------ soft */

static void soft_pin_is_verified_and_restored(void **state)
{
	struct numaperf_pin *pin = must_pin_to(last_cpu, NULL);

	(void)state;
	assert_true(runs_only_on(last_cpu));
	assert_enforcement(pin, NUMAPERF_LEVEL_BEST_EFFORT, NUMAPERF_WHY_NOTHING_HOLDS_IT);
	assert_int_equal(numaperf_pin_release(pin), 0);
	assert_true(runs_as_at_start());
}

static void releasing_nothing_does_nothing(void **state)
{
	(void)state;
	assert_int_equal(numaperf_pin_release(NULL), 0);
	{
		NUMAPERF_AUTO(pin) struct numaperf_pin *pin = must_pin_to(first_cpu, &soft);

		assert_non_null(pin);
	}
	assert_true(runs_as_at_start());
}

static void nested_pins_end_inside_out(void **state)
{
	struct numaperf_pin *outer, *inner;

	(void)state;
	needs_two_cpus();
	outer = must_pin_to(first_cpu, NULL);
	inner = must_pin_to(last_cpu, NULL);
	assert_enforcement(outer, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_MOVED);
	assert_int_equal(numaperf_pin_release(inner), 0);
	assert_true(runs_only_on(first_cpu));
	assert_enforcement(outer, NUMAPERF_LEVEL_BEST_EFFORT, NUMAPERF_WHY_NOTHING_HOLDS_IT);
	assert_int_equal(numaperf_pin_release(outer), 0);
	assert_true(runs_as_at_start());
}

/* In all orders: the mask is always that of the innermost pin that is left. */
static void nested_pins_end_in_any_order(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	needs_two_cpus();
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const unsigned cpus[] = { first_cpu, last_cpu, first_cpu };
		struct numaperf_pin *pins[3];
		bool left[] = { true, true, true };

		for (int k = 0; k < 3; k++)
			pins[k] = must_pin_to(cpus[k], NULL);
		for (int k = 0; k < 3; k++) {
			int innermost = -1;

			assert_int_equal(numaperf_pin_release(pins[orders[i][k]]), 0);
			left[orders[i][k]] = false;
			for (int pin = 0; pin < 3; pin++) {
				if (left[pin])
					innermost = pin;
			}
			assert_true(innermost < 0 ? runs_as_at_start() : runs_only_on(cpus[innermost]));
		}
	}
}

static void *release_elsewhere(void *pin)
{
	return (void *)(intptr_t)numaperf_pin_release(pin);
}

static void another_thread_cannot_release(void **state)
{
	struct numaperf_pin *pin = must_pin_to(first_cpu, NULL);
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, release_elsewhere, pin), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_int_equal((intptr_t)result, -EPERM);
	assert_true(runs_only_on(first_cpu));
	assert_int_equal(numaperf_pin_release(pin), 0);
	assert_true(runs_as_at_start());
}

static void *pin_and_end(void *arg)
{
	return pin_to(first_cpu, NULL, arg) < 0 ? NULL : arg;
}

/* The kernel lets join return a little before the thread is gone. */
static int release_soon(struct numaperf_pin *pin)
{
	int r = -EPERM;

	for (int i = 0; r == -EPERM && i < 1000; i++) {
		usleep(1000);
		r = numaperf_pin_release(pin);
	}
	return r;
}

static void pin_of_a_thread_that_ended(void **state)
{
	struct numaperf_pin *pin = NULL;
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, pin_and_end, &pin), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	assert_int_equal(release_soon(pin), 0);
	assert_true(runs_as_at_start());
}

static void moved_by_someone(void **state)
{
	struct numaperf_pin *pin;

	(void)state;
	needs_two_cpus();
	pin = must_pin_to(first_cpu, NULL);
	assert_int_equal(sched_setaffinity(0, sizeof(at_start), &at_start), 0);
	assert_enforcement(pin, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_MOVED);
	assert_int_equal(numaperf_pin_release(pin), 0);
}

static void empty_set(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = NULL;
	struct numaperf_pin *pin = NULL;

	(void)state;
	assert_int_equal(numaperf_cpuset_new(&set), 0);
	assert_error(numaperf_pin_cpus(set, NULL, &pin), EINVAL, NUMAPERF_ERROR_EMPTY_CPU_SET);
	assert_error(numaperf_pin_cpus(NULL, &hard, &pin), EINVAL, NUMAPERF_ERROR_EMPTY_CPU_SET);
	assert_null(pin);
}

static void cpu_that_does_not_exist(void **state)
{
	struct numaperf_pin *pin = NULL;

	(void)state;
	assert_error(pin_to(NO_SUCH_CPU, NULL, &pin), EINVAL, NUMAPERF_ERROR_INVALID_CPU);
	assert_non_null(strstr(numaperf_last_error()->message, "CPU 60000 does not exist"));
	assert_error(pin_to(NO_SUCH_CPU, &hard, &pin), EINVAL, NUMAPERF_ERROR_INVALID_CPU);
	assert_null(pin);
	assert_true(runs_as_at_start());
}

static void soft_takes_what_is_allowed_and_hard_all_or_nothing(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = set_of(first_cpu);
	struct numaperf_enforcement enforcement;
	struct numaperf_pin *pin;

	(void)state;
	assert_int_equal(numaperf_cpuset_add(set, NO_SUCH_CPU), 0);
	assert_int_equal(numaperf_pin_cpus(set, &soft, &pin), 0);
	assert_true(runs_only_on(first_cpu));
	assert_int_equal(numaperf_pin_enforcement(pin, &enforcement), 0);
	assert_int_equal(enforcement.level, NUMAPERF_LEVEL_BEST_EFFORT);
	assert_non_null(strstr(enforcement.message, "offline or forbidden"));
	assert_int_equal(numaperf_pin_release(pin), 0);

	assert_error(numaperf_pin_cpus(set, &hard, &pin), EINVAL, NUMAPERF_ERROR_INVALID_CPU);
	assert_non_null(strstr(numaperf_last_error()->message, "60000"));
	assert_true(runs_as_at_start());
}

static void bad_options(void **state)
{
	struct numaperf_pin_options options = NUMAPERF_PIN_OPTIONS_INIT;
	struct numaperf_pin *pin = NULL;

	(void)state;
	options.mode = (enum numaperf_mode)7;
	assert_error(pin_to(first_cpu, &options, &pin), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	options.mode = NUMAPERF_MODE_SOFT;
	options.size = 1;
	assert_error(pin_to(first_cpu, &options, &pin), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_null(pin);
}

static void soft_pin_denied(void *arg)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = NULL;
	struct numaperf_enforcement enforcement;
	struct numaperf_pin *pin;

	(void)arg;
	child_check(numaperf_cpuset_new(&set) == 0 && numaperf_cpuset_add(set, first_cpu) == 0);
	deny_syscall(SYS_sched_setaffinity, EPERM);
	child_check(numaperf_pin_cpus(set, NULL, &pin) == 0);
	child_check(numaperf_pin_enforcement(pin, &enforcement) == 0);
	child_check(enforcement.level == NUMAPERF_LEVEL_NONE);
	child_check(enforcement.why == NUMAPERF_WHY_DENIED);
	child_check(numaperf_pin_release(pin) == 0);
	child_check(numaperf_pin_cpus(set, &hard, &pin) < 0);
	child_check(runs_as_at_start());
}

static void denied_by_a_filter(void **state)
{
	(void)state;
	run_child(soft_pin_denied, NULL);
}

static void use_inherited_pin(void *arg)
{
	struct numaperf_enforcement enforcement;
	struct numaperf_pin *pin;

	child_check(numaperf_pin_enforcement(arg, &enforcement) == -ESTALE);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_STALE);
	child_check(numaperf_pin_release(arg) == 0);
	child_check(runs_only_on(first_cpu)); /* forgotten, not undone */
	child_check(pin_to(first_cpu, NULL, &pin) == 0);
	child_check(numaperf_pin_release(pin) == 0);
}

static void forked_child_only_forgets(void **state)
{
	struct numaperf_pin *pin = must_pin_to(first_cpu, NULL);

	(void)state;
	run_child(use_inherited_pin, pin);
	assert_enforcement(pin, NUMAPERF_LEVEL_BEST_EFFORT, NUMAPERF_WHY_NOTHING_HOLDS_IT);
	assert_int_equal(numaperf_pin_release(pin), 0);
	assert_true(runs_as_at_start());
}

/* A process of its own, for what it was started with is remembered from the first pin on. */
static int pin_outside_of_taskset(void)
{
	struct numaperf_pin *pin;
	int r = pin_to(last_cpu, NULL, &pin);

	if (r != -EINVAL || numaperf_last_error()->kind != NUMAPERF_ERROR_INVALID_CPU)
		return 1;
	return strstr(numaperf_last_error()->message, "the affinity it was started with") ? 0 : 2;
}

static void start_on_first_cpu(void *arg)
{
	cpu_set_t only;
	char cpu[16];

	(void)arg;
	CPU_ZERO(&only);
	CPU_SET(first_cpu, &only);
	snprintf(cpu, sizeof(cpu), "%u", last_cpu);
	child_check(sched_setaffinity(0, sizeof(only), &only) == 0);
	execl("/proc/self/exe", "test_affinity", "pin-outside-of-taskset", cpu, NULL);
	_exit(126);
}

static void taskset_is_not_overstepped(void **state)
{
	(void)state;
	needs_two_cpus();
	run_child(start_on_first_cpu, NULL);
}

/* ------------------------------------------------------------------ nodes */

static void pin_to_each_node(void **state)
{
	NUMAPERF_AUTO(topology) struct numaperf_topology *topology = NULL;

	(void)state;
	assert_int_equal(numaperf_topology_discover(NULL, &topology), 0);
	NUMAPERF_FOREACH_NODE(node, topology) {
		const struct numaperf_cpuset *cpus = numaperf_node_cpus(node, NUMAPERF_CPU_ALLOWED);
		NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *got = NULL;
		struct numaperf_pin *pin;
		cpu_set_t now;

		if (numaperf_cpuset_is_empty(cpus)) {
			assert_error(numaperf_pin_node(topology, numaperf_node_id(node), NULL, &pin), EINVAL,
				     NUMAPERF_ERROR_EMPTY_CPU_SET);
			continue;
		}
		assert_int_equal(numaperf_pin_node(topology, numaperf_node_id(node), NULL, &pin), 0);
		assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
		assert_int_equal(numaperf_cpuset_from_cpu_set(&now, sizeof(now), &got), 0);
		assert_true(numaperf_cpuset_equal(got, cpus));
		assert_int_equal(numaperf_pin_release(pin), 0);
	}
	assert_true(runs_as_at_start());
}

static void node_without_cpus_names_the_nearest(void **state)
{
	static const struct tree_node nodes[] = {
		{ .id = 0, .cpus = "0", .mib = 64, .distances = "10 20 30" },
		{ .id = 3, .cpus = "1", .mib = 64, .distances = "20 10 15" },
		{ .id = 4, .cpus = "", .mib = 64, .distances = "30 15 10" },
		{ 0 },
	};
	static const struct tree_package packages[] = { { 0, "0-1" }, { 0, NULL } };
	struct numaperf_topology_options options = NUMAPERF_TOPOLOGY_OPTIONS_INIT;
	struct numaperf_topology *topology;
	struct numaperf_pin *pin = NULL;
	struct tree tree;

	(void)state;
	tree_make(&tree, &(struct tree_machine){ .nodes = nodes, .packages = packages, .online = "0-1" });
	options.fsroot = tree.root;
	assert_int_equal(numaperf_topology_discover(&options, &topology), 0);
	assert_error(numaperf_pin_node(topology, 4, NULL, &pin), EINVAL, NUMAPERF_ERROR_EMPTY_CPU_SET);
	assert_non_null(strstr(numaperf_last_error()->message, "nearest node that has is 3"));
	assert_error(numaperf_pin_node(topology, 1, NULL, &pin), EINVAL, NUMAPERF_ERROR_INVALID_NODE);
	assert_null(pin);
	numaperf_topology_unref(topology);
	tree_remove(&tree);
}

/* ------------------------------------------------------------------ hard */

static void hard_without_the_module(void **state)
{
	struct numaperf_pin *pin = NULL;

	(void)state;
	if (has_module())
		skip_because("the module is loaded");
	assert_error(pin_to(first_cpu, &hard, &pin), ENODEV, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE);
	assert_non_null(strstr(numaperf_last_error()->message, "modprobe numaperf"));
	assert_null(pin);
	assert_true(runs_as_at_start());
}

static void move_parent(void *arg)
{
	cpu_set_t other;

	CPU_ZERO(&other);
	CPU_SET(last_cpu, &other);
	child_check(sched_setaffinity(*(pid_t *)arg, sizeof(other), &other) < 0 && errno == EINVAL);
	child_check(sched_setaffinity(*(pid_t *)arg, sizeof(at_start), &at_start) < 0 && errno == EINVAL);
}

static void hard_pin_holds(void **state)
{
	struct numaperf_enforcement enforcement;
	pid_t self = getpid();
	struct numaperf_pin *pin;

	(void)state;
	needs_module();
	needs_two_cpus();
	pin = must_pin_to(first_cpu, &hard);
	assert_int_equal(numaperf_pin_enforcement(pin, &enforcement), 0);
	assert_int_equal(enforcement.level, NUMAPERF_LEVEL_STRICT);
	assert_int_equal(enforcement.why, NUMAPERF_WHY_AS_ASKED);
	assert_int_not_equal(enforcement.lease, 0);

	run_child(move_parent, &self);
	assert_int_equal(sched_setaffinity(0, sizeof(at_start), &at_start), -1);
	assert_true(runs_only_on(first_cpu));
	assert_enforcement(pin, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED);
	assert_int_equal(numaperf_pin_release(pin), 0);
	assert_true(runs_as_at_start());
	assert_int_equal(lease_count(), 0);
}

static void hard_pin_inside_a_hard_pin(void **state)
{
	struct numaperf_pin *outer, *inner = NULL;

	(void)state;
	needs_module();
	outer = must_pin_to(first_cpu, &hard);
	assert_error(pin_to(first_cpu, &hard, &inner), EBUSY, NUMAPERF_ERROR_PINNING);
	assert_int_equal(numaperf_last_error()->reason, NUMAPERF_REASON_ALREADY_PINNED);
	assert_null(inner);
	assert_enforcement(outer, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED);
	assert_int_equal(lease_count(), 1);
	assert_int_equal(numaperf_pin_release(outer), 0);
	assert_true(runs_as_at_start());
}

static void soft_pin_inside_a_hard_pin(void **state)
{
	struct numaperf_pin *outer, *inner;

	(void)state;
	needs_module();
	needs_two_cpus();
	outer = must_pin_to(first_cpu, &hard);
	inner = must_pin_to(last_cpu, &soft);
	assert_enforcement(inner, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_DENIED);
	assert_enforcement(outer, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED);
	/* Out of order: the inner one changed nothing, so there is nothing for it to keep. */
	assert_int_equal(numaperf_pin_release(outer), 0);
	assert_true(runs_as_at_start());
	assert_int_equal(numaperf_pin_release(inner), 0);
	assert_true(runs_as_at_start());
}

static void hard_pin_inside_a_soft_pin(void **state)
{
	struct numaperf_pin *outer, *inner;

	(void)state;
	needs_module();
	needs_two_cpus();
	outer = must_pin_to(first_cpu, &soft);
	inner = must_pin_to(last_cpu, &hard);
	assert_enforcement(inner, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED);
	assert_int_equal(numaperf_pin_release(outer), 0);
	assert_true(runs_only_on(last_cpu));
	assert_enforcement(inner, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED);
	assert_int_equal(numaperf_pin_release(inner), 0);
	assert_true(runs_as_at_start());
}

static void *try_to_move(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)(sched_setaffinity(0, sizeof(at_start), &at_start) < 0 ? errno : 0);
}

static int move_in_new_thread(void)
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, try_to_move, NULL), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	return (int)(intptr_t)result;
}

static void threads_inherit_if_asked(void **state)
{
	struct numaperf_pin_options inherit = hard;
	struct numaperf_pin *pin;

	(void)state;
	needs_module();
	pin = must_pin_to(first_cpu, &hard);
	assert_int_equal(move_in_new_thread(), 0);
	assert_int_equal(numaperf_pin_release(pin), 0);

	inherit.inherit_threads = true;
	pin = must_pin_to(first_cpu, &inherit);
	assert_int_equal(move_in_new_thread(), EINVAL);
	assert_int_equal(numaperf_pin_release(pin), 0);
	assert_int_equal(move_in_new_thread(), 0);
	assert_true(runs_as_at_start());
}

static void move_away(void *arg)
{
	int r = sched_setaffinity(0, sizeof(at_start), &at_start);

	child_check(*(bool *)arg ? r < 0 && errno == EINVAL : r == 0);
}

static void children_inherit_if_asked(void **state)
{
	struct numaperf_pin_options inherit = hard;
	struct numaperf_pin *pin;

	(void)state;
	needs_module();
	pin = must_pin_to(first_cpu, &hard);
	run_child(move_away, &(bool){ false });
	assert_int_equal(numaperf_pin_release(pin), 0);

	inherit.inherit_children = true;
	pin = must_pin_to(first_cpu, &inherit);
	run_child(move_away, &(bool){ true });
	assert_int_equal(numaperf_pin_release(pin), 0);
	assert_true(runs_as_at_start());
}

static void pin_and_exec(void *arg)
{
	struct numaperf_pin_options options = hard;
	struct numaperf_pin *pin;

	options.keep_on_exec = *(bool *)arg;
	child_check(pin_to(first_cpu, &options, &pin) == 0);
	execl("/proc/self/exe", "test_affinity", "locked", options.keep_on_exec ? "1" : "0", NULL);
	_exit(126);
}

static void exec_keeps_it_if_asked(void **state)
{
	(void)state;
	needs_module();
	run_child(pin_and_exec, &(bool){ true });
	run_child(pin_and_exec, &(bool){ false });
	assert_int_equal(lease_count(), 0);
}

static void revoked_lease_is_told(void **state)
{
	struct numaperf_enforcement enforcement;
	struct numaperf_pin *pin;

	(void)state;
	needs_module();
	needs_root();
	pin = must_pin_to(first_cpu, &hard);
	assert_int_equal(numaperf_pin_enforcement(pin, &enforcement), 0);
	assert_int_equal(numaperf_lease_revoke(enforcement.lease), 0);
	assert_enforcement(pin, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_LEASE_ENDED);
	assert_int_equal(numaperf_pin_release(pin), 0);
	assert_true(runs_as_at_start());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(soft_pin_is_verified_and_restored),
		cmocka_unit_test(releasing_nothing_does_nothing),
		cmocka_unit_test(nested_pins_end_inside_out),
		cmocka_unit_test(nested_pins_end_in_any_order),
		cmocka_unit_test(another_thread_cannot_release),
		cmocka_unit_test(pin_of_a_thread_that_ended),
		cmocka_unit_test(moved_by_someone),
		cmocka_unit_test(empty_set),
		cmocka_unit_test(cpu_that_does_not_exist),
		cmocka_unit_test(soft_takes_what_is_allowed_and_hard_all_or_nothing),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(denied_by_a_filter),
		cmocka_unit_test(forked_child_only_forgets),
		cmocka_unit_test(taskset_is_not_overstepped),
		cmocka_unit_test(pin_to_each_node),
		cmocka_unit_test(node_without_cpus_names_the_nearest),
		cmocka_unit_test(hard_without_the_module),
		cmocka_unit_test(hard_pin_holds),
		cmocka_unit_test(hard_pin_inside_a_hard_pin),
		cmocka_unit_test(soft_pin_inside_a_hard_pin),
		cmocka_unit_test(hard_pin_inside_a_soft_pin),
		cmocka_unit_test(threads_inherit_if_asked),
		cmocka_unit_test(children_inherit_if_asked),
		cmocka_unit_test(exec_keeps_it_if_asked),
		cmocka_unit_test(revoked_lease_is_told),
	};

	if (argc == 3 && !strcmp(argv[1], "pin-outside-of-taskset")) {
		last_cpu = (unsigned)atoi(argv[2]);
		return pin_outside_of_taskset();
	}
	if (argc == 3 && !strcmp(argv[1], "locked")) {
		bool locked = sched_getaffinity(0, sizeof(at_start), &at_start) == 0 &&
			      sched_setaffinity(0, sizeof(at_start), &at_start) < 0;

		return locked != (atoi(argv[2]) == 1);
	}
	return cmocka_run_group_tests_name("affinity", tests, setup, NULL);
}
