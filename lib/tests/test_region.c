/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions: arguments, soft placement, adopted ranges. */
#include "expect.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/numaperf.h>

#include "child.h"
#include "memory_nodes.h"

#define PAGES 64u

static size_t page;

static int setup(void **state)
{
	(void)state;
	page = (size_t)sysconf(_SC_PAGESIZE);
	return memory_nodes_find();
}

static struct numaperf_enforcement enforcement_of(struct numaperf_region *region)
{
	struct numaperf_enforcement enforcement;

	assert_done(numaperf_region_enforcement(region, &enforcement));
	return enforcement;
}

/* ------------------------------------------------------------------ arguments */

static void names(void **state)
{
	enum numaperf_policy policy;
	enum numaperf_prefault prefault;

	(void)state;
	assert_done(numaperf_policy_parse("bind", &policy));
	assert_int_equal(policy, NUMAPERF_POLICY_BIND);
	assert_string_equal(numaperf_policy_to_string(NUMAPERF_POLICY_LOCAL), "local");
	assert_done(numaperf_prefault_parse("touch", &prefault));
	assert_int_equal(prefault, NUMAPERF_PREFAULT_TOUCH);
	assert_string_equal(numaperf_prefault_to_string(NUMAPERF_PREFAULT_POPULATE), "populate");
	assert_error(numaperf_prefault_parse("some", &prefault), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
}

static void sizes_that_make_no_sense(void **state)
{
	static const size_t sizes[] = { 0, SIZE_MAX, SIZE_MAX / 2, (size_t)1 << 60 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct numaperf_region *region = NULL;

		assert_error(numaperf_region_new(sizes[i], NULL, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
		assert_null(region);
	}
}

static void options_that_make_no_sense(void **state)
{
	struct numaperf_region_options good = NUMAPERF_REGION_OPTIONS_INIT, bad;
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = nodeset_of(first_memory_node);
	struct numaperf_region *region = NULL;

	(void)state;
	bad = good;
	bad.mode = (enum numaperf_mode)9;
	assert_error(numaperf_region_new(page, &bad, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	bad = good;
	bad.policy = (enum numaperf_policy)9;
	assert_error(numaperf_region_new(page, &bad, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	bad = good;
	bad.prefault = (enum numaperf_prefault)9;
	assert_error(numaperf_region_new(page, &bad, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	bad = good;
	bad.nodes = nodes; /* with policy local */
	assert_error(numaperf_region_new(page, &bad, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_null(region);
}

static void bind_to_no_node(void **state)
{
	struct numaperf_region_options options = { .size = sizeof(options), .policy = NUMAPERF_POLICY_BIND };
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *empty = NULL;
	struct numaperf_region *region = NULL;

	(void)state;
	assert_error(numaperf_region_new(page, &options, &region), EINVAL, NUMAPERF_ERROR_EMPTY_NODE_SET);
	assert_done(numaperf_nodeset_new(&empty));
	options.nodes = empty;
	assert_error(numaperf_region_new(page, &options, &region), EINVAL, NUMAPERF_ERROR_EMPTY_NODE_SET);
	assert_null(region);
}

static void node_that_is_not_there(void **state)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = nodeset_of(first_memory_node);
	struct numaperf_region_options options = { .size = sizeof(options), .policy = NUMAPERF_POLICY_BIND, .nodes = nodes };
	struct numaperf_region *region = NULL;

	(void)state;
	assert_done(numaperf_nodeset_add(nodes, 9999));
	assert_error(numaperf_region_new(page, &options, &region), EINVAL, NUMAPERF_ERROR_INVALID_NODE);
	assert_non_null(strstr(numaperf_last_error()->message, "9999"));
	options.mode = NUMAPERF_MODE_HARD;
	assert_error(numaperf_region_new(page, &options, &region), EINVAL, NUMAPERF_ERROR_INVALID_NODE);
	assert_null(region);
}

static void node_without_memory(void **state)
{
	struct numaperf_region *region = NULL;

	(void)state;
	if (memoryless_node < 0)
		skip_because("every node has memory");
	assert_error(bound_region(page, memoryless_node, NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_NONE, &region), EINVAL,
		     NUMAPERF_ERROR_INVALID_NODE);
	assert_error(bound_region(page, memoryless_node, NUMAPERF_MODE_HARD, NUMAPERF_PREFAULT_NONE, &region), EINVAL,
		     NUMAPERF_ERROR_INVALID_NODE);
	assert_non_null(strstr(numaperf_last_error()->message, "no memory"));
	assert_null(region);
}

/* ------------------------------------------------------------------ soft */

static void defaults(void **state)
{
	NUMAPERF_AUTO(region) struct numaperf_region *region = NULL;
	struct numaperf_enforcement enforcement;

	(void)state;
	assert_done(numaperf_region_new(page + 1, NULL, &region));
	assert_int_equal(numaperf_region_size(region), 2 * page);
	enforcement = enforcement_of(region);
	assert_enforced(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_NOT_TOUCHED);
	assert_int_equal(enforcement.pages_absent, 2);

	memset(numaperf_region_data(region), 1, page + 1);
	assert_int_equal(numaperf_region_verify(region, NULL), 0);
	enforcement = enforcement_of(region);
	assert_int_equal(enforcement.pages_right, 2);
	assert_int_equal(enforcement.pages_wrong, 0);
	/* Whose node local was is known only if there is a single one. */
	if (any_memory_node_count == 1)
		assert_int_equal(enforcement.level, NUMAPERF_LEVEL_BEST_EFFORT);
	else
		assert_enforced(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_PREFERENCE);
}

static void local_memory_that_is_touched_here(void **state)
{
	struct numaperf_region_options options = { .size = sizeof(options), .prefault = NUMAPERF_PREFAULT_TOUCH };
	NUMAPERF_AUTO(region) struct numaperf_region *region = NULL;
	struct numaperf_enforcement enforcement;

	(void)state;
	if (memoryless_node >= 0)
		skip_because("the caller's node may have no memory");
	assert_done(numaperf_region_new(PAGES * page, &options, &region));
	enforcement = enforcement_of(region);
	assert_int_equal(enforcement.level, NUMAPERF_LEVEL_BEST_EFFORT);
	assert_int_equal(enforcement.pages_right, PAGES);
}

static void bound_to_each_node(void **state)
{
	static const enum numaperf_prefault how[] = { NUMAPERF_PREFAULT_TOUCH, NUMAPERF_PREFAULT_POPULATE };

	(void)state;
	for (size_t i = 0; i < memory_node_count; i++) {
		for (size_t k = 0; k < sizeof(how) / sizeof(how[0]); k++) {
			NUMAPERF_AUTO(region) struct numaperf_region *region = NULL;
			NUMAPERF_AUTO(placement) struct numaperf_placement *placement = NULL;
			struct numaperf_enforcement enforcement;
			size_t wrong = 12345;

			assert_done(bound_region(PAGES * page, memory_nodes[i], NUMAPERF_MODE_SOFT, how[k], &region));
			enforcement = enforcement_of(region);
			assert_int_equal(enforcement.level, NUMAPERF_LEVEL_BEST_EFFORT);
			assert_int_equal(enforcement.pages_right, PAGES);
			assert_int_equal(enforcement.pages_absent, 0);
			assert_int_equal(enforcement.lease, 0);

			assert_done(numaperf_region_placement(region, &placement));
			assert_int_equal(numaperf_placement_pages(placement, memory_nodes[i]), PAGES);
			assert_int_equal(numaperf_placement_absent(placement), 0);
			assert_int_equal(numaperf_nodeset_count(numaperf_placement_nodes(placement)), 1);
			assert_int_equal(numaperf_region_verify(region, &wrong), 0);
			assert_int_equal(wrong, 12345);
		}
	}
}

static void first_wrong_page_is_found(void **state)
{
	NUMAPERF_AUTO(region) struct numaperf_region *region = NULL;
	struct numaperf_enforcement enforcement;
	size_t wrong = 0;

	(void)state;
	if (memory_node_count < 2)
		skip_because("only one node has memory");
	assert_done(bound_region(PAGES * page, memory_nodes[0], NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_TOUCH, &region));
	for (unsigned i = 0; i < PAGES; i += 13) {
		if (i)
			move_page(0, (char *)numaperf_region_data(region) + i * page, memory_nodes[1]);
	}
	assert_int_equal(numaperf_region_verify(region, &wrong), 1);
	assert_int_equal(wrong, 13 * page);
	enforcement = enforcement_of(region);
	assert_enforced(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_MOVED);
	assert_int_equal(enforcement.pages_wrong, 4);
}

static void more_than_a_node_has_spills(void **state)
{
	NUMAPERF_AUTO(region) struct numaperf_region *region = NULL;
	struct numaperf_enforcement enforcement;
	uint64_t on_node, elsewhere;
	size_t size;

	(void)state;
	if (memory_node_count < 2)
		skip_because("only one node has memory");
	on_node = free_on(memory_nodes[1]);
	elsewhere = free_on_all() - on_node;
	size = on_node + elsewhere / 4;
	assert_done(bound_region(size, memory_nodes[1], NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_POPULATE, &region));
	enforcement = enforcement_of(region);
	assert_enforced(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_SPILLED);
	assert_true(enforcement.pages_right > 0);
	assert_true(enforcement.pages_wrong > 0);
	assert_int_equal(enforcement.pages_right + enforcement.pages_wrong, numaperf_region_size(region) / page);
}

/* The machine itself is too small: an error in time, not the OOM killer. */
static void more_than_the_machine_has(void **state)
{
	struct numaperf_region *region = NULL;
	uint64_t size = total_on_all();

	(void)state;
	if (size > (uint64_t)3 << 30)
		skip_because("a machine of this size is not for filling up");
	assert_error(bound_region(size, first_memory_node, NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_POPULATE, &region), ENOMEM,
		     NUMAPERF_ERROR_ALLOCATION);
	assert_null(region);
}

static void bind_without_mbind(void *arg)
{
	struct numaperf_enforcement enforcement;
	struct numaperf_region *region;

	deny_syscall(SYS_mbind, *(int *)arg);
	child_check(bound_region(PAGES * page, first_memory_node, NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_TOUCH, &region) == 0);
	child_check(numaperf_region_enforcement(region, &enforcement) == 0);
	if (*(int *)arg == ENOSYS) {
		child_check(enforcement.level == NUMAPERF_LEVEL_BEST_EFFORT);
		child_check(enforcement.why == NUMAPERF_WHY_NO_NUMA);
	} else {
		child_check(enforcement.level == NUMAPERF_LEVEL_NONE);
		child_check(enforcement.why == NUMAPERF_WHY_DENIED);
	}
	numaperf_region_free(region);
}

static void denied_by_a_filter(void **state)
{
	(void)state;
	run_child(bind_without_mbind, &(int){ EPERM });
}

/* As a kernel without NUMA answers. */
static void kernel_without_mbind(void **state)
{
	(void)state;
	if (any_memory_node_count > 1)
		skip_because("this machine has more than one node");
	run_child(bind_without_mbind, &(int){ ENOSYS });
}

static void look_without_move_pages(void *arg)
{
	struct numaperf_region *region = arg;
	struct numaperf_placement *placement;

	(void)region;
	deny_syscall(SYS_move_pages, EPERM);
	child_check(bound_region(PAGES * page, first_memory_node, NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_TOUCH, &region) == 0);
	child_check(numaperf_region_placement(region, &placement) == 0);
	child_check(numaperf_placement_pages(placement, first_memory_node) == PAGES);
}

static void residence_is_enough_on_one_node(void **state)
{
	(void)state;
	if (any_memory_node_count > 1)
		skip_because("this machine has more than one node");
	run_child(look_without_move_pages, NULL);
}

#define CGROUP "/sys/fs/cgroup/numaperf-test-region"

static int write_text(const char *path, const char *format, int value)
{
	FILE *file = fopen(path, "r+"); /* never makes one */
	int r;

	if (!file)
		return -1;
	r = fprintf(file, format, value);
	return fclose(file) || r < 0 ? -1 : 0;
}

/* A cgroup with one of its files set. Skips where there is no cgroup v2, or it lacks the controller. */
static void make_cgroup(const char *controller, const char *file, const char *format, int value)
{
	FILE *control = fopen("/sys/fs/cgroup/cgroup.subtree_control", "r+");

	if (!control)
		skip_because("there is no cgroup v2");
	fputs(controller, control);
	(void)fclose(control); /* refused if it lacks the controller: then the file is missing, too */
	if (mkdir(CGROUP, 0755) < 0 || write_text(file, format, value) < 0) {
		rmdir(CGROUP);
		skip_because("this cgroup controller can't be used");
	}
}

static void allocate_in_cpuset(void *arg)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *both = nodeset_of(memory_nodes[0]);
	struct numaperf_region_options options = {
		.size = sizeof(options), .policy = NUMAPERF_POLICY_BIND, .nodes = both, .prefault = NUMAPERF_PREFAULT_TOUCH
	};
	struct numaperf_enforcement enforcement;
	struct numaperf_region *region;

	(void)arg;
	child_check(write_text(CGROUP "/cgroup.procs", "%d", getpid()) == 0);
	/* Of two nodes, the one that is left; of one that is forbidden, nothing; hard never less than asked. */
	child_check(numaperf_nodeset_add(both, (unsigned)memory_nodes[1]) == 0);
	child_check(numaperf_region_new(PAGES * page, &options, &region) == 0);
	child_check(numaperf_region_enforcement(region, &enforcement) == 0);
	child_check(enforcement.level == NUMAPERF_LEVEL_BEST_EFFORT && enforcement.pages_right == PAGES);
	numaperf_region_free(region);

	child_check(bound_region(page, memory_nodes[1], NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_TOUCH, &region) == 0);
	child_check(numaperf_region_enforcement(region, &enforcement) == 0);
	child_check(enforcement.level == NUMAPERF_LEVEL_NONE && enforcement.why == NUMAPERF_WHY_DENIED);
	child_check(enforcement.pages_wrong == 1);
	numaperf_region_free(region);

	child_check(bound_region(page, memory_nodes[1], NUMAPERF_MODE_HARD, NUMAPERF_PREFAULT_NONE, &region) == -EINVAL);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_INVALID_NODE);
}

static void forbidden_by_the_cpuset(void **state)
{
	(void)state;
	needs_root();
	if (memory_node_count < 2)
		skip_because("only one node has memory");
	make_cgroup("+cpuset", CGROUP "/cpuset.mems", "%d", memory_nodes[0]);
	run_child(allocate_in_cpuset, NULL);
	assert_int_equal(rmdir(CGROUP), 0);
}

static void allocate_beyond_the_limit(void *arg)
{
	struct numaperf_region *region;

	(void)arg;
	child_check(write_text(CGROUP "/cgroup.procs", "%d", getpid()) == 0);
	for (int how = NUMAPERF_PREFAULT_TOUCH; how <= NUMAPERF_PREFAULT_POPULATE; how++) {
		child_check(bound_region((size_t)256 << 20, memory_nodes[0], NUMAPERF_MODE_SOFT, (enum numaperf_prefault)how, &region) ==
			    -ENOMEM);
		child_check(strstr(numaperf_last_error()->message, "memory.max") != NULL);
	}
	child_check(bound_region((size_t)16 << 20, memory_nodes[0], NUMAPERF_MODE_SOFT, NUMAPERF_PREFAULT_TOUCH, &region) == 0);
	numaperf_region_free(region);
}

/* The child must come back: at the limit the kernel kills. */
static void more_than_the_cgroup_may_have(void **state)
{
	(void)state;
	needs_root();
	make_cgroup("+memory", CGROUP "/memory.max", "%dM", 96);
	run_child(allocate_beyond_the_limit, NULL);
	assert_int_equal(rmdir(CGROUP), 0);
}

/* ------------------------------------------------------------------ lifetime */

static void references(void **state)
{
	struct numaperf_region *region;

	(void)state;
	assert_done(numaperf_region_new(page, NULL, &region));
	assert_ptr_equal(numaperf_region_ref(region), region);
	numaperf_region_unref(region);
	memset(numaperf_region_data(region), 1, page);
	numaperf_region_free(region);
	numaperf_region_free(NULL);
	numaperf_region_unref(NULL);
	assert_null(numaperf_region_ref(NULL));
}

static void freed_memory_is_unmapped(void **state)
{
	struct numaperf_region *region;
	void *data;

	(void)state;
	assert_done(numaperf_region_new(page, NULL, &region));
	data = numaperf_region_data(region);
	assert_int_equal(msync(data, page, MS_ASYNC), 0);
	numaperf_region_free(region);
	assert_int_equal(msync(data, page, MS_ASYNC), -1);
}

static void use_inherited_region(void *arg)
{
	struct numaperf_enforcement enforcement;
	struct numaperf_placement *placement;
	size_t wrong;

	child_check(numaperf_region_enforcement(arg, &enforcement) == -ESTALE);
	child_check(numaperf_region_verify(arg, &wrong) == -ESTALE);
	child_check(numaperf_region_placement(arg, &placement) == -ESTALE);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_STALE);
	child_check(numaperf_region_data(arg) == NULL);
	numaperf_region_free(arg);
}

static void forked_child_only_forgets(void **state)
{
	NUMAPERF_AUTO(region) struct numaperf_region *region = NULL;

	(void)state;
	assert_done(numaperf_region_new(page, NULL, &region));
	memset(numaperf_region_data(region), 7, page);
	run_child(use_inherited_region, region);
	assert_int_equal(*(char *)numaperf_region_data(region), 7);
	assert_int_equal(numaperf_region_verify(region, NULL), 0);
}

/* ------------------------------------------------------------------ adopted ranges */

static char *map_pages(size_t pages)
{
	char *data = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(data, MAP_FAILED);
	return data;
}

static void adopted_memory_stays(void **state)
{
	struct numaperf_region_options options = { .size = sizeof(options), .prefault = NUMAPERF_PREFAULT_POPULATE };
	struct numaperf_enforcement enforcement;
	struct numaperf_region *region;
	char *data = map_pages(PAGES);

	(void)state;
	strcpy(data + page, "kept");
	assert_done(numaperf_range_adopt(data, PAGES * page, &options, &region));
	assert_ptr_equal(numaperf_region_data(region), data);
	enforcement = enforcement_of(region);
	assert_int_equal(enforcement.pages_right, PAGES);
	numaperf_region_free(region);
	assert_string_equal(data + page, "kept");
	assert_int_equal(munmap(data, PAGES * page), 0);
}

static void adopting_what_is_not_mapped(void **state)
{
	struct numaperf_region *region = NULL;
	char *data = map_pages(PAGES);

	(void)state;
	assert_int_equal(munmap(data + 3 * page, page), 0);
	assert_error(numaperf_range_adopt(data, PAGES * page, NULL, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_int_equal(numaperf_last_error()->reason, NUMAPERF_REASON_UNMAPPED);
	assert_error(numaperf_range_adopt(data + 1, page, NULL, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_error(numaperf_range_adopt(data, 0, NULL, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_error(numaperf_range_adopt((void *)(UINTPTR_MAX - page + 1), 4 * page, NULL, &region), EINVAL,
		     NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_error(numaperf_range_adopt(NULL, page, NULL, &region), EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_null(region);
	assert_int_equal(munmap(data, PAGES * page), 0);
}

static void adopted_memory_on_other_nodes(void **state)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;
	struct numaperf_region_options options = { .size = sizeof(options), .policy = NUMAPERF_POLICY_BIND };
	struct numaperf_enforcement enforcement;
	struct numaperf_region *region;
	char *data = map_pages(PAGES);
	size_t wrong;

	(void)state;
	if (memory_node_count < 2)
		skip_because("only one node has memory");
	memset(data, 1, PAGES * page);
	for (unsigned i = 0; i < PAGES; i++)
		move_page(0, data + i * page, memory_nodes[i < PAGES / 2 ? 0 : 1]);
	nodes = nodeset_of(memory_nodes[0]);
	options.nodes = nodes;
	assert_done(numaperf_range_adopt(data, PAGES * page, &options, &region));
	enforcement = enforcement_of(region);
	assert_int_equal(enforcement.level, NUMAPERF_LEVEL_NONE);
	assert_int_equal(enforcement.pages_right, PAGES / 2);
	assert_int_equal(numaperf_region_verify(region, &wrong), 1);
	assert_int_equal(wrong, PAGES / 2 * page);
	numaperf_region_free(region);
	assert_int_equal(munmap(data, PAGES * page), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(sizes_that_make_no_sense),
		cmocka_unit_test(options_that_make_no_sense),
		cmocka_unit_test(bind_to_no_node),
		cmocka_unit_test(node_that_is_not_there),
		cmocka_unit_test(node_without_memory),
		cmocka_unit_test(defaults),
		cmocka_unit_test(local_memory_that_is_touched_here),
		cmocka_unit_test(bound_to_each_node),
		cmocka_unit_test(first_wrong_page_is_found),
		cmocka_unit_test(more_than_a_node_has_spills),
		cmocka_unit_test(more_than_the_machine_has),
		cmocka_unit_test(denied_by_a_filter),
		cmocka_unit_test(forbidden_by_the_cpuset),
		cmocka_unit_test(more_than_the_cgroup_may_have),
		cmocka_unit_test(kernel_without_mbind),
		cmocka_unit_test(residence_is_enough_on_one_node),
		cmocka_unit_test(references),
		cmocka_unit_test(freed_memory_is_unmapped),
		cmocka_unit_test(forked_child_only_forgets),
		cmocka_unit_test(adopted_memory_stays),
		cmocka_unit_test(adopting_what_is_not_mapped),
		cmocka_unit_test(adopted_memory_on_other_nodes),
	};

	return cmocka_run_group_tests_name("region", tests, setup, NULL);
}
