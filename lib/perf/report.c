/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "core/error.h"
#include "perf/delta.h"
#include "perf/ratio.h"

/* For the record of all threads that the module keeps no record of their own of; as long as a thread's name. */
#define REST_NAME "(ended threads)"

struct numaperf_report {
	struct delta delta;
	struct numaperf_cell *sums; /* over all threads; their member "thread" is 0 */
	size_t nr_sums;
	struct numaperf_ratio ratios[NUMAPERF_REPORT_SOURCES];
	struct numaperf_ratio (*thread_ratios)[NUMAPERF_REPORT_SOURCES];
	struct coverage coverage;
};

static int sum_cells(struct numaperf_report *report)
{
	const struct delta *delta = &report->delta;

	report->sums = calloc(delta->nr_cells + 1, sizeof(*report->sums));
	if (!report->sums)
		return -ENOMEM;
	for (size_t i = 0; i < delta->nr_cells; i++) {
		report->sums[i] = delta->cells[i];
		report->sums[i].thread = 0;
	}
	report->nr_sums = delta_merge_cells(report->sums, delta->nr_cells);
	return 0;
}

static void add_cell(struct ratio_counts *counts, const struct numaperf_cell *cell)
{
	counts->samples += cell->samples;
	if (cell->cpu_node == cell->page_node)
		counts->pages_local += cell->pages;
	else
		counts->pages_remote += cell->pages;
}

static void add_thread(struct ratio_counts *counts, const struct numaperf_thread_record *thread)
{
	counts->threads++;
	counts->lost += !!(thread->flags & NUMAPERF_THREAD_LOST);
	counts->blind += !!(thread->flags & NUMAPERF_THREAD_HINT_BLIND);
	counts->single_blind += !!(thread->flags & NUMAPERF_THREAD_SINGLE_BLIND);
}

static bool is_living(const struct numaperf_thread_record *thread)
{
	return !(thread->flags & NUMAPERF_THREAD_EXITED);
}

/* The target is judged by its living threads, else by those that there were. */
static void judge_target(struct numaperf_report *report, const struct numaperf_snapshot *from,
			 const struct numaperf_snapshot *to)
{
	struct ratio_counts counts[NUMAPERF_REPORT_SOURCES] = { 0 };
	bool any_living = false;

	for (size_t i = 0; i < report->nr_sums; i++)
		if (report->sums[i].source < NUMAPERF_REPORT_SOURCES)
			add_cell(&counts[report->sums[i].source], &report->sums[i]);
	for (size_t i = 0; i < report->delta.nr_threads; i++)
		any_living = any_living || is_living(&report->delta.threads[i]);
	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++) {
		for (size_t i = 0; i < report->delta.nr_threads; i++)
			if (is_living(&report->delta.threads[i]) == any_living)
				add_thread(&counts[source], &report->delta.threads[i]);
		ratio_judge(source, &counts[source], from, to, &report->ratios[source]);
	}
}

static int judge_threads(struct numaperf_report *report, const struct numaperf_snapshot *from,
			 const struct numaperf_snapshot *to)
{
	const struct delta *delta = &report->delta;
	struct ratio_counts (*counts)[NUMAPERF_REPORT_SOURCES] = calloc(delta->nr_threads + 1, sizeof(*counts));

	report->thread_ratios = calloc(delta->nr_threads + 1, sizeof(*report->thread_ratios));
	if (!counts || !report->thread_ratios) {
		free(counts);
		return -ENOMEM;
	}
	for (size_t i = 0; i < delta->nr_cells; i++)
		if (delta->cells[i].source < NUMAPERF_REPORT_SOURCES)
			add_cell(&counts[delta->cells[i].thread][delta->cells[i].source], &delta->cells[i]);
	for (size_t i = 0; i < delta->nr_threads; i++)
		for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++) {
			add_thread(&counts[i][source], &delta->threads[i]);
			ratio_judge(source, &counts[i][source], from, to, &report->thread_ratios[i][source]);
		}
	free(counts);
	return 0;
}

int numaperf_report_generate(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to,
			     struct numaperf_report **ret_report)
{
	static const char operation[] = "report_generate";
	struct numaperf_report *report = calloc(1, sizeof(*report));
	int r;

