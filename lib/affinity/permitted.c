/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "affinity/mask.h"
#include "affinity/permitted.h"
#include "topo/sets.h"

/* The first thread's affinity when a pin was first made: it may itself be pinned later. Written once, never freed: one set a process. */
static struct numaperf_cpuset *at_first;

static int first_affinity(const struct numaperf_cpuset **ret_cpus)
{
	struct numaperf_cpuset *now, *none = NULL;
	int r;

	*ret_cpus = __atomic_load_n(&at_first, __ATOMIC_ACQUIRE);
	if (*ret_cpus)
		return 0;
	r = mask_get(getpid(), &now);
	if (r < 0)
		return r;
	if (__atomic_compare_exchange_n(&at_first, &none, now, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		*ret_cpus = now;
	} else { /* another thread was faster */
		numaperf_cpuset_free(now);
		*ret_cpus = none;
	}
	return 0;
}

int permitted_cpus(const struct numaperf_cpuset *unpinned, struct numaperf_cpuset **ret_cpus)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = NULL, *now = NULL;
	const struct numaperf_cpuset *first;
	int r = first_affinity(&first);

	if (r == 0)
		r = mask_get(getpid(), &now);
	if (r == -ESRCH) /* the first thread has ended */
		r = numaperf_cpuset_new(&now);
	if (r == 0)
		r = numaperf_cpuset_copy(unpinned, &cpus);
	if (r == 0)
		r = numaperf_cpuset_or(cpus, first);
	if (r == 0)
		r = numaperf_cpuset_or(cpus, now);
	if (r < 0)
		return r;
	*ret_cpus = cpus;
	cpus = NULL;
	return 0;
}

const char *permitted_why_not(unsigned cpu)
{
	struct topo_sets sets;
	const char *why;

	if (topo_sets_read_live("pin_cpus", &sets) < 0)
		return "can't be used";
	if (!numaperf_cpuset_has(sets.cpus_present, cpu))
		why = "does not exist";
	else if (!numaperf_cpuset_has(sets.cpus_online, cpu))
		why = "is offline";
	else
		why = "is forbidden to this process by its cpuset or by the affinity it was started with";
	topo_sets_free(&sets);
	return why;
}
