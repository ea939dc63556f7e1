/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Coverage: what numa_maps and maps say of what hint faults can see. */
#include <stdlib.h>
#include <string.h>

#include <numaperf.h>

#include "harness.h"
#include "perf/coverage.h"

#define PAGE_SIZE 4096

static struct coverage parse(const char *numa_maps, const char *maps)
{
	FILE *first = fmemopen((void *)numa_maps, strlen(numa_maps), "r"),
	     *second = fmemopen((void *)maps, strlen(maps), "r");
	struct coverage coverage;

	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal(coverage_parse(first, second, PAGE_SIZE, &coverage), 0);
	fclose(first);
	fclose(second);
	return coverage;
}

/* One mapping of 10 pages on node 1: its class. */
static enum coverage_class class_of(const char *policy_and_rest, const char *perms_and_rest)
{
	enum coverage_class found = COVERAGE_CLASSES;
	struct coverage coverage;
	char numa_maps[256], maps[256];

	snprintf(numa_maps, sizeof(numa_maps), "7f0000000000 %s anon=10 dirty=10 N1=10 kernelpagesize_kB=4\n",
		 policy_and_rest);
	snprintf(maps, sizeof(maps), "7f0000000000-7f000000a000 %s\n", perms_and_rest);
	coverage = parse(numa_maps, maps);
	assert_int_equal(coverage_total(&coverage), 10);
	for (int class = 0; class < COVERAGE_CLASSES; class++)
		if (coverage_pages(&coverage, class))
			found = class;
	coverage_free(&coverage);
	return found;
}

#define ANON "rw-p 00000000 00:00 0"
#define FILE_OF(perms) perms " 00001000 08:01 4711 /usr/lib/x.so"
#define SHMEM "rw-s 00000000 00:01 12 /dev/zero (deleted)"

static void policies_are_told(void **state)
{
	static const struct {
		const char *policy;
		enum coverage_class class;
	} rows[] = {
		{ "default", COVERAGE_VISIBLE },
		{ "bind:1", COVERAGE_POLICY },
		{ "bind=static:1", COVERAGE_POLICY },
		{ "bind=relative:0-1", COVERAGE_POLICY },
		{ "bind=:1", COVERAGE_VISIBLE },
		{ "bind=balancing:1", COVERAGE_VISIBLE },
		{ "bind=static|balancing:1", COVERAGE_VISIBLE },
		{ "prefer:0", COVERAGE_POLICY },
		{ "prefer (many):0-1", COVERAGE_POLICY },
		{ "prefer (many)=balancing:0-1", COVERAGE_VISIBLE },
		{ "interleave:0-1", COVERAGE_POLICY },
		{ "weighted interleave:0-1", COVERAGE_POLICY },
		{ "local", COVERAGE_POLICY },
		{ "local file=/tmp/a=balancing:1", COVERAGE_POLICY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (class_of(rows[i].policy, ANON) != rows[i].class)
			fail_msg("%s is class %d", rows[i].policy, class_of(rows[i].policy, ANON));
}

static void mappings_are_told(void **state)
{
	(void)state;
	assert_int_equal(class_of("default heap", ANON), COVERAGE_VISIBLE);
	assert_int_equal(class_of("default stack", ANON), COVERAGE_VISIBLE);
	assert_int_equal(class_of("default file=/dev/zero\\040(deleted)", SHMEM), COVERAGE_SHARED);
	assert_int_equal(class_of("default file=/usr/lib/x.so", FILE_OF("r-xp")), COVERAGE_READ_ONLY);
	assert_int_equal(class_of("default file=/usr/lib/x.so", FILE_OF("r--p")), COVERAGE_READ_ONLY);
	assert_int_equal(class_of("default file=/usr/lib/x.so", FILE_OF("rw-p")), COVERAGE_VISIBLE);
	assert_int_equal(class_of("bind:1 file=/usr/lib/x.so", FILE_OF("rw-p")), COVERAGE_POLICY);
	assert_int_equal(class_of("default", "r--p 00000000 00:00 0"), COVERAGE_VISIBLE);
}

static void pages_are_summed_by_node_and_size(void **state)
{
	struct coverage coverage = parse(
		"55d000000000 default file=/bin/x mapped=3 N0=3 kernelpagesize_kB=4\n"
		"55d000100000 default heap anon=5 dirty=5 N0=4 N2=1 kernelpagesize_kB=4\n"
		"7f0000000000 bind:2 file=/anon_hugepage\\040(deleted) huge anon=2 N2=2 kernelpagesize_kB=2048\n"
		"7f0040000000 default\n",
		"55d000000000-55d000003000 r-xp 00000000 08:01 33 /bin/x\n"
		"55d000050000-55d000053000 ---p 00000000 00:00 0\n"
		"55d000100000-55d000105000 rw-p 00000000 00:00 0 [heap]\n"
		"7f0000000000-7f0000400000 rw-p 00000000 00:0f 12 /anon_hugepage (deleted)\n");

	(void)state;
	assert_int_equal(coverage.count, 2);
	assert_int_equal(coverage.nodes[0].node, 0);
	assert_int_equal(coverage.nodes[0].pages[COVERAGE_READ_ONLY], 3);
	assert_int_equal(coverage.nodes[0].pages[COVERAGE_VISIBLE], 4);
	assert_int_equal(coverage.nodes[1].node, 2);
	assert_int_equal(coverage.nodes[1].pages[COVERAGE_VISIBLE], 1);
	assert_int_equal(coverage.nodes[1].pages[COVERAGE_HUGETLB], 1024);
	assert_int_equal(coverage_total(&coverage), 1032);
	assert_int_equal(coverage_main_cause(&coverage), COVERAGE_HUGETLB);
	coverage_free(&coverage);
}

static void lines_without_sense_do_no_harm(void **state)
{
	struct coverage coverage = parse("\nnonsense\n7f00 \n7f01 default N=3 Nx=4 N1= N-1=\n", "more nonsense\n\n");

	(void)state;
	assert_int_equal(coverage_total(&coverage), 0);
	coverage_free(&coverage);
}

static void this_process_has_memory(void **state)
{
	struct coverage coverage;

	(void)state;
	if (access("/proc/self/numa_maps", R_OK) < 0)
		skip_because("this kernel has no numa_maps");
	assert_int_equal(coverage_read(getpid(), &coverage), 0);
	assert_true(coverage_pages(&coverage, COVERAGE_VISIBLE) > 0);
	assert_true(coverage_pages(&coverage, COVERAGE_READ_ONLY) > 0);
	coverage_free(&coverage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_are_told),
		cmocka_unit_test(mappings_are_told),
		cmocka_unit_test(pages_are_summed_by_node_and_size),
		cmocka_unit_test(lines_without_sense_do_no_harm),
		cmocka_unit_test(this_process_has_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
