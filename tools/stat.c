/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numaperf stat: the locality of a command or of a running process, measured by the kernel module.
 */
#include <getopt.h>
#include <math.h>
#include <unistd.h>

#include "counting.h"
#include "message.h"
#include "options.h"
#include "output_file.h"
#include "stat_print.h"
#include "verb.h"

enum {
	OPTION_DURATION = OPTION_LONG,
	OPTION_JSON,
	OPTION_PERIOD,
	OPTION_CHILDREN,
	OPTION_PER_THREAD,
	OPTION_NO_PER_THREAD
};

static const struct option_spec options[] = {
	{ "pid", 'p', "PID", "count a running process (all its threads)" },
	{ "children", OPTION_CHILDREN, NULL, "count the processes that it forks, too" },
	{ "interval", 'I', "SECONDS", "print what was counted in each interval" },
	{ "duration", OPTION_DURATION, "SECONDS", "stop after this time; a command is ended (SIGTERM)" },
	{ "period", OPTION_PERIOD, "FAULTS", "page faults from one sample to the next, on average" },
	{ "per-thread", OPTION_PER_THREAD, NULL, "show each thread (the default)" },
	{ "no-per-thread", OPTION_NO_PER_THREAD, NULL, "show the whole only" },
	{ "output", 'o', "FILE", "print into this file instead of standard error" },
	{ "json", OPTION_JSON, NULL, "print a JSON object; with --interval one a line" },
	{ 0 },
};

static const struct command command = {
	.verb = "stat",
	.synopsis = "[OPTION]... [--] COMMAND [ARGUMENT]...\n       numaperf stat [OPTION]... --pid PID",
	.summary = "Measures how local the memory accesses of a command or a process are: for each source of samples the\n"
		   "share of pages that were on the node of the CPU that used them, or UNKNOWN and why. Sources are\n"
		   "never merged.",
	.options = options,
	.notes = "Sources: hint measures touched-pages (NUMA hint faults; needs kernel.numa_balancing=1 and memory that\n"
		 "these can see), fault measures first-touch (where freshly faulted pages landed). Counting one's own\n"
		 "commands and processes needs the kernel module, but no privilege; others' need CAP_PERFMON.\n\n"
		 "The result goes to standard error, so that the command's output stays clean. Ctrl-C stops and prints.\n\n"
		 "Exit status: that of the command, 128 + N if signal N killed it; with --pid 0; 1 on failure, 2 for\n"
		 "wrong usage.",
};

struct settings {
	struct numaperf_collector_options collector;
	double interval, duration; /* 0: none */
	const char *output;
	bool json, per_thread;
	char **command; /* NULL: --pid */
};

/* What is needed to print one window after the other. */
struct printing {
	const struct settings *settings;
	struct counting *counting;
	FILE *file;
	struct numaperf_snapshot *last; /* NULL: the beginning */
	struct vmstat last_vmstat;
	double began;
};

static int take_option(struct settings *settings, int letter)
{
	switch (letter) {
	case 'p':
		return parse_pid(optarg, &settings->collector.pid) < 0 ?
			       usage_error("'%s' is not the id of a process", optarg) :
			       0;
	case 'I':
		return parse_seconds(optarg, &settings->interval) < 0 ?
			       usage_error("'%s' is not a number of seconds", optarg) :
			       0;
	case OPTION_DURATION:
		return parse_seconds(optarg, &settings->duration) < 0 ?
			       usage_error("'%s' is not a number of seconds", optarg) :
			       0;
	case OPTION_PERIOD:
		if (parse_unsigned(optarg, &settings->collector.fault_period) == 0 && settings->collector.fault_period)
			return 0;
		return usage_error("'%s' is not a number of faults", optarg);
	case OPTION_CHILDREN:
		settings->collector.children = true;
		return 0;
	case OPTION_PER_THREAD:
	case OPTION_NO_PER_THREAD:
		settings->per_thread = letter == OPTION_PER_THREAD;
		return 0;
	case 'o':
		settings->output = optarg;
		return 0;
	case OPTION_JSON:
		settings->json = true;
		return 0;
	}
	return 0;
}

