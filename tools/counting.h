/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One target under count: a running process, or a command that is started for it; and waiting for its end, for time, or
 * for Ctrl-C.
 *
 * While it waits, the target's memory is looked at now and then (a snapshot does that), for what a process had can't be
 * seen after its end.
 */
#ifndef NUMAPERF_TOOLS_COUNTING_H
#define NUMAPERF_TOOLS_COUNTING_H

#include <stdbool.h>

#include <numaperf/collector.h>

#include "launch.h"

struct counting {
	struct numaperf_collector *collector;
	struct launch launch; /* a command; else only its pid and pidfd are used */
	bool is_command;
	int signals;
	unsigned stops;  /* signals that asked to stop, so far */
	int stop_signal; /* the last of them */
	double next_look, look_delay; /* seconds; CLOCK_MONOTONIC */
};

/* 0, or an exit status with a message told and nothing left running. */
int counting_attach(struct counting *counting, const struct numaperf_collector_options *options);
int counting_launch(struct counting *counting, const struct numaperf_collector_options *options, char *const argv[]);

enum counting_end {
	COUNTING_GOES_ON, /* the time is over, the target lives */
	COUNTING_EXITED,
	COUNTING_INTERRUPTED,
};

double counting_now(void);
/* Waits until then (CLOCK_MONOTONIC in seconds; infinity: for ever), or for the end. */
enum counting_end counting_wait(struct counting *counting, double until);

/*
 * A command: the exit status if it has ended. If it still runs it is ended; then, and for a process that was counted,
 * 0.
 */
int counting_finish(struct counting *counting);
void counting_free(struct counting *counting);

#endif
