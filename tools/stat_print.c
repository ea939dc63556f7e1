/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <numaperf/error.h>
#include <numaperf/set.h>

#include "message.h"
#include "stat_print.h"
#include "table.h"

static void cell_share(struct table *table, double share)
{
	if (share < 0)
		table_empty(table);
	else
		table_text(table, "%.1f %%", share * 100);
}

static void cell_ratio(struct table *table, const struct numaperf_ratio *ratio)
{
	if (ratio->known)
		cell_share(table, ratio->local);
	else
		table_text(table, "UNKNOWN");
}

static void print_title(const struct stat_window *window, FILE *file)
{
	double seconds = numaperf_report_seconds(window->report);

	fputs("\nLocality of", file);
	for (char *const *word = window->command; word && *word; word++)
		fprintf(file, " %s", *word);
	fprintf(file, "%sprocess %d%s, ", window->command ? " (" : " ", (int)window->pid, window->command ? ")" : "");
	if (window->is_interval)
		fprintf(file, "%.2f s to %.2f s\n\n", window->begins, window->begins + seconds);
	else
		fprintf(file, "%.2f s\n\n", seconds);
}

/* -------------------------------------------------------------- by source */

static const struct table_column source_columns[] = {
	{ NULL, "SOURCE", TABLE_TEXT },
	{ NULL, "MEASURES", TABLE_TEXT },
	{ NULL, "LOCAL", TABLE_NUMBER },
	{ NULL, "HEALTH", TABLE_TEXT },
	{ NULL, "SAMPLES", TABLE_NUMBER },
	{ NULL, "PAGES LOCAL", TABLE_NUMBER },
	{ NULL, "PAGES REMOTE", TABLE_NUMBER },
	{ NULL, "MEMORY VISIBLE", TABLE_NUMBER },
	{ 0 },
};

static void print_sources(const struct stat_window *window, FILE *file)
{
	struct table *table = table_new(source_columns);
	struct numaperf_ratio ratio;

	for (int source = 0; numaperf_report_ratio(window->report, source, &ratio) == 0; source++) {
		table_row(table);
		table_text(table, "%s", numaperf_report_source_to_string(source));
		table_text(table, "%s", ratio.estimand);
		cell_ratio(table, &ratio);
		if (ratio.known)
			table_text(table, "%s", numaperf_health_to_string(ratio.health));
		else
			table_empty(table);
		table_unsigned(table, ratio.samples);
		table_unsigned(table, ratio.pages_local);
		table_unsigned(table, ratio.pages_remote);
		cell_share(table, ratio.coverage);
	}
	table_print(table, file);
	table_free(table);
	for (int source = 0; numaperf_report_ratio(window->report, source, &ratio) == 0; source++)
		if (!ratio.known)
			fprintf(file, "%s is UNKNOWN: %s\n", numaperf_report_source_to_string(source), ratio.why);
}

/* ----------------------------------------------------------------- matrix */

/* The nodes that appear in the matrix of a source. */
static void nodes_of(const struct numaperf_report *report, int source, struct numaperf_nodeset *cpu_nodes,
		     struct numaperf_nodeset *page_nodes)
{
	struct numaperf_report_cell cell;

	for (size_t i = 0; numaperf_report_cell(report, -1, i, &cell) == 0; i++) {
		if ((int)cell.source != source || cell.cpu_node < 0 || cell.page_node < 0)
			continue;
		if (numaperf_nodeset_add(cpu_nodes, (unsigned)cell.cpu_node) < 0 ||
		    numaperf_nodeset_add(page_nodes, (unsigned)cell.page_node) < 0)
			exit(fail_last_error());
	}
}

static uint64_t pages_at(const struct numaperf_report *report, int source, int cpu_node, int page_node)
{
	struct numaperf_report_cell cell;

	for (size_t i = 0; numaperf_report_cell(report, -1, i, &cell) == 0; i++)
		if ((int)cell.source == source && cell.cpu_node == cpu_node && cell.page_node == page_node)
			return cell.pages;
	return 0;
}

static void print_matrix(const struct numaperf_report *report, int source, FILE *file)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *cpu_nodes = NULL;
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *page_nodes = NULL;
	struct table_column *columns;
	char (*titles)[24];
	struct table *table;
	size_t count, n = 0;

	if (numaperf_nodeset_new(&cpu_nodes) < 0 || numaperf_nodeset_new(&page_nodes) < 0)
		exit(fail_last_error());
	nodes_of(report, source, cpu_nodes, page_nodes);
	count = numaperf_nodeset_count(page_nodes);
	if (!count)
		return;
	columns = calloc(count + 2, sizeof(*columns));
	titles = calloc(count, sizeof(*titles));
	if (!columns || !titles)
		exit(fail("out of memory"));
	columns[0] = (struct table_column){ NULL, "CPU NODE", TABLE_NUMBER };
	NUMAPERF_FOREACH_NODE_ID(node, page_nodes) {
		snprintf(titles[n], sizeof(titles[n]), "PAGES ON %d", node);
		columns[n + 1] = (struct table_column){ NULL, titles[n], TABLE_NUMBER };
		n++;
	}
	table = table_new(columns);
	NUMAPERF_FOREACH_NODE_ID(cpu_node, cpu_nodes) {
		table_row(table);
		table_number(table, cpu_node);
		NUMAPERF_FOREACH_NODE_ID(page_node, page_nodes)
			table_unsigned(table, pages_at(report, source, cpu_node, page_node));
	}
	fprintf(file, "\nSource %s, pages by the node of the CPU and of the page:\n",
		numaperf_report_source_to_string(source));
	table_print(table, file);
	table_free(table);
	free(titles);
	free(columns);
}