static int take_options(int argc, char **argv, struct settings *settings, bool *ret_done)
{
	int letter, status;

	*ret_done = true;
	while ((letter = options_next(&command, argc, argv)) >= 0) {
		status = take_option(settings, letter);
		if (status)
			return status;
	}
	if (letter != OPTIONS_END)
		return options_status(letter);
	if (argv[optind])
		settings->command = argv + optind;
	if (!settings->command && !settings->collector.pid)
		return usage_error("neither a command nor --pid given");
	if (settings->command && settings->collector.pid)
		return usage_error("both a command and --pid given");
	*ret_done = false;
	return 0;
}

/* exit_status: of the command, -1: it runs */
static int print_window(struct printing *printing, int exit_status)
{
	NUMAPERF_AUTO(report) struct numaperf_report *report = NULL;
	const struct settings *settings = printing->settings;
	struct numaperf_snapshot *now = NULL;
	struct vmstat vmstat = vmstat_read();
	struct stat_window window = {
		.vmstat = vmstat_between(&printing->last_vmstat, &vmstat),
		.command = settings->command,
		.pid = printing->counting->launch.pid,
		.begins = printing->began,
		.is_interval = settings->interval > 0,
		.per_thread = settings->per_thread,
		.exit_status = exit_status,
	};

	if (numaperf_collector_snapshot(printing->counting->collector, &now) < 0)
		return fail_last_error();
	if (numaperf_report_generate(printing->last, now, &report) < 0) {
		numaperf_snapshot_free(now);
		return fail_last_error();
	}
	numaperf_snapshot_free(printing->last);
	printing->last = now;
	printing->last_vmstat = vmstat;
	window.report = report;
	if (settings->json)
		stat_print_json(&window, printing->file);
	else
		stat_print(&window, printing->file);
	printing->began += numaperf_report_seconds(report);
	fflush(printing->file);
	return 0;
}

/* Counts to the end. *ret_status: of the command, or 0. */
static int count(struct printing *printing, int *ret_status)
{
	const struct settings *settings = printing->settings;
	double start = counting_now(), end = settings->duration ? start + settings->duration : INFINITY;
	double next = settings->interval ? start + settings->interval : INFINITY;

	for (;;) {
		enum counting_end how = counting_wait(printing->counting, fmin(next, end));
		int status;

		if (how == COUNTING_GOES_ON && counting_now() < end) {
			status = print_window(printing, -1);
			if (status)
				return status;
			next += settings->interval;
			continue;
		}
		/* A process that lives is read before anything disturbs it, a command is awaited, for its status. */
		if (how == COUNTING_EXITED)
			*ret_status = counting_finish(printing->counting);
		else if (how == COUNTING_INTERRUPTED && settings->command)
			*ret_status = 128 + printing->counting->stop_signal;
		return print_window(printing, how == COUNTING_EXITED && settings->command ? *ret_status : -1);
	}
}

/* *ret_status: of the command, or 0 */
static int measure(const struct settings *settings, FILE *file, int *ret_status)
{
	struct counting counting;
	struct printing printing = {
		.settings = settings, .counting = &counting, .file = file, .last_vmstat = vmstat_read()
	};
	int status;

	status = settings->command ? counting_launch(&counting, &settings->collector, settings->command) :
				     counting_attach(&counting, &settings->collector);
	if (status)
		return status;
	*ret_status = 0;
	status = count(&printing, ret_status);
	counting_finish(&counting);
	numaperf_snapshot_free(printing.last);
	counting_free(&counting);
	return status;
}

int verb_stat(int argc, char **argv)
{
	struct settings settings = { .collector = NUMAPERF_COLLECTOR_OPTIONS_INIT, .per_thread = true };
	struct output_file output;
	int status, command_status;
	bool done;

	status = take_options(argc, argv, &settings, &done);
	if (done)
		return status;
	status = output_file_open(settings.output, &output);
	if (status)
		return status;
	status = measure(&settings, output.file, &command_status);
	if (status) {
		output_file_discard(&output);
		return status;
	}
	status = output_file_commit(&output);
	return status ? status : command_status;
}
