// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a region: each allocated on exactly the wanted node, or none.
 * Nothing here can call the OOM killer (__GFP_THISNODE, __GFP_RETRY_MAYFAIL),
 * but an allocation that is bound to fail would still drive the node into
 * reclaim: so what is asked is compared with what is free or easily so, first
 * and then again and again.
 */
#include <linux/mmzone.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/topology.h>
#include <linux/vmstat.h>

#include "inject.h"
#include "node_ceiling.h"
#include "region.h"

#define REGION_GFP							\
	(GFP_HIGHUSER | __GFP_THISNODE | __GFP_RETRY_MAYFAIL |		\
	 __GFP_NOWARN | __GFP_ACCOUNT | __GFP_ZERO)

/* Base pages allocated between two looks at the node's memory. */
#define ROOM_INTERVAL	1024

/* Part of a node's memory that regions never take: 1/32. */
#define RESERVE_SHIFT	5

static unsigned long zone_room(struct zone *zone)
{
	unsigned long room, kept;

	room = zone_page_state(zone, NR_FREE_PAGES) +
	       zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
	       zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
	kept = high_wmark_pages(zone) +
	       (zone_managed_pages(zone) >> RESERVE_SHIFT);
	return room > kept ? room - kept : 0;
}

/* Base pages that the node can give for good: not from ZONE_MOVABLE. */
static unsigned long node_room(int nid)
{
	unsigned long room = 0;
	int i;

	for (i = 0; i < ZONE_MOVABLE; i++)
		room += zone_room(&NODE_DATA(nid)->node_zones[i]);
	return room;
}

static bool node_is_movable_only(int nid)
{
	int i;

	for (i = 0; i < ZONE_MOVABLE; i++) {
		if (zone_managed_pages(&NODE_DATA(nid)->node_zones[i]))
			return false;
	}
	return true;
}

static int room_lacks(u32 *ret_reason, s32 *ret_node, int nid)
{
	*ret_reason = NUMAPERF_REASON_NODE_MEMORY;
	*ret_node = nid;
	return -ENOMEM;
}

static int room_ceiling(u32 *ret_reason, s32 *ret_node, int nid)
{
	*ret_reason = NUMAPERF_REASON_NODE_CEILING;
	*ret_node = nid;
	return -EDQUOT;
}

/* Base pages that node number @i of the set's @n is to give. */
static unsigned long node_share(const struct np_region *region, unsigned int i,
				unsigned int n)
{
	unsigned long pages = region->npages / n + (i < region->npages % n);

	return pages << region->order;
}

static int room_interleaved(const struct np_region *region, u32 *ret_reason,
			    s32 *ret_node)
{
	unsigned int i = 0, n = nodes_weight(region->nodes);
	int nid;

	for_each_node_mask(nid, region->nodes) {
		unsigned long share = node_share(region, i++, n);

		if (np_node_may_charge(nid, share))
			return room_ceiling(ret_reason, ret_node, nid);
		if (node_room(nid) < share)
			return room_lacks(ret_reason, ret_node, nid);
	}
	return 0;
}

static int room_bound(const struct np_region *region, u32 *ret_reason,
		      s32 *ret_node)
{
	unsigned long pages = np_region_base_pages(region);
	unsigned long room = 0, allowed = 0;
	int nid, first = first_node(region->nodes);

	for_each_node_mask(nid, region->nodes) {
		room += node_room(nid);
		allowed += min(node_room(nid), np_node_left(nid));
	}
	if (room < pages)
		return room_lacks(ret_reason, ret_node, first);
	if (allowed < pages)
		return room_ceiling(ret_reason, ret_node, first);
	return 0;
}

/**
 * np_region_room() - can the nodes give what is asked?
 *
 * Return: 0; -ENOMEM, -EDQUOT or -EADDRNOTAVAIL with the reason and the node.
 */
int np_region_room(const struct np_region *region, u32 *ret_reason,
		   s32 *ret_node)
{
	int nid;

	for_each_node_mask(nid, region->nodes) {
		if (!node_state(nid, N_MEMORY))
			return room_lacks(ret_reason, ret_node, nid);
		if (node_is_movable_only(nid)) {
			*ret_reason = NUMAPERF_REASON_MOVABLE_ONLY;
			*ret_node = nid;
			return -EADDRNOTAVAIL;
		}
	}
	if (region->interleave)
		return room_interleaved(region, ret_reason, ret_node);
	return room_bound(region, ret_reason, ret_node);
}

/* The nearest node of @left. */
static int nearest_node(const nodemask_t *left)
{
	int nid, best = NUMA_NO_NODE;

	for_each_node_mask(nid, *left) {
		if (best == NUMA_NO_NODE ||
		    node_distance(numa_node_id(), nid) <
		    node_distance(numa_node_id(), best))
			best = nid;
	}
	return best;
}

/**
 * struct filling - where the next page comes from
 * @left: bind: nodes that still had room when last looked
 * @nid: node of the next page
 * @unchecked: base pages taken since the last look
 * @reason: why the last page could not be had
 */
