/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole host, as the kernel module tells it over generic netlink: leases, targets and events of all processes.
 *
 * In a library of its own, libnumaperf-netlink (pkg-config numaperf-netlink), as it needs libnl-3: programs that don't
 * look at the host don't load that. Netlink is that of the initial network namespace: elsewhere, in most containers,
 * all of this answers -ENODEV, kind CAPABILITY_MISSING, as without the module (which the request loads where
 * modprobe(8) knows it).
 */
#ifndef NUMAPERF_HOST_H
#define NUMAPERF_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include <numaperf/base.h>
#include <numaperf/events.h>
#include <numaperf/leases.h>

NUMAPERF_BEGIN_DECLS

/* Leases by ascending id: this user's; with CAP_SYS_NICE everyone's. */
struct numaperf_host_leases; /* immutable */

NUMAPERF_API int numaperf_host_leases_new(struct numaperf_host_leases **ret_leases);
NUMAPERF_API void numaperf_host_leases_free(struct numaperf_host_leases *leases);
NUMAPERF_DEFINE_CLEANUP(host_leases, numaperf_host_leases_free)
/* By index from 0; NULL after the last. */
NUMAPERF_API const struct numaperf_lease_entry *numaperf_host_leases_get(const struct numaperf_host_leases *leases,
									  size_t i);

#define NUMAPERF_HOST_SOURCES 8

/* What one source has counted for a target; "local": CPU and page on one node. */
struct numaperf_host_sum {
	bool known; /* it counts, and this process may see it */
	uint64_t samples, local_samples, pages, local_pages;
};

/* Somebody's measurement. */
struct numaperf_host_target {
	uint64_t id;
	uid_t uid;        /* whose session */
	pid_t pid, tid;   /* what is measured; tid 0: the whole process; pid 0: not visible from here */
	unsigned flags;   /* NUMAPERF_TRACK_* of <linux/numaperf.h> */
	unsigned sources; /* bit n: enum numaperf_source n counts */
	uint64_t since_ns;
	unsigned threads; /* with counts of their own, ended ones included */
	uint64_t untracked;
	struct numaperf_host_sum sums[NUMAPERF_HOST_SOURCES]; /* by enum numaperf_source */
};

/*
 * Targets by ascending id: this user's; with CAP_SYS_NICE everyone's. Sums: with CAP_PERFMON all; else of this user's
 * targets, unless their session was opened with CAP_PERFMON.
 */
struct numaperf_host_targets; /* immutable */

NUMAPERF_API int numaperf_host_targets_new(struct numaperf_host_targets **ret_targets);
NUMAPERF_API void numaperf_host_targets_free(struct numaperf_host_targets *targets);
NUMAPERF_DEFINE_CLEANUP(host_targets, numaperf_host_targets_free)
NUMAPERF_API const struct numaperf_host_target *numaperf_host_targets_get(const struct numaperf_host_targets *targets,
									   size_t i);

/*
 * Events of all sessions of the host, from now on; read by the functions of <numaperf/events.h>. -EPERM without
 * CAP_NET_ADMIN. Addresses are not told; pids are those of the initial pid namespace. After the module was unloaded
 * nothing comes any more, also when it is loaded again: open anew.
 */
NUMAPERF_API int numaperf_host_events_open(struct numaperf_events **ret_events);

NUMAPERF_END_DECLS

#endif
