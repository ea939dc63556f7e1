/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fork rule: an object belongs to the process that made it. A forked child has a copy of its memory, but neither
 * its leases nor its threads, so everything but its free answers -ESTALE there, and its free only gives back memory.
 *
 * Found by comparing process ids, without atfork handlers (which can't be taken back when the library is unloaded).
 */
#ifndef NUMAPERF_CORE_OWNER_H
#define NUMAPERF_CORE_OWNER_H

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "core/error.h"

struct np_owner {
	pid_t pid;
};

static inline struct np_owner np_owner_here(void)
{
	return (struct np_owner){ .pid = getpid() };
}

static inline bool np_owner_is_here(struct np_owner owner)
{
	return owner.pid == getpid();
}

/* 0, or -ESTALE with the last error set. */
static inline int np_owner_check(struct np_owner owner, const char *operation)
{
	if (np_owner_is_here(owner))
		return 0;
	return np_fail(ESTALE, NUMAPERF_ERROR_STALE, operation,
		       "This object was made by process %d, before a fork; make a new one in this process.",
		       (int)owner.pid);
}

#endif
