/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pinned range, and watching over it: a long-term pin keeps the page, not the
 * mapping (munmap and MADV_DONTNEED succeed).
 */
#ifndef NP_RANGE_WATCH_H
#define NP_RANGE_WATCH_H

#include <linux/mmu_notifier.h>
#include <linux/nodemask.h>

#include "lease.h"

/**
 * struct np_range - a lease on pages
 * @lease: the common part
 * @notifier: of [@start, @start + @npages pages)
 * @followed: exec and exit are told
 * @watched: the notifier is inserted
 * @armed: all is pinned: from here on the workers act on what is marked
 * @mm: address space (an mm_count reference, so that it can exit)
 * @start: first address
 * @npages: asked
 * @rearm_mutex: one re-arming at a time; only its own process waits for it
 * @mutex: @pages and @held once visible; inside of @rearm_mutex, outside of
 *	@lock; nothing that user space can hold up happens under it
 * @pages: by index; NULL: given up
 * @held: pages not given up
 * @lock: @armed, @gone, @suspect; taken in the notifier, where nothing may sleep
 * @gone: pages to give up
 * @suspect: pages to look at
 * @absent: suspects that were nowhere when last looked at
 * @give_up_work: unpins what is gone
 * @verify_work: looks at what is suspect
 * @nodes: every page is on one of them
 */
struct np_range {
	struct np_lease lease;
	struct mmu_interval_notifier notifier;
	bool followed;
	bool watched;
	bool armed;
	struct mm_struct *mm;
	unsigned long start;
	unsigned long npages;
	struct mutex rearm_mutex;	/* re-arming */
	struct mutex mutex;	/* @pages, @held */
	struct page **pages;
	unsigned long held;
	spinlock_t lock;	/* @armed, @gone, @suspect */
	unsigned long *gone;
	unsigned long *suspect;
	unsigned long *absent;
	struct work_struct give_up_work;
	struct delayed_work verify_work;
	nodemask_t nodes;
};

static inline struct np_range *np_range_of(struct np_lease *lease)
{
	return container_of(lease, struct np_range, lease);
}

static inline unsigned long np_range_addr(struct np_range *range,
					  unsigned long i)
{
	return range->start + (i << PAGE_SHIFT);
}

void np_range_unpin(struct page **page);
void np_range_uncharge(struct np_range *range, unsigned long pages);

void np_range_watch_init(struct np_range *range);
int np_range_watch(struct np_range *range);
bool np_range_arm(struct np_range *range);
void np_range_forget(struct np_range *range, const unsigned long *which);
void np_range_suspect(struct np_range *range, const unsigned long *which);
bool np_range_is_whole(struct np_range *range, const unsigned long *which);
void np_range_verify(struct np_range *range);
void np_range_cancel(struct np_range *range);
void np_range_settle(struct np_range *range);
void np_range_unwatch(struct np_range *range);

#endif /* NP_RANGE_WATCH_H */
