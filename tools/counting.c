/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "counting.h"
#include "message.h"
#include "signals.h"

/* Looks begin soon, for short commands, and become rare; they take at most this share of the time. */
#define FIRST_LOOK 0.05
#define LOOK_DELAY_MAX 2.0
#define LOOK_SHARE 0.05

double counting_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int begin(struct counting *counting, const struct numaperf_collector_options *options)
{
	*counting = (struct counting){ .launch = { .pidfd = -1, .fd = -1 }, .look_delay = FIRST_LOOK };
	counting->signals = signals_take();
	if (counting->signals < 0)
		return fail("signals can't be received: %s", strerror(errno));
	return numaperf_collector_new(options, &counting->collector) < 0 ? fail_last_error() : 0;
}

int counting_attach(struct counting *counting, const struct numaperf_collector_options *options)
{
	/* The descriptor first: whatever the module takes after it is the same process, or it has ended. */
	int pidfd = pidfd_open(options->pid, 0), status;

	if (pidfd < 0 && errno == ESRCH)
		return fail("there is no process %d", (int)options->pid);
	if (pidfd < 0)
		return fail("%d is a thread, or can't be waited for: %s; give the process", (int)options->pid,
			    strerror(errno));
	status = begin(counting, options);
	counting->launch.pid = options->pid;
	counting->launch.pidfd = pidfd;
	counting->next_look = counting_now();
	if (status)
		counting_free(counting);
	return status;
}

static int prepare(void *collector, int *ret_fd)
{
	(void)ret_fd;
	return numaperf_collector_track_self(collector);
}

int counting_launch(struct counting *counting, const struct numaperf_collector_options *options, char *const argv[])
{
	int status = begin(counting, options);

	counting->is_command = true;
	if (status == 0)
		status = launch_start(argv, prepare, counting->collector, &counting->launch);
	if (status == 0 && numaperf_collector_set_target(counting->collector, counting->launch.result) < 0)
		status = fail_last_error();
	counting->next_look = counting_now() + FIRST_LOOK;
	if (status)
		counting_free(counting);
	return status;
}

static void look(struct counting *counting)
{
	double before = counting_now(), took;
	struct numaperf_snapshot *snapshot = NULL;

	/* Its failure is no matter: what can't be read now is told by the last snapshot. */
	(void)numaperf_collector_snapshot(counting->collector, &snapshot);
	numaperf_snapshot_free(snapshot);
	took = counting_now() - before;
	counting->next_look = counting_now() + fmax(counting->look_delay, took / LOOK_SHARE);
	counting->look_delay = fmin(2 * counting->look_delay, LOOK_DELAY_MAX);
}

/* A command gets the signal as well, and may have something to finish: only the second one stops at once. */
static bool take_signals(struct counting *counting)
{
	struct signal_event event;

	while (signals_next(counting->signals, &event)) {
		if (counting->is_command && !event.from_terminal)
			kill(counting->launch.pid, event.number);
		if (event.number == SIGUSR1 || event.number == SIGUSR2)
			continue;
		counting->stops++;
		counting->stop_signal = event.number;
	}
	return counting->stops > (counting->is_command ? 1 : 0);
}

/* Rounded up: poll must not come back just before the time. */
static int milliseconds(double seconds)
{
	return seconds <= 0 ? 0 : seconds > 1e6 ? 1000000000 : (int)ceil(seconds * 1000);
}

enum counting_end counting_wait(struct counting *counting, double until)
{
	for (;;) {
		struct pollfd polled[] = { { .fd = counting->launch.pidfd, .events = POLLIN },
					   { .fd = counting->signals, .events = POLLIN } };

		(void)poll(polled, 2, milliseconds(fmin(until, counting->next_look) - counting_now()));
		if (polled[0].revents)
			return COUNTING_EXITED;
		if (take_signals(counting))
			return COUNTING_INTERRUPTED;
		if (counting_now() >= until)
			return COUNTING_GOES_ON;
		if (counting_now() >= counting->next_look)
			look(counting);
	}
}

int counting_finish(struct counting *counting)
{
	struct pollfd polled = { .fd = counting->launch.pidfd, .events = POLLIN };

	if (!counting->is_command || counting->launch.pidfd < 0)
		return 0;
	if (poll(&polled, 1, 0) == 1)
		return launch_wait(&counting->launch);
	kill(counting->launch.pid, SIGTERM);
	launch_wait(&counting->launch);
	return 0; /* ended because it was asked to be */
}

void counting_free(struct counting *counting)
{
	numaperf_collector_free(counting->collector);
	if (counting->launch.pidfd >= 0)
		close(counting->launch.pidfd);
	if (counting->signals >= 0)
		close(counting->signals);
}
