/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports: the arithmetic between made-up snapshots, and every reason to say UNKNOWN. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <numaperf.h>

#include "harness.h"
#include "perf/snapshot.h"

#define HINT NUMAPERF_REPORT_HINT
#define FAULT NUMAPERF_REPORT_FAULT
#define ENOUGH ((uint64_t)NUMAPERF_REPORT_MIN_SAMPLES)

/* A snapshot that a test fills; all that could make a ratio unknown is in order at first. */
struct made {
	struct numaperf_snapshot snapshot;
	struct numaperf_thread_record threads[8];
	struct numaperf_cell cells[16];
	struct coverage_node node;
};

static void make(struct made *made, double seconds)
{
	*made = (struct made){ 0 };
	made->node.pages[COVERAGE_VISIBLE] = 1000;
	made->snapshot = (struct numaperf_snapshot){
		.collector = 1,
		.since_ns = 5000000000,
		.time_ns = 5000000000 + (uint64_t)(seconds * 1e9),
		.active = 1U << HINT | 1U << FAULT,
		.balancing = BALANCING_ON,
		.coverage = { &made->node, 1 },
		.threads = made->threads,
		.cells = made->cells,
	};
}

static uint32_t thread(struct made *made, int pid, int tid, uint32_t flags, const char *name)
{
	struct numaperf_thread_record *record = &made->threads[made->snapshot.nr_threads];

	*record = (struct numaperf_thread_record){ .pid = pid, .tid = tid, .flags = flags };
	strncpy(record->comm, name, sizeof(record->comm) - 1);
	return (uint32_t)made->snapshot.nr_threads++;
}

static void cell(struct made *made, uint32_t of, int source, int cpu_node, int page_node, uint64_t samples,
		 uint64_t pages)
{
	made->cells[made->snapshot.nr_cells++] = (struct numaperf_cell){
		.thread = of,
		.source = (uint32_t)source,
		.cpu_node = cpu_node,
		.page_node = page_node,
		.samples = samples,
		.pages = pages,
	};
}

static struct numaperf_report *report(const struct made *from, const struct made *to)
{
	struct numaperf_report *report = NULL;

	assert_int_equal(numaperf_report_generate(from ? &from->snapshot : NULL, &to->snapshot, &report), 0);
	return report;
}

static struct numaperf_ratio ratio_of(const struct made *from, const struct made *to, int source)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = report(from, to);
	struct numaperf_ratio ratio;

	assert_int_equal(numaperf_report_ratio(made, source, &ratio), 0);
	return ratio;
}

static void assert_share(double share, double expected)
{
	assert_true(share > expected - 1e-9 && share < expected + 1e-9);
}

static void assert_unknown(const struct numaperf_ratio *ratio, const char *because)
{
	assert_false(ratio->known);
	assert_int_equal(ratio->health, NUMAPERF_HEALTH_UNKNOWN);
	if (!strstr(ratio->why, because))
		fail_msg("\"%s\" does not say \"%s\"", ratio->why, because);
}

/* ------------------------------------------------------------ arithmetic */

static void local_is_on_the_cpus_node(void **state)
{
	struct made to;
	struct numaperf_ratio ratio;
	uint32_t t;

	(void)state;
	make(&to, 1);
	t = thread(&to, 10, 10, 0, "main");
	cell(&to, t, HINT, 0, 0, 300, 300);
	cell(&to, t, HINT, 0, 2, 100, 100); /* node ids are sparse */
	ratio = ratio_of(NULL, &to, HINT);
	assert_true(ratio.known);
	assert_share(ratio.local, 0.75);
	assert_int_equal(ratio.samples, 400);
	assert_int_equal(ratio.pages_local, 300);
	assert_int_equal(ratio.pages_remote, 100);
	assert_string_equal(ratio.estimand, "touched-pages");
	assert_string_equal(ratio.why, "");
}

