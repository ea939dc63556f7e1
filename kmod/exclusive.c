// SPDX-License-Identifier: GPL-2.0
/*
 * A lease on threads claims the CPUs it holds them to, from before it is visible
 * until its end begins; a lost one, too, as it may be re-armed. An exclusive
 * claim and any other one on the same CPU exclude each other. It is about strict
 * pins only: others may run there (that would be isolcpus).
 */
#include <linux/mutex.h>
#include <linux/percpu.h>

#include "exclusive.h"

static DEFINE_MUTEX(claims_mutex);
static DEFINE_PER_CPU(unsigned int, claims);	/* leases on this CPU */
static struct cpumask taken;			/* by exclusive ones */

static int claim_check(const struct cpumask *cpus, bool exclusive)
{
	unsigned int cpu;

	lockdep_assert_held(&claims_mutex);
	if (cpumask_intersects(cpus, &taken))
		return -EBUSY;
	if (!exclusive)
		return 0;
	for_each_cpu(cpu, cpus) {
		if (per_cpu(claims, cpu))
			return -EBUSY;
	}
	return 0;
}

/* Would np_cpus_claim() succeed now? 0 or -EBUSY. */
int np_cpus_may_claim(const struct cpumask *cpus, bool exclusive)
{
	int err;

	mutex_lock(&claims_mutex);
	err = claim_check(cpus, exclusive);
	mutex_unlock(&claims_mutex);
	return err;
}

/* All of them or, with -EBUSY, none. */
int np_cpus_claim(const struct cpumask *cpus, bool exclusive)
{
	unsigned int cpu;
	int err;

	mutex_lock(&claims_mutex);
	err = claim_check(cpus, exclusive);
	if (!err) {
		for_each_cpu(cpu, cpus)
			per_cpu(claims, cpu)++;
		if (exclusive)
			cpumask_or(&taken, &taken, cpus);
	}
	mutex_unlock(&claims_mutex);
	return err;
}

void np_cpus_unclaim(const struct cpumask *cpus, bool exclusive)
{
	unsigned int cpu;

	mutex_lock(&claims_mutex);
	for_each_cpu(cpu, cpus)
		per_cpu(claims, cpu)--;
	if (exclusive)
		cpumask_andnot(&taken, &taken, cpus);
	mutex_unlock(&claims_mutex);
}
