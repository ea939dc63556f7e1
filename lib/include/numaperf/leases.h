/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The leases of this machine, as the kernel module lists them, and their revocation by an administrator.
 */
#ifndef NUMAPERF_LEASES_H
#define NUMAPERF_LEASES_H

#include <stdbool.h>
#include <sys/types.h>

#include <numaperf/base.h>
#include <numaperf/set.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_lease_list; /* immutable */

struct numaperf_lease_entry {
	uint64_t id;
	bool is_range;          /* else a thread pin */
	bool lost;
	unsigned reason;        /* enum numaperf_reason of <linux/numaperf.h>: why lost */
	pid_t pid, tid;         /* as this process sees them, 0: not visible */
	uid_t uid;
	char name[16];
	uint64_t since_ns;      /* CLOCK_MONOTONIC */
	unsigned threads;
	uint64_t addr, length, held;
	uint64_t reasserted, losses;
	const struct numaperf_cpuset *cpus;   /* thread pins: the CPUs held to, else NULL */
	const struct numaperf_nodeset *nodes; /* range pins: the nodes, else NULL */
};

/* Leases visible to the caller: its own user's; with CAP_SYS_NICE everyone's. CAPABILITY_MISSING without the module. */
NUMAPERF_API int numaperf_lease_list_new(struct numaperf_lease_list **ret_list);
NUMAPERF_API void numaperf_lease_list_free(struct numaperf_lease_list *list);
NUMAPERF_DEFINE_CLEANUP(lease_list, numaperf_lease_list_free)
/* By index from 0; NULL after the last. */
NUMAPERF_API const struct numaperf_lease_entry *numaperf_lease_list_get(const struct numaperf_lease_list *list, size_t i);

/* Ends any lease by id. -EPERM (needs CAP_SYS_NICE in the initial user namespace), -ENOENT. */
NUMAPERF_API int numaperf_lease_revoke(uint64_t id);

NUMAPERF_END_DECLS

#endif
