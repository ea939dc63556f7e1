/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of this process's own session, and what events of any source have in common. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/names.h"
#include "perf/events.h"

static const char *const type_names[] = {
	[NUMAPERF_EVENT_OVERRUN] = "overrun",
	[NUMAPERF_EVENT_LEASE_LOST] = "lease-lost",
	[NUMAPERF_EVENT_LEASE_ENDED] = "lease-ended",
	[NUMAPERF_EVENT_LEASE_REASSERTED] = "lease-reasserted",
	[NUMAPERF_EVENT_TARGET_LOST] = "target-lost",
	[NUMAPERF_EVENT_TARGET_EXITED] = "target-exited",
	[NUMAPERF_EVENT_MOVE_REFUSED] = "move-refused",
	[NUMAPERF_EVENT_LEASE_REARMED] = "lease-rearmed",
	[NUMAPERF_EVENT_LOCALITY_LOW] = "locality-low",
	[NUMAPERF_EVENT_LOCALITY_BACK] = "locality-back",
};

const char *numaperf_event_to_string(unsigned type)
{
	return np_name_of(type_names, NP_COUNT(type_names), type);
}

static int session_next(struct numaperf_events *events, struct numaperf_event *ret_event)
{
	struct numaperf_event_record record;
	int r = kmod_event(events->fd, &record);

	if (r <= 0)
		return r < 0 ? np_fail_in(r, NUMAPERF_ERROR_NONE, "events_next") : 0;
	*ret_event = (struct numaperf_event){
		.type = record.type,
		.reason = record.reason,
		.missed = record.dropped,
		.time_ns = record.time_ns,
		.id = record.id,
		.pid = record.pid,
		.tid = record.tid,
		.uid = (uid_t)-1,
		.addr = record.addr,
		.value = record.value,
	};
	return 1;
}

static void session_free(struct numaperf_events *events, bool here)
{
	if (here)
		kmod_session_put();
	free(events);
}

static const struct events_source session_source = { .next = session_next, .free = session_free };

/* A descriptor of its own. */
static void copy_free(struct numaperf_events *events, bool here)
{
	(void)here; /* a forked child closes its copy only */
	kmod_close(events->fd);
	free(events);
}

static const struct events_source copy_source = { .next = session_next, .free = copy_free };

/* On failure fd stays the caller's. */
static int events_new(int fd, const struct events_source *source, const char *operation,
		      struct numaperf_events **ret_events)
{
	struct numaperf_events *events = malloc(sizeof(*events));

	if (!events)
		return np_fail_nomem(operation);
	*events = (struct numaperf_events){ .source = source, .owner = np_owner_here(), .fd = fd };
	*ret_events = events;
	return 0;
}

int numaperf_events_open(struct numaperf_events **ret_events)
{
	int fd = -1, r = kmod_session_get("events_open", &fd);

	if (r < 0)
		return r;
	r = events_new(fd, &session_source, "events_open", ret_events);
	if (r < 0)
		kmod_session_put();
	return r;
}

int numaperf_collector_events_open(const struct numaperf_collector *collector, struct numaperf_events **ret_events)
{
	static const char operation[] = "collector_events_open";
	int fd = collector_descriptor(collector, operation), r;

	if (fd < 0)
		return fd;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return np_fail(errno, NUMAPERF_ERROR_IO, operation, "The session's descriptor can't be copied: %s.",
			       numaperf_strerror(-errno));
	r = events_new(fd, &copy_source, operation, ret_events);
	if (r < 0)
		kmod_close(fd);
	return r;
}

void numaperf_events_free(struct numaperf_events *events)
{
	if (events)
		events->source->free(events, np_owner_is_here(events->owner));
}

int numaperf_events_fd(const struct numaperf_events *events)
{
	int r = np_owner_check(events->owner, "events_fd");

	return r < 0 ? r : events->fd;
}

int numaperf_events_next(struct numaperf_events *events, struct numaperf_event *ret_event)
{
	int r = np_owner_check(events->owner, "events_next");

	return r < 0 ? r : events->source->next(events, ret_event);
}
