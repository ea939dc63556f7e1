/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Act 2: the same work, first on memory of the other node, then on memory of its own: what is measured must tell them
 * apart.
 */
#include <inttypes.h>

#include "demo.h"
#include "table.h"

#define SAMPLES 2000
#define MAX_SECONDS 20.0
#define FAULT_PERIOD 8 /* short: thousands of samples in a few seconds */

static const struct demo_expectation far_from_it = { .above = false, .local = 0.05, .samples = SAMPLES };
static const struct demo_expectation at_home = { .above = true, .local = 0.95, .samples = SAMPLES };

static uint64_t pages_at(const struct numaperf_report *report, int source, int cpu_node, int page_node)
{
	struct numaperf_report_cell cell;

	for (size_t i = 0; numaperf_report_cell(report, -1, i, &cell) == 0; i++)
		if ((int)cell.source == source && cell.cpu_node == cpu_node && cell.page_node == page_node)
			return cell.pages;
	return 0;
}

static void source_row(struct table *table, const struct numaperf_report *report, int source, const int nodes[2])
{
	struct numaperf_ratio ratio;

	if (numaperf_report_ratio(report, (enum numaperf_report_source)source, &ratio) < 0)
		return;
	table_row(table);
	table_text(table, "%s", demo_source_name(ratio.source));
	table_text(table, "%s", ratio.estimand);
	if (ratio.known)
		table_text(table, "%.1f %%", 100 * ratio.local);
	else
		table_text(table, "UNKNOWN");
	table_unsigned(table, ratio.samples);
	for (int i = 0; i < 4; i++)
		table_unsigned(table, pages_at(report, source, nodes[i / 2], nodes[i % 2]));
}

static void vmstat_row(struct table *table, const struct vmstat *vmstat)
{
	uint64_t faults = vmstat->values[VMSTAT_HINT_FAULTS], local = vmstat->values[VMSTAT_HINT_FAULTS_LOCAL];

	table_row(table);
	table_text(table, "the kernel's vmstat");
	table_text(table, "%s", vmstat_name(VMSTAT_HINT_FAULTS));
	if (faults)
		table_text(table, "%.1f %%", 100 * (double)local / (double)faults);
	else
		table_empty(table);
	table_unsigned(table, faults);
	for (int i = 0; i < 4; i++)
		table_empty(table);
}

/* One row a source, its matrix CPU node x page node in one line; and what the kernel itself counted meanwhile. */
static void print_result(struct demo *demo, const struct demo_result *result)
{
	const bool swapped = demo->near > demo->far;
	const int nodes[2] = { swapped ? demo->far : demo->near, swapped ? demo->near : demo->far };
	struct table_column columns[9] = {
		{ NULL, "SOURCE", TABLE_TEXT },
		{ NULL, "ESTIMAND", TABLE_TEXT },
		{ NULL, "LOCAL", TABLE_NUMBER },
		{ NULL, "SAMPLES", TABLE_NUMBER },
	};
	char titles[4][48];
	struct table *table;

	for (int i = 0; i < 4; i++) {
		snprintf(titles[i], sizeof(titles[i]), "CPU %d MEM %d", nodes[i / 2], nodes[i % 2]);
		columns[4 + i] = (struct table_column){ NULL, titles[i], TABLE_NUMBER };
	}
	table = table_new(columns);
	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++)
		source_row(table, result->report, source, nodes);
	vmstat_row(table, &result->vmstat);
	table_print(table, demo->out);
	table_free(table);
}

static void claim_result(struct demo *demo, const struct demo_work *work, const struct demo_result *result)
{
	const struct demo_expectation *expected = work->cpu_node == work->page_node ? &at_home : &far_from_it;
	uint64_t kernel = result->vmstat.values[VMSTAT_HINT_FAULTS];
	struct numaperf_ratio hint;

	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++)
		demo_claim_ratio(demo, result->report, (enum numaperf_report_source)source, expected);
	if (numaperf_report_ratio(result->report, NUMAPERF_REPORT_HINT, &hint) == 0 && hint.known)
		demo_claim(demo, hint.samples <= kernel,
			   "the module's %" PRIu64 " hint faults of this process are among the kernel's %" PRIu64
			   " of all processes",
			   hint.samples, kernel);
}

/* False: the kernel's scan stalled, and nothing was claimed. */
static bool measure_process(struct demo *demo, const struct demo_work *work, pid_t pid, bool last)
{
	struct demo_window window;
	struct demo_result result;
	bool done = true;

	if (!demo_window_open(demo, pid, FAULT_PERIOD, &window))
		return true;
	if (demo_window_wait(demo, &window, SAMPLES, MAX_SECONDS, &result)) {
		done = !demo_scan_stalled(demo, &result, SAMPLES) || last;
		if (done) {
			print_result(demo, &result);
			claim_result(demo, work, &result);
		}
		demo_result_free(&result);
	}
	demo_window_close(&window);
	return done;
}

static void measure(struct demo *demo, const struct demo_work *work)
{
	bool done = false;

	demo_say(demo, "\n%u thread%s on node %d, memory on node %d:", work->threads, work->threads > 1 ? "s" : "",
		 work->cpu_node, work->page_node);
	for (int attempt = 1; !done; attempt++) {
		pid_t pid = demo_work_start(demo, work);

		if (pid < 0)
			return;
		done = measure_process(demo, work, pid, attempt == DEMO_ATTEMPTS);
		demo_stop(pid);
	}
}

void demo_show_locality(struct demo *demo)
{
	demo_heading(demo, "locality", "2. Locality, measured: work on far memory, then on near memory");
	for (unsigned threads = 1; threads <= 2; threads++) {
		const struct demo_work far = { .threads = threads, .cpu_node = demo->near, .page_node = demo->far };
		const struct demo_work near = { .threads = threads, .cpu_node = demo->near, .page_node = demo->near };

		measure(demo, &far);
		measure(demo, &near);
	}
}
