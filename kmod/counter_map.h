/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of a target that user space maps: a block for each CPU, so that no
 * two that count share anything. See struct numaperf_counters_head.
 */
#ifndef NP_COUNTER_MAP_H
#define NP_COUNTER_MAP_H

#include <linux/numaperf.h>
#include <linux/types.h>

struct file;
struct np_counter_map;
struct np_sample;
struct np_session;
struct np_user;

/* Sums over all CPUs, of one source. */
struct np_locality {
	u64 samples;
	u64 pages;
	u64 local;
};

struct np_counter_map *np_counter_map_create(struct np_user *user,
					     u32 *ret_reason);
void np_counter_map_put(struct np_counter_map *map);
void np_counter_map_add(struct np_counter_map *map,
			const struct np_sample *sample);
void np_counter_map_locality(struct np_counter_map *map,
			     enum numaperf_source source,
			     struct np_locality *ret);

/* COUNTERS */
int np_counters(struct np_session *session, struct numaperf_ioc_counters *arg,
		struct file **ret_file);

#endif /* NP_COUNTER_MAP_H */
