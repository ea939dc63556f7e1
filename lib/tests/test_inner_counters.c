/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapped counters: made-up ones of any shape, and the module's own where it is loaded. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <numaperf.h>

#include "harness.h"
#include "perf/counters.h"

#define HINT NUMAPERF_REPORT_HINT
#define FAULT NUMAPERF_REPORT_FAULT
#define ANY NUMAPERF_COUNTERS_ANY

#define CPUS 4
#define NODES 3

struct made_block {
	__u32 sequence;
	__s32 cpu_node;
	struct numaperf_counters_cell cells[NUMAPERF_REPORT_SOURCES][NODES];
};

struct made {
	struct numaperf_counters_head head;
	__s32 node_ids[NODES + 1];
	struct made_block blocks[CPUS];
};

/* CPUs 0 and 1 are on node 0, CPU 2 on node 5, CPU 3 was never online. Node 9 has no CPU. */
static struct made made(void)
{
	static const int node_of_cpu[CPUS] = { 0, 0, 5, -1 };
	struct made made = {
		.head = {
			.size = sizeof(made.head),
			.sources = NUMAPERF_REPORT_SOURCES,
			.nr_cpus = CPUS,
			.nr_nodes = NODES,
			.cpus = offsetof(struct made, blocks),
			.stride = sizeof(struct made_block),
			.node_ids = offsetof(struct made, node_ids),
		},
		.node_ids = { 0, 5, 9 },
	};

	for (int i = 0; i < CPUS; i++)
		made.blocks[i].cpu_node = node_of_cpu[i];
	return made;
}

static void count(struct made *made, int cpu, int source, int place, uint64_t samples, uint64_t pages)
{
	made->blocks[cpu].cells[source][place].samples += samples;
	made->blocks[cpu].cells[source][place].pages += pages;
}

static struct numaperf_counters_sum sum_of(const struct made *made, unsigned source, int cpu_node, int page_node)
{
	struct numaperf_counters_sum sum = { 0 };

	assert_true(counters_fit(&made->head, sizeof(*made)));
	assert_int_equal(counters_sum(&made->head, source, cpu_node, page_node, &sum), 0);
	return sum;
}

static void all_cpus_are_summed(void **state)
{
	struct made m = made();
	struct numaperf_counters_sum sum;

	(void)state;
	count(&m, 0, HINT, 0, 1, 10);
	count(&m, 1, HINT, 1, 2, 20);
	count(&m, 2, HINT, 2, 4, 40);
	sum = sum_of(&m, HINT, ANY, ANY);
	assert_int_equal(sum.samples, 7);
	assert_int_equal(sum.pages, 70);
}

static void local_is_on_the_cpus_node(void **state)
{
	struct made m = made();

	(void)state;
	count(&m, 0, HINT, 0, 1, 1);
	count(&m, 1, HINT, 0, 1, 2);
	count(&m, 2, HINT, 0, 1, 4); /* node 5 on node 0 */
	count(&m, 2, HINT, 1, 1, 8); /* on itself */
	count(&m, 0, HINT, 2, 1, 16);
	assert_int_equal(sum_of(&m, HINT, ANY, ANY).pages_local, 1 + 2 + 8);
}

static void nodes_are_told_by_id_not_by_place(void **state)
{
	struct made m = made();

	(void)state;
	count(&m, 0, HINT, 1, 3, 3);
	count(&m, 2, HINT, 1, 5, 5);
	assert_int_equal(sum_of(&m, HINT, 0, 5).samples, 3);
	assert_int_equal(sum_of(&m, HINT, 5, 5).samples, 5);
	assert_int_equal(sum_of(&m, HINT, ANY, 5).samples, 8);
	assert_int_equal(sum_of(&m, HINT, ANY, 1).samples, 0);
	assert_int_equal(sum_of(&m, HINT, 9, ANY).samples, 0);
}

static void sources_are_told_apart(void **state)
{
	struct numaperf_counters_sum sum;
	struct made m = made();

	(void)state;
	count(&m, 0, HINT, 0, 3, 3);
	count(&m, 0, FAULT, 0, 5, 5);
	assert_int_equal(sum_of(&m, HINT, ANY, ANY).samples, 3);
	assert_int_equal(sum_of(&m, FAULT, ANY, ANY).samples, 5);
	assert_int_equal(counters_sum(&m.head, NUMAPERF_REPORT_SOURCES, ANY, ANY, &sum), -ENOENT);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct made m = made();

	(void)state;
	assert_false(counters_fit(&m.head, sizeof(m) - 1));
	assert_false(counters_fit(&m.head, 4));
	m.head.nr_cpus = UINT32_MAX;
	assert_false(counters_fit(&m.head, sizeof(m)));
	m = made();
	m.head.stride = sizeof(struct made_block) - 1;
	assert_false(counters_fit(&m.head, sizeof(m)));
	m = made();
	m.head.node_ids = sizeof(m);
	assert_false(counters_fit(&m.head, sizeof(m)));
	m = made();
	m.head.nr_nodes = UINT32_MAX;
	assert_false(counters_fit(&m.head, sizeof(m)));
}