struct filling {
	nodemask_t left;
	int nid;
	unsigned int unchecked;
	enum numaperf_reason reason;
};

static void filling_begin(struct filling *filling,
			  const struct np_region *region)
{
	filling->left = region->nodes;
	filling->unchecked = ROOM_INTERVAL;
	if (region->interleave)
		filling->nid = first_node(region->nodes);
	else
		filling->nid = nearest_node(&filling->left);
}

/* Where the page is, is looked at: not believed. */
static bool page_is_right(const struct page *page, int nid)
{
	return page_to_nid(page) == nid && page_zonenum(page) != ZONE_MOVABLE;
}

static struct page *page_on(struct filling *filling, unsigned int order)
{
	gfp_t gfp = REGION_GFP | (order ? __GFP_COMP : 0);
	struct page *page = NULL;

	if (!np_inject_fail(1))
		page = alloc_pages_node(np_inject_node(filling->nid), gfp, order);
	if (page && page_is_right(page, filling->nid))
		return page;
	/* A small page is to be had, and was not given: the cgroup's limit. */
	filling->reason = !page && !order && node_room(filling->nid) ?
			  NUMAPERF_REASON_NO_MEMORY :
			  NUMAPERF_REASON_NODE_MEMORY;
	if (page)
		__free_pages(page, order);
	return NULL;
}

/* A page of the node, charged to it; NULL: the node has none to give. */
static struct page *filling_page(struct filling *filling, unsigned int order)
{
	struct page *page;

	filling->unchecked += 1U << order;
	if (filling->unchecked >= ROOM_INTERVAL) {
		filling->reason = NUMAPERF_REASON_NODE_MEMORY;
		if (node_room(filling->nid) < 1UL << order)
			return NULL;
		filling->unchecked = 0;
	}
	filling->reason = NUMAPERF_REASON_NODE_CEILING;
	if (np_node_charge(filling->nid, 1UL << order))
		return NULL;
	page = page_on(filling, order);
	if (!page)
		np_node_uncharge(filling->nid, 1UL << order);
	return page;
}

/* A bound region goes on with its next node when one is full. */
static bool filling_next_node(struct filling *filling,
			      const struct np_region *region)
{
	if (region->interleave)
		return false;
	node_clear(filling->nid, filling->left);
	if (nodes_empty(filling->left))
		return false;
	filling->nid = nearest_node(&filling->left);
	filling->unchecked = ROOM_INTERVAL;
	return true;
}

static int fill_one(struct np_region *region, struct filling *filling,
		    unsigned long i)
{
	struct page *page;

	do {
		if (signal_pending(current))
			return -EINTR;
		page = filling_page(filling, region->order);
	} while (!page && filling_next_node(filling, region));
	if (!page)
		return filling->reason == NUMAPERF_REASON_NODE_CEILING ?
		       -EDQUOT : -ENOMEM;
	region->pages[i] = page;
	if (region->interleave)
		filling->nid = next_node_in(filling->nid, region->nodes);
	return 0;
}

/**
 * np_region_fill() - allocate all pages
 *
 * Return: 0, -EINTR, or -ENOMEM or -EDQUOT with the reason and the node; what
 * there is of pages is for np_region_drain() in any case.
 */
int np_region_fill(struct np_region *region, u32 *ret_reason, s32 *ret_node)
{
	struct filling filling;
	unsigned long i;
	int err;

	filling_begin(&filling, region);
	for (i = 0; i < region->npages; i++) {
		err = fill_one(region, &filling, i);
		if (err && err != -EINTR) {
			*ret_reason = filling.reason;
			if (filling.reason != NUMAPERF_REASON_NO_MEMORY)
				*ret_node = filling.nid;
		}
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/*
 * The pages belong to the file: futexes between processes and core dumps go by
 * that. Nothing else does, as they are in no page cache and on no LRU list.
 */
void np_region_own(struct np_region *region)
{
	unsigned long i;

	for (i = 0; i < region->npages; i++) {
		region->pages[i]->index = i << region->order;
		region->pages[i]->mapping = region->mapping;
		cond_resched();
	}
}

static bool page_is_poisoned(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 1U << order; i++) {
		if (PageHWPoison(page + i))
			return true;
	}
	return false;
}

static void page_drop(struct page *page, unsigned int order)
{
	/* Who still dirties it (direct I/O) looks at the mapping locked. */
	lock_page(page);
	page->mapping = NULL;
	unlock_page(page);
	/* Broken memory never goes back to the allocator. */
	if (!page_is_poisoned(page, order))
		put_page(page);
}

/*
 * Give back all pages. One that a get_user_pages() user still holds (a pipe, I/O
 * under way) goes when that lets go of it.
 */
void np_region_drain(struct np_region *region)
{
	unsigned long i;

	for (i = 0; i < region->npages && region->pages[i]; i++) {
		np_node_uncharge(page_to_nid(region->pages[i]),
				 1UL << region->order);
		page_drop(region->pages[i], region->order);
		region->pages[i] = NULL;
		cond_resched();
	}
}