static void the_matrix_tells_cpu_from_page(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_report_cell got;
	struct made to;

	(void)state;
	make(&to, 1);
	cell(&to, thread(&to, 10, 10, 0, "main"), HINT, 0, 2, 500, 512);
	made = report(NULL, &to);
	for (ssize_t of = -1; of <= 0; of++) { /* the whole, and the thread */
		assert_int_equal(numaperf_report_cell(made, of, 0, &got), 0);
		assert_int_equal(got.cpu_node, 0);
		assert_int_equal(got.page_node, 2);
		assert_int_equal(got.samples, 500);
		assert_int_equal(got.pages, 512);
		assert_int_equal(numaperf_report_cell(made, of, 1, &got), -ENOENT);
	}
}

static void pages_weigh_not_samples(void **state)
{
	struct numaperf_ratio ratio;
	struct made to;
	uint32_t t;

	(void)state;
	make(&to, 1);
	t = thread(&to, 10, 10, 0, "main");
	cell(&to, t, HINT, 1, 1, 100, 51200); /* huge pages */
	cell(&to, t, HINT, 1, 0, 100, 100);
	ratio = ratio_of(NULL, &to, HINT);
	assert_int_equal(ratio.samples, 200);
	assert_share(ratio.local, 51200.0 / 51300.0);
}

static void sources_are_never_merged(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_ratio hint, fault;
	struct numaperf_report_cell got;
	struct made to;
	uint32_t t;

	(void)state;
	make(&to, 1);
	t = thread(&to, 10, 10, 0, "main");
	cell(&to, t, HINT, 0, 0, ENOUGH, ENOUGH);
	cell(&to, t, FAULT, 0, 1, 2 * ENOUGH, 2 * ENOUGH);
	hint = ratio_of(NULL, &to, HINT);
	fault = ratio_of(NULL, &to, FAULT);
	assert_share(hint.local, 1);
	assert_int_equal(hint.samples, ENOUGH);
	assert_share(fault.local, 0);
	assert_int_equal(fault.samples, 2 * ENOUGH);
	assert_string_equal(fault.estimand, "first-touch");
	made = report(NULL, &to);
	assert_int_equal(numaperf_report_cell(made, -1, 1, &got), 0); /* and no third cell */
	assert_int_equal(numaperf_report_cell(made, -1, 2, &got), -ENOENT);
}

static void a_window_holds_the_difference(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_report_thread got;
	struct made from, to;
	struct numaperf_ratio ratio;

	(void)state;
	make(&from, 1);
	cell(&from, thread(&from, 10, 10, 0, "main"), HINT, 0, 0, 5000, 5000);
	from.threads[0].faults = 70;
	from.snapshot.missed = 4;
	make(&to, 3.5);
	cell(&to, thread(&to, 10, 10, 0, "main"), HINT, 0, 0, 5100, 5100);
	cell(&to, 0, HINT, 0, 1, 300, 300);
	to.threads[0].faults = 100;
	to.snapshot.missed = 6;
	ratio = ratio_of(&from, &to, HINT);
	assert_int_equal(ratio.samples, 400);
	assert_share(ratio.local, 0.25);
	made = report(&from, &to);
	assert_share(numaperf_report_seconds(made), 2.5);
	assert_int_equal(numaperf_report_missed(made), 2);
	assert_int_equal(numaperf_report_thread(made, 0, &got), 0);
	assert_int_equal(got.faults, 30);
}

static void threads_are_told_apart(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_report_thread got;
	struct numaperf_ratio ratio;
	struct made to;

	(void)state;
	make(&to, 1);
	cell(&to, thread(&to, 10, 10, 0, "main"), HINT, 0, 0, 400, 400);
	cell(&to, thread(&to, 10, 11, 0, "worker"), HINT, 1, 0, 600, 600);
	made = report(NULL, &to);
	assert_int_equal(numaperf_report_thread_ratio(made, 0, HINT, &ratio), 0);
	assert_share(ratio.local, 1);
	assert_int_equal(numaperf_report_thread_ratio(made, 1, HINT, &ratio), 0);
	assert_share(ratio.local, 0);
	assert_int_equal(ratio.samples, 600);
	assert_int_equal(numaperf_report_thread(made, 1, &got), 0);
	assert_int_equal(got.tid, 11);
	assert_string_equal(got.name, "worker");
	assert_int_equal(numaperf_report_thread(made, 2, &got), -ENOENT);
	assert_int_equal(numaperf_report_thread_ratio(made, 2, HINT, &ratio), -ENOENT);
	assert_share(ratio_of(NULL, &to, HINT).local, 0.4);
}

