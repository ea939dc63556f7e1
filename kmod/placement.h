/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the pages of a range of the caller are.
 */
#ifndef NP_PLACEMENT_H
#define NP_PLACEMENT_H

#include <linux/numaperf.h>

int np_placement(struct numaperf_ioc_placement *arg);
int np_range_check(u64 addr, u64 length);

#endif /* NP_PLACEMENT_H */
