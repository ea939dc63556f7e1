/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hard regions: held against everyone, refused as a whole, told when lost. Most need the module. */
#include "expect.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <linux/numaperf.h>

#include "child.h"
#include "memory_nodes.h"

#define PAGES 256u
#define NOBODY 65534

static size_t page;

static int setup(void **state)
{
	(void)state;
	page = (size_t)sysconf(_SC_PAGESIZE);
	return memory_nodes_find();
}

/* The node furthest down the list: another than the caller's, where there is one. */
static int target(void)
{
	return memory_nodes[memory_node_count - 1];
}

static int hard_region(size_t size, int node, struct numaperf_region **ret_region)
{
	return bound_region(size, node, NUMAPERF_MODE_HARD, NUMAPERF_PREFAULT_NONE, ret_region);
}

static struct numaperf_enforcement enforcement_of(struct numaperf_region *region)
{
	struct numaperf_enforcement enforcement;

	assert_done(numaperf_region_enforcement(region, &enforcement));
	return enforcement;
}

static void assert_strict(struct numaperf_region *region)
{
	struct numaperf_enforcement enforcement = enforcement_of(region);

	assert_enforced(&enforcement, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED);
	assert_int_not_equal(enforcement.lease, 0);
	assert_int_equal(enforcement.pages_right, numaperf_region_size(region) / page);
	assert_int_equal(enforcement.pages_wrong, 0);
	assert_int_equal(enforcement.pages_absent, 0);
	assert_int_equal(numaperf_region_verify(region, NULL), 0);
}

/* The module tells losses at once, or after a look at the pages a moment later. */
static struct numaperf_enforcement enforcement_after_loss(struct numaperf_region *region)
{
	struct numaperf_enforcement enforcement = enforcement_of(region);

	for (int i = 0; enforcement.level == NUMAPERF_LEVEL_STRICT && i < 200; i++) {
		usleep(10000);
		enforcement = enforcement_of(region);
	}
	return enforcement;
}

/* ------------------------------------------------------------------ refused */

static void without_the_module(void **state)
{
	struct numaperf_region_options local = { .size = sizeof(local), .mode = NUMAPERF_MODE_HARD };
	struct numaperf_region *region = NULL;

	(void)state;
	if (has_module())
		skip_because("the module is loaded");
	assert_error(hard_region(page, first_memory_node, &region), ENODEV, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE);
	assert_non_null(strstr(numaperf_last_error()->message, "modprobe numaperf"));
	if (memoryless_node < 0)
		assert_error(numaperf_region_new(page, &local, &region), ENODEV, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE);
	assert_null(region);
}

static void on_movable_memory(void **state)
{
	struct numaperf_region *region = NULL;

	(void)state;
	if (movable_node < 0)
		skip_because("no node has movable memory only");
	assert_error(hard_region(page, movable_node, &region), EADDRNOTAVAIL, NUMAPERF_ERROR_BINDING);
	assert_int_equal(numaperf_last_error()->reason, NUMAPERF_REASON_MOVABLE_ONLY);
	assert_null(region);
	/* What only has to be there, not to stay there, may be. */
	assert_done(bound_region(page, movable_node, NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_TOUCH, &region));
	assert_int_equal(enforcement_of(region).pages_right, 1);
	numaperf_region_free(region);
}

static void more_than_the_node_has(void **state)
{
	struct numaperf_region *region = NULL;
	uint64_t before = free_on(target());

	(void)state;
	needs_module();
	assert_error(hard_region(before + ((uint64_t)64 << 20), target(), &region), ENOMEM, NUMAPERF_ERROR_NODE_MEMORY);
	assert_null(region);
	assert_int_equal(lease_count(), 0);
	/* Found before touching: nothing was given out and taken back. */
	assert_true(free_on(target()) + ((uint64_t)32 << 20) > before);
}

