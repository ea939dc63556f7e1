/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an events object is, whatever its source: each source has one of these as its first member. */
#ifndef NUMAPERF_PERF_EVENTS_H
#define NUMAPERF_PERF_EVENTS_H

#include <numaperf/events.h>

#include "core/owner.h"

struct events_source {
	/* As numaperf_events_next(). */
	int (*next)(struct numaperf_events *events, struct numaperf_event *ret_event);
	/* Gives back all; in a forked child (here is false) what is the parent's stays. */
	void (*free)(struct numaperf_events *events, bool here);
};

/* Of collector.c: the descriptor of its session; -ESTALE. */
int collector_descriptor(const struct numaperf_collector *collector, const char *operation);

struct numaperf_events {
	const struct events_source *source;
	struct np_owner owner;
	int fd;
};

#endif
