/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events: what the kernel module tells when something happens to a lease or a target.
 *
 * One kind of object for two sources: what concerns this process (here), and the whole host (<numaperf/host.h>, in a
 * library of its own). Both give a descriptor to wait on in the program's own loop:
 *
 *	numaperf_events_open(&events);
 *	poll(&(struct pollfd){ .fd = numaperf_events_fd(events), .events = POLLIN }, 1, -1);
 *	while ((r = numaperf_events_next(events, &event)) > 0)
 *		...
 *
 * An object is for one thread at a time.
 */
#ifndef NUMAPERF_EVENTS_H
#define NUMAPERF_EVENTS_H

#include <sys/types.h>

#include <numaperf/base.h>
#include <numaperf/collector.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_events;

/* A type beside enum numaperf_event_type of <linux/numaperf.h>: some were missed; a later event says how many. */
#define NUMAPERF_EVENT_OVERRUN 0

struct numaperf_event {
	unsigned type;     /* enum numaperf_event_type, or NUMAPERF_EVENT_OVERRUN */
	unsigned reason;   /* enum numaperf_reason */
	uint64_t missed;   /* events lost just before this one, as the reader was too slow */
	uint64_t time_ns;  /* CLOCK_MONOTONIC */
	uint64_t id;       /* of the lease or target */
	pid_t pid, tid;    /* process and thread concerned; 0: not visible from here */
	uid_t uid;         /* whose lease or target; (uid_t)-1: this process's */
	uint64_t addr;     /* by type: first address concerned (0: not told), or a count */
	uint64_t value;    /* by type: pages lost, or permille */
};

/*
 * Events of the leases that this process holds through the library: lost, re-asserted, ended by others. Works in
 * containers, as far as the device does. Those that are waiting are lost when the last hard pin and the last such object
 * of the process have gone. Two objects share the events: each goes to one of them. HARD_MODE_UNAVAILABLE without the
 * module.
 */
NUMAPERF_API int numaperf_events_open(struct numaperf_events **ret_events);
/*
 * Events of what the collector counts: its process has exited, may no longer be counted, its locality is low. The object
 * holds the collector's session: counting ends when both have been freed. CAPABILITY_MISSING without the module.
 */
NUMAPERF_API int numaperf_collector_events_open(const struct numaperf_collector *collector,
						struct numaperf_events **ret_events);
NUMAPERF_API void numaperf_events_free(struct numaperf_events *events);
NUMAPERF_DEFINE_CLEANUP(events, numaperf_events_free)

/* To poll for POLLIN; not to read from. The object's own: don't close it. -ESTALE in a forked child. */
NUMAPERF_API int numaperf_events_fd(const struct numaperf_events *events);

/* 1 and the next event, oldest first; 0: none at the moment (it never waits); -errno. */
NUMAPERF_API int numaperf_events_next(struct numaperf_events *events, struct numaperf_event *ret_event);

/* "lease-lost", ...; "unknown". */
NUMAPERF_API const char *numaperf_event_to_string(unsigned type);

NUMAPERF_END_DECLS

#endif
