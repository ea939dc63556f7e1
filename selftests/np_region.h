/* SPDX-License-Identifier: GPL-2.0 */
/* Observed regions: making, mapping and reading them. */
#ifndef NP_REGION_H
#define NP_REGION_H

#include <sched.h>

#include "np.h"

/**
 * struct np_region - a region of the test's
 * @session: its session
 * @fd: its descriptor
 * @arg: as made
 * @at: its mapping; NULL: none
 * @length: bytes
 */
struct np_region {
	int session;
	int fd;
	struct numaperf_ioc_region_new arg;
	char *at;
	size_t length;
};

struct np_region_counts {
	struct numaperf_ioc_region_read read;
	struct numaperf_region_thread threads[300];
	struct numaperf_region_cell cells[8192];
	struct numaperf_region_sample samples[8192];
};

/* Only the call; @arg.nodes stays valid as long as @nodes does. */
int np_region_new(int session, size_t length, const struct np_set *nodes, __u32 flags, __u32 rate,
		  struct numaperf_ioc_region_new *arg);
/* Made on one node and mapped. */
int np_region_make(struct np_region *region, int session, int node, size_t length, __u32 flags, __u32 rate);
/* Unmapped and closed; the lease is gone when this returns. */
void np_region_end(struct np_region *region);
int np_region_set(int session, __u64 lease, __u32 rate, __u32 repeat);
int np_region_read(int session, __u64 lease, struct np_region_counts *counts);

/* Sums over the cells; NP_REGION_ANY: whatever. */
#define NP_REGION_ANY (-2)
struct np_region_filter {
	pid_t tid;
	int part, cpu_node, page_node;
};

#define NP_REGION_ALL ((struct np_region_filter) {					\
	.tid = NP_REGION_ANY, .part = NP_REGION_ANY, .cpu_node = NP_REGION_ANY,		\
	.page_node = NP_REGION_ANY,							\
})

__u64 np_region_reads(const struct np_region_counts *counts, struct np_region_filter filter);
__u64 np_region_writes(const struct np_region_counts *counts, struct np_region_filter filter);
__u64 np_region_uses(const struct np_region_counts *counts, struct np_region_filter filter);
void np_region_print(const struct np_region_counts *counts);

/* Touch each page in turn, over and over, until so many used samples are there. False: they did not come. */
bool np_region_use(struct np_region *region, bool write, __u64 samples, struct np_region_counts *counts);

#endif