/* ---------------------------------------------------------------- threads */

static const struct table_column thread_columns[] = {
	{ NULL, "PID", TABLE_NUMBER },        { NULL, "TID", TABLE_NUMBER },     { NULL, "THREAD", TABLE_TEXT },
	{ NULL, "STATE", TABLE_TEXT },        { NULL, "HINT", TABLE_NUMBER },    { NULL, "SAMPLES", TABLE_NUMBER },
	{ NULL, "FAULT", TABLE_NUMBER },      { NULL, "SAMPLES", TABLE_NUMBER }, { NULL, "FAULTS", TABLE_NUMBER },
	{ NULL, "UNRESOLVED", TABLE_NUMBER }, { NULL, "MISSED", TABLE_NUMBER },  { 0 },
};

static void thread_row(struct table *table, const struct numaperf_report *report, size_t i,
		       const struct numaperf_report_thread *thread)
{
	struct numaperf_ratio ratio;

	table_row(table);
	table_number(table, thread->pid);
	table_number(table, thread->tid);
	table_text(table, "%s", thread->name);
	if (thread->exited || thread->lost)
		table_text(table, "%s", thread->lost ? "not counted" : "ended");
	else
		table_text(table, "on node %d", thread->cpu_node);
	for (int source = 0; numaperf_report_thread_ratio(report, i, source, &ratio) == 0; source++) {
		cell_ratio(table, &ratio);
		table_unsigned(table, ratio.samples);
	}
	table_unsigned(table, thread->faults);
	table_unsigned(table, thread->unresolved);
	table_unsigned(table, thread->missed);
}

static void print_threads(const struct numaperf_report *report, FILE *file)
{
	struct table *table = table_new(thread_columns);
	struct numaperf_report_thread thread;

	for (size_t i = 0; numaperf_report_thread(report, i, &thread) == 0; i++)
		thread_row(table, report, i, &thread);
	fputs("\nThreads:\n", file);
	table_print(table, file);
	table_free(table);
}

/* --------------------------------------------------------- what is beside */

static const struct table_column resident_columns[] = {
	{ NULL, "NODE", TABLE_NUMBER },
	{ NULL, "RESIDENT", TABLE_NUMBER },
	{ NULL, "PAGES", TABLE_NUMBER },
	{ NULL, "HIDDEN PAGES", TABLE_NUMBER },
	{ 0 },
};

static void print_resident(const struct numaperf_report *report, FILE *file)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	struct table *table = table_new(resident_columns);
	struct numaperf_report_resident resident;
	size_t i;

	for (i = 0; numaperf_report_resident(report, i, &resident) == 0; i++) {
		char bytes[32];

		format_bytes(resident.pages * page_size, bytes, sizeof(bytes));
		table_row(table);
		table_number(table, resident.node);
		table_text(table, "%s", bytes);
		table_unsigned(table, resident.pages);
		table_unsigned(table, resident.hidden);
	}
	if (i) {
		fputs("\nWhere its memory is (hidden: hint faults can't see it):\n", file);
		table_print(table, file);
	}
	table_free(table);
}

static void print_vmstat(const struct vmstat *vmstat, FILE *file)
{
	const char *separator = "\nWhole machine, by the kernel (vmstat):";

	for (int item = 0; item < VMSTAT_ITEMS; item++)
		if (vmstat->known[item]) {
			fprintf(file, "%s %s %" PRIu64, separator, vmstat_name(item), vmstat->values[item]);
			separator = ",";
		}
	if (*separator == ',')
		fputc('\n', file);
}

void stat_print(const struct stat_window *window, FILE *file)
{
	const struct numaperf_report *report = window->report;

	print_title(window, file);
	print_sources(window, file);
	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++)
		print_matrix(report, source, file);
	if (window->per_thread)
		print_threads(report, file);
	print_resident(report, file);
	print_vmstat(&window->vmstat, file);
	if (numaperf_report_missed(report))
		fprintf(file,
			"Hooks missed %" PRIu64 " times on the whole machine: counts are too low by at most that.\n",
			numaperf_report_missed(report));
	if (numaperf_report_untracked(report))
		fprintf(file, "%" PRIu64 " threads could not be counted.\n", numaperf_report_untracked(report));
}