static void matching_is_by_ids_not_by_index(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_ratio ratio;
	struct made from, to;

	(void)state;
	make(&from, 1);
	cell(&from, thread(&from, 10, 10, 0, "main"), HINT, 0, 0, 1000, 1000);
	cell(&from, thread(&from, 10, 11, 0, "worker"), HINT, 0, 0, 10, 10);
	make(&to, 2);
	cell(&to, thread(&to, 10, 11, 0, "worker"), HINT, 0, 0, 1010, 1010);
	cell(&to, thread(&to, 10, 10, 0, "main"), HINT, 0, 0, 1500, 1500);
	made = report(&from, &to);
	assert_int_equal(numaperf_report_thread_ratio(made, 0, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 1000);
	assert_int_equal(numaperf_report_thread_ratio(made, 1, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 500);
}

static void a_thread_that_exits_counts_up_to_its_end(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *during = NULL;
	NUMAPERF_AUTO(report) struct numaperf_report *after = NULL;
	struct numaperf_report_thread got;
	struct made first, second, third;

	(void)state;
	make(&first, 1);
	cell(&first, thread(&first, 10, 11, 0, "worker"), HINT, 0, 0, 200, 200);
	make(&second, 2);
	cell(&second, thread(&second, 10, 11, NUMAPERF_THREAD_EXITED, "worker"), HINT, 0, 0, 350, 350);
	make(&third, 3);
	cell(&third, thread(&third, 10, 11, NUMAPERF_THREAD_EXITED, "worker"), HINT, 0, 0, 350, 350);
	assert_int_equal(ratio_of(&first, &second, HINT).samples, 150);
	during = report(&first, &second);
	assert_int_equal(numaperf_report_thread(during, 0, &got), 0);
	assert_true(got.exited);
	after = report(&second, &third);
	assert_int_equal(numaperf_report_thread(after, 0, &got), -ENOENT);
}

static void a_tid_that_is_used_again_is_another_thread(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_report_thread got;
	struct numaperf_ratio ratio;
	struct made from, to;

	(void)state;
	make(&from, 1);
	cell(&from, thread(&from, 10, 11, 0, "old"), HINT, 0, 0, 900, 900);
	make(&to, 2);
	cell(&to, thread(&to, 10, 11, NUMAPERF_THREAD_EXITED, "old"), HINT, 0, 0, 1000, 1000);
	cell(&to, thread(&to, 10, 11, 0, "new"), HINT, 0, 1, 150, 150);
	made = report(&from, &to);
	assert_int_equal(numaperf_report_thread(made, 0, &got), 0);
	assert_string_equal(got.name, "old");
	assert_int_equal(numaperf_report_thread_ratio(made, 0, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 100);
	assert_share(ratio.local, 1);
	assert_int_equal(numaperf_report_thread_ratio(made, 1, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 150);
	assert_share(ratio.local, 0);
}

static void folded_threads_lose_no_count(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_report_thread got;
	struct numaperf_ratio ratio;
	struct made from, to;

	(void)state;
	make(&from, 1);
	cell(&from, thread(&from, 0, 0, NUMAPERF_THREAD_EXITED, ""), HINT, 0, 0, 40, 40);
	cell(&from, thread(&from, 10, 11, 0, "worker"), HINT, 0, 0, 900, 900);
	cell(&from, thread(&from, 10, 10, 0, "main"), HINT, 1, 1, 7, 7);
	make(&to, 2); /* the worker counted 250 more, exited, and was folded */
	cell(&to, thread(&to, 0, 0, NUMAPERF_THREAD_EXITED, ""), HINT, 0, 0, 40 + 900 + 250, 40 + 900 + 250);
	cell(&to, thread(&to, 10, 10, 0, "main"), HINT, 1, 1, 7, 7);
	made = report(&from, &to);
	assert_int_equal(numaperf_report_thread(made, 0, &got), 0);
	assert_int_equal(got.pid, 0);
	assert_string_equal(got.name, "(ended threads)");
	assert_int_equal(numaperf_report_thread_ratio(made, 0, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 250);
	assert_int_equal(numaperf_report_thread_ratio(made, 1, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 0);
}

/* With serial numbers not even ids that are used again, with older threads folded, can be mistaken. */
static void serials_tell_threads_apart_over_folding(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_report_thread got;
	struct numaperf_ratio ratio;
	struct made from, to;

	(void)state;
	make(&from, 1);
	cell(&from, thread(&from, 10, 11, 0, "old"), HINT, 0, 0, 900, 900);
	from.threads[0].serial = 2;
	from.threads[0].migrations = 5;
	make(&to, 2); /* it counted 100 more, exited and was folded; another has its ids */
	cell(&to, thread(&to, 0, 0, NUMAPERF_THREAD_EXITED, ""), HINT, 0, 0, 1000, 1000);
	to.threads[0].migrations = 8;
	cell(&to, thread(&to, 10, 11, 0, "new"), HINT, 0, 1, 950, 950);
	to.threads[1].serial = 7;
	to.threads[1].migrations = 4;
	made = report(&from, &to);
	assert_int_equal(numaperf_report_thread_ratio(made, 0, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 100);
	assert_int_equal(numaperf_report_thread(made, 0, &got), 0);
	assert_string_equal(got.name, "(ended threads)");
	assert_int_equal(got.migrations, 3);
	assert_int_equal(numaperf_report_thread_ratio(made, 1, HINT, &ratio), 0);
	assert_int_equal(ratio.samples, 950);
	assert_int_equal(numaperf_report_thread(made, 1, &got), 0);
	assert_int_equal(got.migrations, 4);
}

/* exec by another thread than the first gives it the first one's id. */
static void a_thread_keeps_its_counts_under_another_id(void **state)
{
	struct made from, to;

	(void)state;
	make(&from, 1);
	cell(&from, thread(&from, 10, 11, 0, "worker"), HINT, 0, 0, 900, 900);
	from.threads[0].serial = 2;
	make(&to, 2);
	cell(&to, thread(&to, 10, 10, 0, "new"), HINT, 0, 0, 1100, 1100);
	to.threads[0].serial = 2;
	assert_int_equal(ratio_of(&from, &to, HINT).samples, 200);
}

static void snapshots_that_are_no_window_are_refused(void **state)
{
	struct numaperf_report *none = NULL;
	struct made from, to;

	(void)state;
	make(&from, 2);
	make(&to, 1);
	/* The later one first. */
	assert_int_equal(numaperf_report_generate(&from.snapshot, &to.snapshot, &none), -EINVAL);
	make(&to, 3);
	to.snapshot.collector = 2;
	assert_int_equal(numaperf_report_generate(&from.snapshot, &to.snapshot, &none), -EINVAL);
	make(&to, 3);
	cell(&from, thread(&from, 10, 10, 0, "main"), HINT, 0, 0, 2, 2);
	cell(&to, thread(&to, 10, 10, 0, "main"), HINT, 0, 0, 1, 1); /* counters only grow */
	assert_int_equal(numaperf_report_generate(&from.snapshot, &to.snapshot, &none), -EINVAL);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_ARGUMENT);
	assert_null(none);
}

static void health_changes_at_its_thresholds(void **state)
{
	static const struct {
		uint64_t local;
		enum numaperf_health health;
	} rows[] = {
		{ 10000, NUMAPERF_HEALTH_EXCELLENT }, { 9500, NUMAPERF_HEALTH_EXCELLENT },
		{ 9499, NUMAPERF_HEALTH_GOOD },       { 8500, NUMAPERF_HEALTH_GOOD },
		{ 8499, NUMAPERF_HEALTH_FAIR },       { 7000, NUMAPERF_HEALTH_FAIR },
		{ 6999, NUMAPERF_HEALTH_POOR },       { 0, NUMAPERF_HEALTH_POOR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct made to;
		uint32_t t;

		make(&to, 1);
		t = thread(&to, 10, 10, 0, "main");
		cell(&to, t, HINT, 0, 0, rows[i].local, rows[i].local);
		cell(&to, t, HINT, 0, 1, 10000 - rows[i].local, 10000 - rows[i].local);
		assert_int_equal(ratio_of(NULL, &to, HINT).health, rows[i].health);
	}
}

/* --------------------------------------------------------------- unknown */

/* One thread with plenty of local samples of both sources. */
static void make_plenty(struct made *made, uint32_t flags)
{
	uint32_t t;

	make(made, 1);
	t = thread(made, 10, 10, flags, "main");
	cell(made, t, HINT, 0, 0, 5000, 5000);
	cell(made, t, FAULT, 0, 0, 5000, 5000);
}

static void too_few_samples_are_unknown(void **state)
{
	struct numaperf_ratio ratio;
	struct made to;

	(void)state;
	make(&to, 1);
	cell(&to, thread(&to, 10, 10, 0, "main"), HINT, 0, 0, ENOUGH - 1, 512 * (ENOUGH - 1));
	ratio = ratio_of(NULL, &to, HINT);
	assert_unknown(&ratio, "99 samples are too few");
	assert_int_equal(ratio.samples, ENOUGH - 1); /* still told */
	ratio = ratio_of(NULL, &to, FAULT);
	assert_unknown(&ratio, "0 samples are too few");
	to.cells[0].samples++;
	assert_true(ratio_of(NULL, &to, HINT).known);
}

static void a_source_that_does_not_count_is_unknown(void **state)
{
	static const struct {
		uint32_t reason;
		const char *says;
	} rows[] = {
		{ NUMAPERF_REASON_DISABLED, "hint=off" },
		{ NUMAPERF_REASON_NO_HOOK, "lacks the hook" },
		{ NUMAPERF_REASON_NO_BALANCING, "without NUMA balancing" },
		{ NUMAPERF_REASON_NOT_REQUESTED, "not-requested" },
	};
	struct made to;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct numaperf_ratio ratio;

		make_plenty(&to, 0);
		to.snapshot.active = 1U << FAULT;
		to.snapshot.reasons[HINT] = rows[i].reason;
		ratio = ratio_of(NULL, &to, HINT);
		assert_unknown(&ratio, rows[i].says);
		assert_true(ratio_of(NULL, &to, FAULT).known);
	}
}

static void balancing_that_is_off_is_unknown(void **state)
{
	struct numaperf_ratio ratio;
	struct made from, to;

	(void)state;
	make_plenty(&to, 0);
	to.snapshot.balancing = BALANCING_OFF;
	ratio = ratio_of(NULL, &to, HINT);
	assert_unknown(&ratio, "sysctl kernel.numa_balancing=1");
	assert_true(ratio_of(NULL, &to, FAULT).known);
	to.snapshot.balancing = BALANCING_ON; /* switched on in between */
	make(&from, 0.5);
	from.snapshot.balancing = BALANCING_OFF;
	ratio = ratio_of(&from, &to, HINT);
	assert_unknown(&ratio, "balancing is off");
}

static void threads_whose_policy_blinds_are_unknown(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_ratio ratio;
	struct made to;

	(void)state;
	make_plenty(&to, NUMAPERF_THREAD_HINT_BLIND);
	ratio = ratio_of(NULL, &to, HINT);
	assert_unknown(&ratio, "MPOL_BIND");
	assert_true(strstr(ratio.why, "1 of 1 threads") != NULL);
	assert_true(ratio_of(NULL, &to, FAULT).known);
	thread(&to, 10, 11, 0, "seen"); /* half of them: the whole may be said, the blind thread's own may not */
	assert_true(ratio_of(NULL, &to, HINT).known);
	made = report(NULL, &to);
	assert_int_equal(numaperf_report_thread_ratio(made, 0, HINT, &ratio), 0);
	assert_unknown(&ratio, "MPOL_BIND");
	thread(&to, 10, 12, NUMAPERF_THREAD_HINT_BLIND, "blind");
	assert_false(ratio_of(NULL, &to, HINT).known);
	to.threads[0].flags |= NUMAPERF_THREAD_EXITED; /* the living count, as long as there are any */
	to.threads[2].flags |= NUMAPERF_THREAD_EXITED;
	assert_true(ratio_of(NULL, &to, HINT).known);
}

static void address_spaces_not_held_are_unknown(void **state)
{
	struct numaperf_ratio ratio;
	struct made to;

	(void)state;
	make_plenty(&to, NUMAPERF_THREAD_SINGLE_BLIND);
	ratio = ratio_of(NULL, &to, HINT);
	assert_unknown(&ratio, "single-threaded");
	assert_true(ratio_of(NULL, &to, FAULT).known);
}

static void lost_threads_are_unknown(void **state)
{
	struct numaperf_ratio ratio;
	struct made to;

	(void)state;
	make_plenty(&to, NUMAPERF_THREAD_LOST);
	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++) {
		ratio = ratio_of(NULL, &to, source);
		assert_unknown(&ratio, "set-id");
	}
}

static void memory_that_is_hidden_is_unknown(void **state)
{
	static const struct {
		enum coverage_class class;
		const char *says;
	} rows[] = {
		{ COVERAGE_POLICY, "policy" },
		{ COVERAGE_SHARED, "shared" },
		{ COVERAGE_READ_ONLY, "read-only" },
		{ COVERAGE_HUGETLB, "hugetlb" },
	};
	struct made to;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct numaperf_ratio ratio;

		make_plenty(&to, 0);
		to.node.pages[rows[i].class] = 1000; /* half: still said, with the share beside it */
		ratio = ratio_of(NULL, &to, HINT);
		assert_true(ratio.known);
		assert_share(ratio.coverage, 0.5);
		to.node.pages[rows[i].class] = 1001;
		ratio = ratio_of(NULL, &to, HINT);
		assert_unknown(&ratio, rows[i].says);
		assert_true(ratio_of(NULL, &to, FAULT).known);
		assert_share(ratio_of(NULL, &to, FAULT).coverage, -1);
	}
}

static void memory_that_was_never_seen_is_unknown(void **state)
{
	struct numaperf_ratio ratio;
	struct made to;

	(void)state;
	make_plenty(&to, 0);
	to.snapshot.coverage = (struct coverage){ 0 };
	to.snapshot.coverage_error = -ESRCH;
	ratio = ratio_of(NULL, &to, HINT);
	assert_unknown(&ratio, "gone before it was looked at");
	to.snapshot.coverage_error = -EACCES;
	ratio = ratio_of(NULL, &to, HINT);
	assert_unknown(&ratio, "can't be read by this user");
}

static void resident_memory_is_told_by_node(void **state)
{
	NUMAPERF_AUTO(report) struct numaperf_report *made = NULL;
	struct numaperf_report_resident got;
	struct made to;

	(void)state;
	make_plenty(&to, 0);
	to.node.node = 2;
	to.node.pages[COVERAGE_SHARED] = 30;
	made = report(NULL, &to);
	assert_int_equal(numaperf_report_resident(made, 0, &got), 0);
	assert_int_equal(got.node, 2);
	assert_int_equal(got.pages, 1030);
	assert_int_equal(got.hidden, 30);
	assert_int_equal(numaperf_report_resident(made, 1, &got), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(local_is_on_the_cpus_node),
		cmocka_unit_test(the_matrix_tells_cpu_from_page),
		cmocka_unit_test(pages_weigh_not_samples),
		cmocka_unit_test(sources_are_never_merged),
		cmocka_unit_test(a_window_holds_the_difference),
		cmocka_unit_test(threads_are_told_apart),
		cmocka_unit_test(matching_is_by_ids_not_by_index),
		cmocka_unit_test(a_thread_that_exits_counts_up_to_its_end),
		cmocka_unit_test(a_tid_that_is_used_again_is_another_thread),
		cmocka_unit_test(folded_threads_lose_no_count),
		cmocka_unit_test(serials_tell_threads_apart_over_folding),
		cmocka_unit_test(a_thread_keeps_its_counts_under_another_id),
		cmocka_unit_test(snapshots_that_are_no_window_are_refused),
		cmocka_unit_test(health_changes_at_its_thresholds),
		cmocka_unit_test(too_few_samples_are_unknown),
		cmocka_unit_test(a_source_that_does_not_count_is_unknown),
		cmocka_unit_test(balancing_that_is_off_is_unknown),
		cmocka_unit_test(threads_whose_policy_blinds_are_unknown),
		cmocka_unit_test(address_spaces_not_held_are_unknown),
		cmocka_unit_test(lost_threads_are_unknown),
		cmocka_unit_test(memory_that_is_hidden_is_unknown),
		cmocka_unit_test(memory_that_was_never_seen_is_unknown),
		cmocka_unit_test(resident_memory_is_told_by_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
