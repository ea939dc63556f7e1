/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals as events on a descriptor, so that waiting for a process, for time and for Ctrl-C is one poll(2).
 */
#ifndef NUMAPERF_TOOLS_SIGNALS_H
#define NUMAPERF_TOOLS_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * From now on HUP (unless nohup ignores it), INT, QUIT, TERM, USR1 and USR2 come through the descriptor that this
 * returns; INT and QUIT even if they were ignored, as a shell does for what it starts in the background. -1: not
 * possible, errno set.
 */
int signals_take(void);
/* In a forked child, before it executes something: signals are as they were before. */
void signals_give_back(void);

struct signal_event {
	int number;
	bool from_terminal; /* the whole foreground process group got it, children as well */
};

/* The next one. false: there is none. */
bool signals_next(int fd, struct signal_event *ret_event);

#endif
