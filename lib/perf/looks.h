/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks at the memory of the processes of a target, one process at a time; the last look is kept when a process is
 * gone, since its numa_maps goes with it.
 */
#ifndef NUMAPERF_PERF_LOOKS_H
#define NUMAPERF_PERF_LOOKS_H

#include "perf/snapshot.h"

struct look {
	pid_t pid;
	struct coverage coverage;
};

struct looks {
	struct look *looks;
	size_t count;
	int error; /* of the last process that could not be looked at, negative; 0: none */
};

/* Looks again at every process that has a living thread, then sums up all into the snapshot. 0 or -ENOMEM. */
int looks_take(struct looks *looks, struct numaperf_snapshot *snapshot);
void looks_free(struct looks *looks);

#endif