/* ------------------------------------------------------ while it is written */

struct writing {
	struct made made;
	atomic_bool stop;
};

static void add(__u64 *counter, __u64 n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELEASE);
}

/* As the kernel does: the number is odd in between. On every node one sample of two pages at a time. */
static void *write_on(void *arg)
{
	struct writing *writing = arg;
	struct made_block *block = &writing->made.blocks[0];

	while (!writing->stop) {
		__atomic_add_fetch(&block->sequence, 1, __ATOMIC_SEQ_CST);
		for (int i = 0; i < NODES; i++) {
			add(&block->cells[HINT][i].samples, 1);
			add(&block->cells[HINT][i].pages, 2);
		}
		__atomic_add_fetch(&block->sequence, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void a_reader_never_sees_half_of_it(void **state)
{
	struct writing writing = { .made = made() };
	pthread_t thread;
	uint64_t last = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, write_on, &writing), 0);
	for (int i = 0; i < 20000; i++) {
		struct numaperf_counters_sum sum = sum_of(&writing.made, HINT, ANY, ANY);

		if (sum.pages != 2 * sum.samples || sum.samples % NODES || sum.samples < last ||
		    sum.pages_local * NODES != sum.pages) {
			writing.stop = true;
			fail_msg("%llu samples, %llu pages", (unsigned long long)sum.samples,
				 (unsigned long long)sum.pages);
		}
		last = sum.samples;
	}
	writing.stop = true;
	pthread_join(thread, NULL);
}

/* --------------------------------------------------------------- the module's */

static struct numaperf_collector *collect_self(void)
{
	struct numaperf_collector_options options = NUMAPERF_COLLECTOR_OPTIONS_INIT;
	struct numaperf_collector *collector = NULL;

	if (!has_module())
		skip_because("the module is not loaded");
	options.pid = getpid();
	options.fault_period = 1;
	assert_int_equal(numaperf_collector_new(&options, &collector), 0);
	return collector;
}

static void touch_fresh(size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *area = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(area, MAP_FAILED);
	madvise(area, pages * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		((volatile char *)area)[i * page] = 1;
	munmap(area, pages * page);
}

static void fresh_pages_are_counted_at_once_and_kept(void **state)
{
	struct numaperf_collector *collector = collect_self();
	NUMAPERF_AUTO(counters) struct numaperf_counters *counters = NULL;
	struct numaperf_counters_sum before, after, later;

	(void)state;
	assert_int_equal(numaperf_counters_open(collector, &counters), 0);
	assert_true(numaperf_counters_since(counters) > 0);
	assert_int_equal(numaperf_counters_read(counters, FAULT, ANY, ANY, &before), 0);
	touch_fresh(100);
	assert_int_equal(numaperf_counters_read(counters, FAULT, ANY, ANY, &after), 0);
	/* A page may be armed by the balancing scan before its sample is looked at. */
	assert_in_range(after.samples - before.samples, 80, 200);
	numaperf_collector_free(collector);
	assert_int_equal(numaperf_counters_read(counters, FAULT, ANY, ANY, &after), 0);
	touch_fresh(100);
	assert_int_equal(numaperf_counters_read(counters, FAULT, ANY, ANY, &later), 0);
	assert_int_equal(later.samples, after.samples);
}

static void a_collector_without_a_target_has_none(void **state)
{
	NUMAPERF_AUTO(collector) struct numaperf_collector *collector = NULL;
	struct numaperf_counters *counters = NULL;

	(void)state;
	if (!has_module())
		skip_because("the module is not loaded");
	assert_int_equal(numaperf_collector_new(NULL, &collector), 0);
	assert_int_equal(numaperf_counters_open(collector, &counters), -EINVAL);
	assert_null(counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_cpus_are_summed),
		cmocka_unit_test(local_is_on_the_cpus_node),
		cmocka_unit_test(nodes_are_told_by_id_not_by_place),
		cmocka_unit_test(sources_are_told_apart),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_reader_never_sees_half_of_it),
		cmocka_unit_test(fresh_pages_are_counted_at_once_and_kept),
		cmocka_unit_test(a_collector_without_a_target_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
