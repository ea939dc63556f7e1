/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module's netlink family: the only place of the libraries that speaks netlink. In libnumaperf-netlink, not in
 * libnumaperf.
 *
 * Functions return 0 or -errno with the last error set.
 */
#ifndef NUMAPERF_PERF_NETLINK_H
#define NUMAPERF_PERF_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include <numaperf/events.h>
#include <numaperf/host.h>

/* Ids in a set of CPUs or nodes: a bitmap of 64-bit words. */
struct netlink_set {
	const uint64_t *words;
	size_t bits;
};

/*
 * Whole dumps: fn is called once for each, until it returns less than 0. begin is called before the first one, and again
 * if all begins anew, as something came or went meanwhile.
 */
struct netlink_listing {
	void (*begin)(void *arg);
	int (*lease)(const struct numaperf_lease_entry *lease, const struct netlink_set *set, void *arg);
	int (*target)(const struct numaperf_host_target *target, void *arg);
	void *arg;
};

int netlink_leases(const struct netlink_listing *listing, const char *operation);
int netlink_targets(const struct netlink_listing *listing, const char *operation);

#endif
