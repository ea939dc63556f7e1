/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of the whole host. */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "perf/netlink.h"

/* Grows an array of count elements by one; NULL: no memory, and it is as before. */
static void *grown(void *array, size_t count, size_t size)
{
	/* Room doubles when the count reaches a power of two. */
	return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);
}

/* ---------------------------------------------------------------- leases */

struct host_lease {
	struct numaperf_lease_entry entry;
	struct numaperf_cpuset *cpus;
	struct numaperf_nodeset *nodes;
};

struct numaperf_host_leases {
	size_t count;
	struct host_lease *leases;
};

static void leases_clear(void *arg)
{
	struct numaperf_host_leases *leases = arg;

	for (size_t i = 0; i < leases->count; i++) {
		numaperf_cpuset_free(leases->leases[i].cpus);
		numaperf_nodeset_free(leases->leases[i].nodes);
	}
	free(leases->leases);
	*leases = (struct numaperf_host_leases){ 0 };
}

/* The kernel's words are an array of unsigned long, if those have 64 bits. */
static int lease_set(struct host_lease *lease, const struct netlink_set *set)
{
	const unsigned long *mask = (const void *)set->words;
	int r;

	if (!mask)
		return 0;
	if (lease->entry.is_range)
		r = numaperf_nodeset_from_mask(mask, set->bits, &lease->nodes);
	else
		r = numaperf_cpuset_from_mask(mask, set->bits, &lease->cpus);
	lease->entry.nodes = lease->nodes;
	lease->entry.cpus = lease->cpus;
	return r;
}

static int leases_add(const struct numaperf_lease_entry *entry, const struct netlink_set *set, void *arg)
{
	struct numaperf_host_leases *leases = arg;
	struct host_lease lease = { .entry = *entry };
	struct host_lease *array = grown(leases->leases, leases->count, sizeof(lease));
	int r;

	if (!array)
		return np_fail_nomem("host_leases_new");
	leases->leases = array;
	r = lease_set(&lease, set);
	if (r == 0)
		leases->leases[leases->count++] = lease;
	return r;
}

int numaperf_host_leases_new(struct numaperf_host_leases **ret_leases)
{
	struct numaperf_host_leases *leases = calloc(1, sizeof(*leases));
	struct netlink_listing listing = { .begin = leases_clear, .lease = leases_add, .arg = leases };
	int r;

	if (!leases)
		return np_fail_nomem("host_leases_new");
	r = netlink_leases(&listing, "host_leases_new");
	if (r < 0)
		numaperf_host_leases_free(leases);
	else
		*ret_leases = leases;
	return r;
}

void numaperf_host_leases_free(struct numaperf_host_leases *leases)
{
	if (!leases)
		return;
	leases_clear(leases);
	free(leases);
}

const struct numaperf_lease_entry *numaperf_host_leases_get(const struct numaperf_host_leases *leases, size_t i)
{
	return i < leases->count ? &leases->leases[i].entry : NULL;
}

/* --------------------------------------------------------------- targets */

struct numaperf_host_targets {
	size_t count;
	struct numaperf_host_target *targets;
};

static void targets_clear(void *arg)
{
	struct numaperf_host_targets *targets = arg;

	free(targets->targets);
	*targets = (struct numaperf_host_targets){ 0 };
}

static int targets_add(const struct numaperf_host_target *target, void *arg)
{
	struct numaperf_host_targets *targets = arg;
	struct numaperf_host_target *array = grown(targets->targets, targets->count, sizeof(*array));

	if (!array)
		return np_fail_nomem("host_targets_new");
	targets->targets = array;
	targets->targets[targets->count++] = *target;
	return 0;
}

int numaperf_host_targets_new(struct numaperf_host_targets **ret_targets)
{
	struct numaperf_host_targets *targets = calloc(1, sizeof(*targets));
	struct netlink_listing listing = { .begin = targets_clear, .target = targets_add, .arg = targets };
	int r;

	if (!targets)
		return np_fail_nomem("host_targets_new");
	r = netlink_targets(&listing, "host_targets_new");
	if (r < 0)
		numaperf_host_targets_free(targets);
	else
		*ret_targets = targets;
	return r;
}

void numaperf_host_targets_free(struct numaperf_host_targets *targets)
{
	if (!targets)
		return;
	targets_clear(targets);
	free(targets);
}

const struct numaperf_host_target *numaperf_host_targets_get(const struct numaperf_host_targets *targets, size_t i)
{
	return i < targets->count ? &targets->targets[i] : NULL;
}
