/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Observed regions: memory of the module's own, on the exact nodes from its
 * making, mapped through a file with an inode of its own.
 *
 * A region lives as long as its lease and its file. The file stands for the
 * memory: pages and charges go when it is released, that is with the last
 * mapping and descriptor. The lease stands for the observation: it may end
 * first (sampling stops, the memory stays); when the memory goes first, it ends.
 */
#ifndef NP_REGION_H
#define NP_REGION_H

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>

#include "lease.h"

struct file;
struct np_refault;
struct np_user;

/**
 * struct np_region - one region
 * @lease: embedded; the file has a reference of its own
 * @user: charged (a reference)
 * @nodes: where its pages are
 * @interleave: page i on node i modulo @nodes
 * @order: of its pages: 0, or HPAGE_PMD_ORDER
 * @npages: pages, of that order
 * @parts: that accesses are told apart by
 * @followed: exec and exit of the process are seen
 * @mapping: of its inode; valid until the file is released
 * @maps: areas of address spaces that map it
 * @pages: all there while the file is
 * @present: bytes there now
 * @sampler_lock: starts, stops and changes the sampler
 * @sampler: NULL until a rate was asked for the first time; freed with the region
 * @closed: no more sampling, under @sampler_lock
 */
struct np_region {
	struct np_lease lease;
	struct np_user *user;
	nodemask_t nodes;
	bool interleave;
	unsigned int order;
	unsigned long npages;
	u32 parts;
	bool followed;
	struct address_space *mapping;
	atomic_t maps;
	struct page **pages;
	u64 present;
	struct mutex sampler_lock;	/* @sampler is made, @closed */
	struct np_refault *sampler;
	bool closed;
};

static inline u64 np_region_page_size(const struct np_region *region)
{
	return (u64)PAGE_SIZE << region->order;
}

static inline unsigned long np_region_base_pages(const struct np_region *region)
{
	return region->npages << region->order;
}

static inline struct np_region *np_lease_region(struct np_lease *lease)
{
	return container_of(lease, struct np_region, lease);
}

/* region.c */
int np_region_new(struct np_session *session, struct numaperf_ioc_region_new *arg,
		  struct file **ret_file);
struct np_region *np_region_find(struct np_session *session, u64 id);
void np_region_check_cpuset(struct np_region *region);
void np_region_released(struct np_region *region);

/* region_pages.c */
int np_region_room(const struct np_region *region, u32 *ret_reason,
		   s32 *ret_node);
int np_region_fill(struct np_region *region, u32 *ret_reason, s32 *ret_node);
void np_region_own(struct np_region *region);
void np_region_drain(struct np_region *region);

/* region_read.c */
int np_region_read(struct np_session *session,
		   struct numaperf_ioc_region_read *arg);
int np_region_set(struct np_session *session,
		  struct numaperf_ioc_region_set *arg);

/* region_map.c */
struct file *np_region_file(struct np_region *region);

#endif /* NP_REGION_H */