	if (!report)
		return np_fail_nomem(operation);
	r = delta_make(from, to, &report->delta);
	if (r == 0)
		r = sum_cells(report);
	if (r == 0)
		r = judge_threads(report, from, to);
	if (r == 0)
		r = coverage_copy(&to->coverage, &report->coverage);
	if (r == 0) {
		judge_target(report, from, to);
		*ret_report = report;
		return 0;
	}
	numaperf_report_free(report);
	if (r == -ENOMEM)
		return np_fail_nomem(operation);
	return np_fail(-r, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
		       "The snapshots are no window: they must be of one collector, the earlier one first.");
}

void numaperf_report_free(struct numaperf_report *report)
{
	if (!report)
		return;
	delta_free(&report->delta);
	coverage_free(&report->coverage);
	free(report->sums);
	free(report->thread_ratios);
	free(report);
}

double numaperf_report_seconds(const struct numaperf_report *report)
{
	return report->delta.seconds;
}

uint64_t numaperf_report_missed(const struct numaperf_report *report)
{
	return report->delta.missed;
}

uint64_t numaperf_report_untracked(const struct numaperf_report *report)
{
	return report->delta.untracked;
}

/* Not an error for a caller that walks by index, but told like one. */
static int past_the_end(const char *operation)
{
	return np_fail(ENOENT, NUMAPERF_ERROR_INVALID_ARGUMENT, operation, "The report has no more of these.");
}

static int check_source(enum numaperf_report_source source, const char *operation)
{
	if ((unsigned)source < NUMAPERF_REPORT_SOURCES)
		return 0;
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation, "There is no source %d.", (int)source);
}

int numaperf_report_ratio(const struct numaperf_report *report, enum numaperf_report_source source,
			  struct numaperf_ratio *ret_ratio)
{
	int r = check_source(source, "report_ratio");

	if (r == 0)
		*ret_ratio = report->ratios[source];
	return r;
}

int numaperf_report_thread(const struct numaperf_report *report, size_t i, struct numaperf_report_thread *ret_thread)
{
	const struct numaperf_thread_record *thread;

	if (i >= report->delta.nr_threads)
		return past_the_end("report_thread");
	thread = &report->delta.threads[i];
	*ret_thread = (struct numaperf_report_thread){
		.pid = thread->pid,
		.tid = thread->tid,
		.exited = !is_living(thread),
		.lost = thread->flags & NUMAPERF_THREAD_LOST,
		.faults = thread->faults,
		.unresolved = thread->unresolved,
		.missed = thread->missed,
		.cpu_node = thread->cpu_node,
		.migrations = thread->migrations,
		.node_switches = thread->node_switches,
		.execs = thread->execs,
	};
	memcpy(ret_thread->name, delta_is_rest(thread) ? REST_NAME : thread->comm, sizeof(ret_thread->name) - 1);
	return 0;
}

int numaperf_report_thread_ratio(const struct numaperf_report *report, size_t i, enum numaperf_report_source source,
				 struct numaperf_ratio *ret_ratio)
{
	int r = check_source(source, "report_thread_ratio");

	if (r < 0)
		return r;
	if (i >= report->delta.nr_threads)
		return past_the_end("report_thread_ratio");
	*ret_ratio = report->thread_ratios[i][source];
	return 0;
}

int numaperf_report_cell(const struct numaperf_report *report, ssize_t thread, size_t i,
			 struct numaperf_report_cell *ret_cell)
{
	const struct delta *delta = &report->delta;
	const struct numaperf_cell *cells = thread < 0 ? report->sums : delta->cells;
	size_t count = thread < 0 ? report->nr_sums : delta->nr_cells, first = 0;

	if (thread >= 0)
		while (first < count && cells[first].thread < (size_t)thread)
			first++;
	if (i >= count - first || (thread >= 0 && cells[first + i].thread != (size_t)thread))
		return past_the_end("report_cell");
	cells += first + i;
	*ret_cell = (struct numaperf_report_cell){
		.source = cells->source,
		.cpu_node = cells->cpu_node,
		.page_node = cells->page_node,
		.samples = cells->samples,
		.pages = cells->pages,
	};
	return 0;
}

int numaperf_report_resident(const struct numaperf_report *report, size_t i,
			     struct numaperf_report_resident *ret_resident)
{
	const struct coverage_node *node;
	uint64_t hidden = 0;

	if (i >= report->coverage.count)
		return past_the_end("report_resident");
	node = &report->coverage.nodes[i];
	for (int class = COVERAGE_VISIBLE + 1; class < COVERAGE_CLASSES; class++)
		hidden += node->pages[class];
	*ret_resident = (struct numaperf_report_resident){
		.node = node->node, .pages = node->pages[COVERAGE_VISIBLE] + hidden, .hidden = hidden
	};
	return 0;
}
