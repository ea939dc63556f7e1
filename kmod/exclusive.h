/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which CPUs strict thread pins stand on, and which of these exclusively.
 */
#ifndef NP_EXCLUSIVE_H
#define NP_EXCLUSIVE_H

#include <linux/cpumask.h>

int np_cpus_may_claim(const struct cpumask *cpus, bool exclusive);
int np_cpus_claim(const struct cpumask *cpus, bool exclusive);
void np_cpus_unclaim(const struct cpumask *cpus, bool exclusive);

#endif /* NP_EXCLUSIVE_H */