static void over_the_memlock_limit(void *arg)
{
	struct rlimit limit = { .rlim_cur = 16 * page, .rlim_max = 16 * page };
	struct numaperf_region *region;

	(void)arg;
	child_check(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	child_check(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	child_check(hard_region(PAGES * page, target(), &region) < 0);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_BINDING);
	child_check(numaperf_last_error()->reason == NUMAPERF_REASON_LOCKED_MEMORY);
	child_check(strstr(numaperf_last_error()->message, "ulimit -l") != NULL);
	/* What is within the limit is given, again and again: failures and frees charge nothing. */
	for (int i = 0; i < 20; i++) {
		child_check(hard_region(16 * page, target(), &region) == 0);
		numaperf_region_free(region);
	}
}

static void memlock_limit_of_a_user(void **state)
{
	(void)state;
	needs_module();
	needs_root();
	if (access("/dev/numaperf", R_OK | W_OK) < 0)
		skip_because("the device is not accessible");
	run_child(over_the_memlock_limit, NULL);
}

/* ------------------------------------------------------------------ held */

static void move_parents_page(void *arg)
{
	void **call = arg; /* pid, address, node */

	child_check(move_page((pid_t)(intptr_t)call[0], call[1], (int)(intptr_t)call[2]) < 0);
}

static void nobody_moves_it(void **state)
{
	struct numaperf_region *region;

	(void)state;
	needs_module();
	assert_done(hard_region(PAGES * page, target(), &region));
	assert_strict(region);
	memset(numaperf_region_data(region), 5, PAGES * page);
	if (memory_node_count > 1) {
		void *call[] = { (void *)(intptr_t)getpid(), (char *)numaperf_region_data(region) + 7 * page,
				 (void *)(intptr_t)memory_nodes[0] };

		run_child(move_parents_page, call);
	}
	assert_strict(region);
	numaperf_region_free(region);
	assert_int_equal(lease_count(), 0);
}

static void each_node_and_prefault(void **state)
{
	(void)state;
	needs_module();
	for (size_t i = 0; i < memory_node_count; i++) {
		for (int how = NUMAPERF_PREFAULT_NONE; how <= NUMAPERF_PREFAULT_POPULATE; how++) {
			struct numaperf_region *region;

			assert_done(bound_region(PAGES * page, memory_nodes[i], NUMAPERF_MODE_HARD, (enum numaperf_prefault)how, &region));
			assert_strict(region);
			numaperf_region_free(region);
		}
	}
}

static void local_is_the_callers_node(void **state)
{
	struct numaperf_region_options local = { .size = sizeof(local), .mode = NUMAPERF_MODE_HARD };
	NUMAPERF_AUTO(placement) struct numaperf_placement *placement = NULL;
	NUMAPERF_AUTO(topology) struct numaperf_topology *topology = NULL;
	struct numaperf_region *region;
	struct numaperf_pin *pin;

	(void)state;
	needs_module();
	assert_done(numaperf_topology_discover(NULL, &topology));
	NUMAPERF_FOREACH_NODE(node, topology) {
		if (numaperf_cpuset_is_empty(numaperf_node_cpus(node, NUMAPERF_CPU_ALLOWED)))
			continue;
		assert_done(numaperf_pin_node(topology, numaperf_node_id(node), NULL, &pin));
		if (numaperf_node_kind(node) == NUMAPERF_NODE_MEMORY_LESS) {
			assert_error(numaperf_region_new(page, &local, &region), EINVAL, NUMAPERF_ERROR_INVALID_NODE);
		} else if (numaperf_node_kind(node) == NUMAPERF_NODE_NORMAL) {
			assert_done(numaperf_region_new(PAGES * page, &local, &region));
			assert_strict(region);
			assert_done(numaperf_region_placement(region, &placement));
			assert_int_equal(numaperf_placement_pages(placement, numaperf_node_id(node)), PAGES);
			numaperf_placement_free(placement);
			placement = NULL;
			numaperf_region_free(region);
		}
		assert_int_equal(numaperf_pin_release(pin), 0);
	}
}

static void read_byte(void *address)
{
	signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler of their own */
	(void)*(volatile char *)address;
}

static void forked_child_has_no_mapping(void **state)
{
	struct numaperf_region *region;

	(void)state;
	needs_module();
	assert_done(hard_region(PAGES * page, target(), &region));
	run_child_until_signal(read_byte, numaperf_region_data(region), SIGSEGV);
	assert_strict(region);
	numaperf_region_free(region);
}

static void free_inherited(void *region)
{
	numaperf_region_free(region);
}

static void forked_child_cannot_end_it(void **state)
{
	struct numaperf_region *region;

	(void)state;
	needs_module();
	assert_done(hard_region(PAGES * page, target(), &region));
	run_child(free_inherited, region);
	assert_strict(region);
	numaperf_region_free(region);
}

/* ------------------------------------------------------------------ lost */

static void unmapped_by_hand(void **state)
{
	struct numaperf_enforcement enforcement;
	struct numaperf_region *region;

	(void)state;
	needs_module();
	assert_done(hard_region(PAGES * page, target(), &region));
	assert_int_equal(munmap((char *)numaperf_region_data(region) + 3 * page, page), 0);
	enforcement = enforcement_after_loss(region);
	assert_enforced(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_LEASE_LOST);
	assert_int_equal(enforcement.reason, NUMAPERF_REASON_UNMAPPED_PART);
	numaperf_region_free(region);
	assert_int_equal(lease_count(), 0);
}

static void given_back_by_hand(void **state)
{
	struct numaperf_enforcement enforcement;
	struct numaperf_region *region;

	(void)state;
	needs_module();
	assert_done(hard_region(PAGES * page, target(), &region));
	assert_int_equal(madvise(numaperf_region_data(region), 2 * page, MADV_DONTNEED), 0);
	enforcement = enforcement_after_loss(region);
	assert_enforced(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_LEASE_LOST);
	numaperf_region_free(region);
}

static void revoked(void **state)
{
	struct numaperf_enforcement enforcement;
	struct numaperf_region *region;

	(void)state;
	needs_module();
	needs_root();
	assert_done(hard_region(PAGES * page, target(), &region));
	assert_done(numaperf_lease_revoke(enforcement_of(region).lease));
	enforcement = enforcement_of(region);
	assert_enforced(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_LEASE_ENDED);
	assert_int_equal(enforcement.lease, 0);
	numaperf_region_free(region);
	assert_int_equal(lease_count(), 0);
}

/* ------------------------------------------------------------------ adopted */

static char *map_pages(size_t pages)
{
	char *data = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(data, MAP_FAILED);
	return data;
}

static int adopt_hard(void *data, int node, enum numaperf_prefault prefault, struct numaperf_region **ret_region)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = nodeset_of(node);
	struct numaperf_region_options options = {
		.size = sizeof(options), .mode = NUMAPERF_MODE_HARD, .policy = NUMAPERF_POLICY_BIND, .nodes = nodes, .prefault = prefault
	};

	return numaperf_range_adopt(data, PAGES * page, &options, ret_region);
}

