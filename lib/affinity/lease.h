/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds a hard pin or region: a lease of the kernel module in this process' shared session. And how an enforcement is told. */
#ifndef NUMAPERF_AFFINITY_LEASE_H
#define NUMAPERF_AFFINITY_LEASE_H

#include <numaperf/enforcement.h>

struct lease {
	int session;
	uint64_t id; /* 0: none */
};

/*
 * 1: the module holds it now. 0: no longer; level, why, reason and message of *enforcement say so, and lease is 0 if it has ended (the rest
 * is left alone).
 * -errno with the last error: the module can't be asked.
 */
int lease_check(const struct lease *lease, const char *operation, struct numaperf_enforcement *enforcement);

/* Gives the lease and its hold on the session back. */
void lease_end(struct lease *lease);

/* Sets level, why and message; the rest is left alone. Messages that are too long are cut. */
void enforcement_say(struct numaperf_enforcement *enforcement, enum numaperf_level level, enum numaperf_why why, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
