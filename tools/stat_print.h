/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `stat` prints of one window: tables for people, or one JSON object. */
#ifndef NUMAPERF_TOOLS_STAT_PRINT_H
#define NUMAPERF_TOOLS_STAT_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include <numaperf/collector.h>

#include "vmstat.h"

struct stat_window {
	const struct numaperf_report *report;
	struct vmstat vmstat;
	char *const *command; /* ends with NULL; NULL: a process that ran already */
	pid_t pid;
	double begins;     /* seconds since counting began */
	bool is_interval;  /* one of several */
	bool per_thread;
	int exit_status;   /* of the command, -1: it has not ended */
};

void stat_print(const struct stat_window *window, FILE *file);
void stat_print_json(const struct stat_window *window, FILE *file);

#endif
