/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory nodes can give, from made-up texts of /proc/zoneinfo. */
#include "expect.h"

#include <string.h>

#include "mem/capacity.h"
#include "memory_nodes.h"

/* Node 0: 1000 - 2 * 100 - 300 protected; its cache (600 + 400 - 100 - 50) / 2 and slab 200 / 2. Node 2: a full zone, and one with room. */
static const char zoneinfo[] =
	"Node 0, zone      DMA\n"
	"  per-node stats\n"
	"      nr_inactive_anon 7777\n"
	"      nr_inactive_file 600\n"
	"      nr_active_file 400\n"
	"      nr_slab_reclaimable 200\n"
	"      nr_dirty     100\n"
	"      nr_writeback 50\n"
	"  pages free     1000\n"
	"        boost    0\n"
	"        min      50\n"
	"        low      75\n"
	"        high     100\n"
	"        managed  3840\n"
	"        protection: (0, 100, 300, 300)\n"
	"      nr_free_pages 9999\n"
	"      nr_zone_inactive_file 5555\n"
	"  pagesets\n"
	"    cpu: 0\n"
	"              count: 11\n"
	"              high:  378\n"
	"              batch: 63\n"
	"Node 2, zone   Normal\n"
	"  per-node stats\n"
	"      nr_inactive_file 10\n"
	"      nr_dirty     30\n"
	"  pages free     150\n"
	"        high     100\n"
	"        protection: (0, 0, 0, 0)\n"
	"Node 2, zone  Movable\n"
	"  pages free     5000\n"
	"        high     500\n"
	"        protection: (0, 0, 0, 0)\n";

static uint64_t capacity(const char *text, const char *list)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;

	assert_done(numaperf_nodeset_parse(list, &nodes));
	return capacity_from_zoneinfo(text, nodes, 1);
}

static void what_is_free_less_what_is_kept(void **state)
{
	(void)state;
	assert_int_equal(capacity(zoneinfo, "0"), 1000 - 2 * 100 - 300 + 850 / 2 + 200 / 2);
}

static void full_zones_take_nothing_from_others(void **state)
{
	(void)state;
	assert_int_equal(capacity(zoneinfo, "2"), 5000 - 2 * 500);
}

static void nodes_add_up(void **state)
{
	(void)state;
	assert_int_equal(capacity(zoneinfo, "0,2"), 500 + (600 + 400 + 10 - 100 - 50 - 30) / 2 + 100 + 4000);
	assert_int_equal(capacity(zoneinfo, "1,3"), 0);
	assert_int_equal(capacity("", "0"), 0);
}

/* Page tables for movable memory lie elsewhere: where the kernel has nothing left, filling it calls the OOM killer. */
static void movable_memory_alone_is_no_room(void **state)
{
	static const char full[] =
		"Node 0, zone   Normal\n"
		"  pages free     150\n"
		"        high     100\n"
		"Node 1, zone  Movable\n"
		"  pages free     5000\n"
		"        high     500\n";

	(void)state;
	assert_int_equal(capacity(full, "1"), 0);
	assert_int_equal(capacity(full, "0-1"), 0);
}

static void this_machine(void **state)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(memory_nodes_find(), 0);
	nodes = nodeset_of(first_memory_node);
	assert_done(capacity_of(nodes, "test", &bytes));
	assert_true(bytes > 0);
	assert_true(bytes <= total_on_all());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_free_less_what_is_kept),
		cmocka_unit_test(full_zones_take_nothing_from_others),
		cmocka_unit_test(nodes_add_up),
		cmocka_unit_test(movable_memory_alone_is_no_room),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests_name("capacity", tests, NULL, NULL);
}