static void adopted_memory_is_held_where_it_is(void **state)
{
	struct numaperf_region *region = NULL;
	char *data;

	(void)state;
	needs_module();
	data = map_pages(PAGES);
	memset(data, 3, PAGES * page);
	for (unsigned i = 0; i < PAGES; i++)
		(void)move_page(0, data + i * page, target());
	assert_done(adopt_hard(data, target(), NUMAPERF_PREFAULT_NONE, &region));
	assert_strict(region);
	numaperf_region_free(region);
	assert_int_equal(lease_count(), 0);
	assert_int_equal(data[PAGES * page - 1], 3);
	assert_int_equal(munmap(data, PAGES * page), 0);
}

static void adopted_memory_on_another_node_is_refused(void **state)
{
	struct numaperf_region *region = NULL;
	char *data;

	(void)state;
	needs_module();
	if (memory_node_count < 2)
		skip_because("only one node has memory");
	data = map_pages(PAGES);
	memset(data, 3, PAGES * page);
	for (unsigned i = 0; i < PAGES; i++)
		(void)move_page(0, data + i * page, memory_nodes[i == 9 ? 0 : 1]);
	assert_error(adopt_hard(data, memory_nodes[1], NUMAPERF_PREFAULT_NONE, &region), EXDEV, NUMAPERF_ERROR_BINDING);
	assert_int_equal(numaperf_last_error()->reason, NUMAPERF_REASON_WRONG_NODE);
	assert_null(region);
	assert_int_equal(lease_count(), 0);
	assert_int_equal(munmap(data, PAGES * page), 0);
}

static void adopted_memory_must_be_resident(void **state)
{
	struct numaperf_region *region = NULL;
	char *data;

	(void)state;
	needs_module();
	data = map_pages(PAGES);
	assert_error(adopt_hard(data, first_memory_node, NUMAPERF_PREFAULT_NONE, &region), ENODATA, NUMAPERF_ERROR_BINDING);
	assert_int_equal(numaperf_last_error()->reason, NUMAPERF_REASON_ABSENT);
	assert_null(region);
	assert_int_equal(munmap(data, PAGES * page), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_module),
		cmocka_unit_test(on_movable_memory),
		cmocka_unit_test(more_than_the_node_has),
		cmocka_unit_test(memlock_limit_of_a_user),
		cmocka_unit_test(nobody_moves_it),
		cmocka_unit_test(each_node_and_prefault),
		cmocka_unit_test(local_is_the_callers_node),
		cmocka_unit_test(forked_child_has_no_mapping),
		cmocka_unit_test(forked_child_cannot_end_it),
		cmocka_unit_test(unmapped_by_hand),
		cmocka_unit_test(given_back_by_hand),
		cmocka_unit_test(revoked),
		cmocka_unit_test(adopted_memory_is_held_where_it_is),
		cmocka_unit_test(adopted_memory_on_another_node_is_refused),
		cmocka_unit_test(adopted_memory_must_be_resident),
	};

	return cmocka_run_group_tests_name("hard regions", tests, setup, NULL);
}
