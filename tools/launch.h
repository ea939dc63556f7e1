/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting a command as a child that first prepares itself (has itself counted, or pinned) and can hand a number and a
 * descriptor up.
 */
#ifndef NUMAPERF_TOOLS_LAUNCH_H
#define NUMAPERF_TOOLS_LAUNCH_H

#include <sys/types.h>

/*
 * Runs in the child. What it returns comes up as "result"; negative: the command is not executed. A descriptor stored
 * in *ret_fd is handed up as well. Messages on stderr are its own business.
 */
typedef int (*launch_prepare_fn)(void *data, int *ret_fd);

struct launch {
	pid_t pid;
	int pidfd;  /* readable when the process has ended */
	int result; /* of prepare */
	int fd;     /* the descriptor handed up, or -1 */
};

/*
 * 0: the command runs, or prepare refused it (launch->result is negative; the child is gone). Otherwise the exit status
 * for what went wrong, with a message told: STATUS_FAILED, 127 (no such command) or 126 (it can't be executed).
 * signals_take() may have been called before.
 */
int launch_start(char *const argv[], launch_prepare_fn prepare, void *data, struct launch *ret_launch);

/* Executes in place of this process; returns only if that fails: 127 or 126, with a message told. */
int launch_execute(char *const argv[]);

/* Waits for its end: its own exit status, or 128 + the signal that killed it. */
int launch_wait(struct launch *launch);

/* Passes the pending signals of signals_take() on to the command; those of the terminal it has already got. */
void launch_forward_signals(struct launch *launch, int signals);

#endif
