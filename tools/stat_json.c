/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include <numaperf/error.h>

#include "json.h"
#include "stat_print.h"

/* thread -1: the whole target */
static void write_matrix(struct json *json, const struct numaperf_report *report, ssize_t thread, int source)
{
	struct numaperf_report_cell cell;

	json_array(json, "matrix");
	for (size_t i = 0; numaperf_report_cell(report, thread, i, &cell) == 0; i++) {
		if ((int)cell.source != source)
			continue;
		json_object(json, NULL);
		json_number(json, "cpu_node", cell.cpu_node);
		json_number(json, "page_node", cell.page_node);
		json_unsigned(json, "samples", cell.samples);
		json_unsigned(json, "pages", cell.pages);
		json_end(json);
	}
	json_end(json);
}

static void write_ratio(struct json *json, const struct numaperf_ratio *ratio)
{
	json_string(json, "source", numaperf_report_source_to_string(ratio->source));
	json_string(json, "estimand", ratio->estimand);
	json_bool(json, "known", ratio->known);
	if (ratio->known)
		json_real(json, "local", ratio->local);
	else
		json_null(json, "local");
	json_string(json, "health", numaperf_health_to_string(ratio->health));
	json_string(json, "why", ratio->known ? NULL : ratio->why);
	json_unsigned(json, "samples", ratio->samples);
	json_unsigned(json, "pages_local", ratio->pages_local);
	json_unsigned(json, "pages_remote", ratio->pages_remote);
	if (ratio->coverage >= 0)
		json_real(json, "memory_visible", ratio->coverage);
	else
		json_null(json, "memory_visible");
}

static void write_sources(struct json *json, const struct numaperf_report *report, ssize_t thread)
{
	struct numaperf_ratio ratio;

	json_array(json, "sources");
	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++) {
		if ((thread < 0 ? numaperf_report_ratio(report, source, &ratio) :
				  numaperf_report_thread_ratio(report, (size_t)thread, source, &ratio)) < 0)
			continue;
		json_object(json, NULL);
		write_ratio(json, &ratio);
		write_matrix(json, report, thread, source);
		json_end(json);
	}
	json_end(json);
}

static void write_threads(struct json *json, const struct numaperf_report *report)
{
	struct numaperf_report_thread thread;

	json_array(json, "threads");
	for (size_t i = 0; numaperf_report_thread(report, i, &thread) == 0; i++) {
		json_object(json, NULL);
		json_number(json, "pid", thread.pid);
		json_number(json, "tid", thread.tid);
		json_string(json, "name", thread.name);
		json_bool(json, "exited", thread.exited);
		json_bool(json, "lost", thread.lost);
		json_number(json, "cpu_node", thread.cpu_node);
		json_unsigned(json, "faults", thread.faults);
		json_unsigned(json, "unresolved", thread.unresolved);
		json_unsigned(json, "missed", thread.missed);
		write_sources(json, report, (ssize_t)i);
		json_end(json);
	}
	json_end(json);
}

static void write_resident(struct json *json, const struct numaperf_report *report)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	struct numaperf_report_resident resident;

	json_array(json, "resident");
	for (size_t i = 0; numaperf_report_resident(report, i, &resident) == 0; i++) {
		json_object(json, NULL);
		json_number(json, "node", resident.node);
		json_unsigned(json, "pages", resident.pages);
		json_unsigned(json, "hidden_pages", resident.hidden);
		json_unsigned(json, "bytes", resident.pages * page_size);
		json_end(json);
	}
	json_end(json);
}

static void write_vmstat(struct json *json, const struct vmstat *vmstat)
{
	json_object(json, "vmstat");
	json_string(json, "scope", "whole machine");
	for (int item = 0; item < VMSTAT_ITEMS; item++) {
		if (vmstat->known[item])
			json_unsigned(json, vmstat_name(item), vmstat->values[item]);
		else
			json_null(json, vmstat_name(item));
	}
	json_end(json);
}

static void write_command(struct json *json, char *const *command)
{
	if (!command) {
		json_null(json, "command");
		return;
	}
	json_array(json, "command");
	for (; *command; command++)
		json_string(json, NULL, *command);
	json_end(json);
}

void stat_print_json(const struct stat_window *window, FILE *file)
{
	struct json json;

	json_start(&json, file);
	json.one_line = window->is_interval;
	json_object(&json, NULL);
	json_string(&json, "version", numaperf_version());
	write_command(&json, window->command);
	json_number(&json, "pid", window->pid);
	if (window->exit_status >= 0)
		json_number(&json, "exit_status", window->exit_status);
	else
		json_null(&json, "exit_status");
	json_real(&json, "begins", window->begins);
	json_real(&json, "seconds", numaperf_report_seconds(window->report));
	write_sources(&json, window->report, -1);
	if (window->per_thread)
		write_threads(&json, window->report);
	write_resident(&json, window->report);
	write_vmstat(&json, &window->vmstat);
	json_unsigned(&json, "missed", numaperf_report_missed(window->report));
	json_unsigned(&json, "untracked", numaperf_report_untracked(window->report));
	json_end(&json);
}
