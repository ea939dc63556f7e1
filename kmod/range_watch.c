// SPDX-License-Identifier: GPL-2.0
/*
 * An mmu_interval_notifier tells what happens to a pinned range. UNMAP and
 * RELEASE are certain. CLEAR is only a suspicion (failed migrations, KSM and
 * khugepaged send it too, and THP splits for 2 MiB around): a worker looks a
 * little later whether the page is still the one that is mapped.
 */
#include <linux/bitmap.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "debug.h"
#include "node_ceiling.h"
#include "quiet.h"
#include "range_watch.h"
#include "session.h"
#include "user.h"
#include "walk.h"

#define VERIFY_DELAY	(HZ / 20)
#define VERIFY_LOOKS	2

/* Give up one page. */
void np_range_unpin(struct page **page)
{
	np_node_uncharge(page_to_nid(*page), 1);
	unpin_user_page(*page);
	*page = NULL;
}

void np_range_uncharge(struct np_range *range, unsigned long pages)
{
	np_user_uncharge_locked(range->lease.session->user, pages);
	atomic64_sub(pages, &range->mm->pinned_vm);
}

/* Unpin what is gone; the lease is lost, or over if nothing is left. */
static void range_give_up_gone(struct np_range *range)
{
	unsigned long i, first = 0, lost = 0;

	lockdep_assert_held(&range->mutex);
	/* Bits are only ever set elsewhere: reading them needs no lock. */
	for_each_set_bit(i, range->gone, range->npages) {
		if (!range->pages[i])
			continue;
		if (!lost++)
			first = np_range_addr(range, i);
		np_range_unpin(&range->pages[i]);
		cond_resched();
	}
	if (!lost)
		return;
	WRITE_ONCE(range->held, range->held - lost);
	np_range_uncharge(range, lost);
	np_lease_lose(&range->lease, NUMAPERF_REASON_UNMAPPED_PART, first,
		      lost);
	if (!range->held)
		np_lease_end_later(&range->lease, NUMAPERF_REASON_UNMAPPED_ALL);
}

static void range_give_up(struct work_struct *work)
{
	struct np_range *range = container_of(work, struct np_range,
					      give_up_work);

	mutex_lock(&range->mutex);
	range_give_up_gone(range);
	mutex_unlock(&range->mutex);
}

enum look {
	LOOK_SAME,	/* the pinned page is there */
	LOOK_OTHER,	/* another one is */
	LOOK_NONE,	/* none: dropped, or being migrated at this moment */
};

/*
 * Reclaim takes a file's page (of shared memory) out of the page tables before
 * it sees that it is pinned; it is in the file still, and comes back at the next
 * touch. Truncation and hole punching take it out of the file.
 */
static bool page_is_in_file(struct page *page)
{
	return !PageAnon(page) && READ_ONCE(compound_head(page)->mapping);
}

/* In the range's address space; faults nothing in. */
static enum look range_look(struct np_range *range, unsigned long i)
{
	unsigned long pfn;

	if (np_peek(range->mm, np_range_addr(range, i), &pfn) == NP_PEEK_ABSENT)
		return page_is_in_file(range->pages[i]) ? LOOK_SAME : LOOK_NONE;
	return pfn == page_to_pfn(range->pages[i]) ? LOOK_SAME : LOOK_OTHER;
}

static void range_mark_one(struct np_range *range, unsigned long *bitmap,
			   unsigned long i)
{
	spin_lock(&range->lock);
	__set_bit(i, bitmap);
	spin_unlock(&range->lock);
}

static void range_clear_one(struct np_range *range, unsigned long *bitmap,
			    unsigned long i)
{
	spin_lock(&range->lock);
	__clear_bit(i, bitmap);
	spin_unlock(&range->lock);
}

/*
 * Look at one suspect: whether it must be looked at again. A suspicion is
 * raised before anything happens: so wait until all that is under way is over,
 * and take back what was seen if more began meanwhile.
 */
static bool range_judge(struct np_range *range, unsigned long i)
{
	unsigned long seq = mmu_interval_read_begin(&range->notifier);
	enum look look;

	range_clear_one(range, range->suspect, i);
	look = range_look(range, i);
	if (mmu_interval_read_retry(&range->notifier, seq)) {
		range_mark_one(range, range->suspect, i);
		return true;
	}
	if (look == LOOK_SAME) {
		range_clear_one(range, range->absent, i);
		return false;
	}
	/* A page that is nowhere may be on its way: once more. */
	if (look == LOOK_NONE && !test_bit(i, range->absent)) {
		range_mark_one(range, range->absent, i);
		range_mark_one(range, range->suspect, i);
		return true;
	}
	range_mark_one(range, range->gone, i);
	return false;
}

/* Returns whether some must be looked at again. */
static bool range_verify_suspects(struct np_range *range)
{
	bool again = false;
	unsigned long i;

	for_each_set_bit(i, range->suspect, range->npages) {
		cond_resched();
		if (range->pages[i])
			again |= range_judge(range, i);
		else
			range_clear_one(range, range->suspect, i);
	}
	return again;
}

static void range_verify(struct work_struct *work)
{
	struct np_range *range = container_of(to_delayed_work(work),
					      struct np_range, verify_work);
	u64 begin = np_work_begin();
	bool again;

	/* It exits: the notifier's RELEASE comes. */
	if (!mmget_not_zero(range->mm))
		return;
	/* Page tables are only freed after this CPU, if it uses them. */
	kthread_use_mm(range->mm);
	mutex_lock(&range->mutex);
	again = range_verify_suspects(range);
	mutex_unlock(&range->mutex);
	kthread_unuse_mm(range->mm);
	mmput_async(range->mm);

	if (again)
		np_queue_delayed(&range->verify_work, VERIFY_DELAY);
	queue_work(np_wq, &range->give_up_work);
	np_work_end(NP_WORK_RANGE_SETTLE, begin);
}

/* Returns whether a worker may act on it at once. */
static bool range_mark(struct np_range *range, unsigned long *bitmap,
		       const struct mmu_notifier_range *what)
{
	unsigned long end = np_range_addr(range, range->npages);
	unsigned long from = max(what->start, range->start);
	unsigned long to = min(what->end, end);
	bool armed;

	spin_lock(&range->lock);
	armed = range->armed;
	bitmap_set(bitmap, (from - range->start) >> PAGE_SHIFT,
		   (to - from) >> PAGE_SHIFT);
	spin_unlock(&range->lock);
	return armed;
}

/* May come where nothing may sleep (OOM reaper, rmap locks). */
static bool range_invalidate(struct mmu_interval_notifier *notifier,
			     const struct mmu_notifier_range *what,
			     unsigned long seq)
{
	struct np_range *range = container_of(notifier, struct np_range,
					      notifier);

	mmu_interval_set_seq(notifier, seq);
	switch (what->event) {
	case MMU_NOTIFY_RELEASE:
		np_lease_end_later(&range->lease,
				   current->flags & PF_EXITING ?
				   NUMAPERF_REASON_EXITED :
				   NUMAPERF_REASON_EXECED);
		break;
	case MMU_NOTIFY_UNMAP:
		if (range_mark(range, range->gone, what))
			queue_work(np_wq, &range->give_up_work);
		break;
	case MMU_NOTIFY_CLEAR:
		if (range_mark(range, range->suspect, what))
			np_queue_delayed(&range->verify_work, VERIFY_DELAY);
		break;
	default:
		break;
	}
	return true;
}

static const struct mmu_interval_notifier_ops range_notifier_ops = {
	.invalidate = range_invalidate,
};

/* Before anything else. */
void np_range_watch_init(struct np_range *range)
{
	spin_lock_init(&range->lock);
	mutex_init(&range->rearm_mutex);
	mutex_init(&range->mutex);
	INIT_WORK(&range->give_up_work, range_give_up);
	INIT_DELAYED_WORK(&range->verify_work, range_verify);
}

/* From here on what happens to the range is marked; nobody acts on it yet. */
int np_range_watch(struct np_range *range)
{
	int err;

	err = mmu_interval_notifier_insert(&range->notifier, range->mm,
					   range->start,
					   range->npages << PAGE_SHIFT,
					   &range_notifier_ops);
	range->watched = !err;
	return err;
}

/*
 * Wait until what has happened to the range by now is known: for a bounded
 * time, as something may go on happening to it.
 */
void np_range_settle(struct np_range *range)
{
	int i;

	for (i = 0; i <= VERIFY_LOOKS &&
	     delayed_work_pending(&range->verify_work); i++)
		schedule_timeout_killable(VERIFY_DELAY + 1);
	flush_work(&range->verify_work.work);
	flush_work(&range->give_up_work);
}

/* From here on the workers act. Whether anything was unmapped before. */
bool np_range_arm(struct np_range *range)
{
	bool whole;

	spin_lock(&range->lock);
	whole = bitmap_empty(range->gone, range->npages);
	range->armed = true;
	spin_unlock(&range->lock);
	np_range_verify(range);
	return whole && READ_ONCE(range->held) == range->npages;
}

/*
 * Pinning itself raises suspicion where it breaks copy-on-write. A page that is
 * no longer the one that is mapped is given up when this returns.
 */
void np_range_verify(struct np_range *range)
{
	np_mod_delayed(&range->verify_work, 0);
	/* Most have nothing that would have to be looked at twice. */
	flush_work(&range->verify_work.work);
	np_range_settle(range);
}

/* Whatever was marked of these pages, which are not pinned: from now on anew. */
void np_range_forget(struct np_range *range, const unsigned long *which)
{
	spin_lock(&range->lock);
	bitmap_andnot(range->gone, range->gone, which, range->npages);
	bitmap_andnot(range->suspect, range->suspect, which, range->npages);
	bitmap_andnot(range->absent, range->absent, which, range->npages);
	spin_unlock(&range->lock);
}

/*
 * These pages, which are pinned now, are looked at when the workers next run: as
 * long as they were not there, suspicions against them were dropped.
 */
void np_range_suspect(struct np_range *range, const unsigned long *which)
{
	spin_lock(&range->lock);
	bitmap_or(range->suspect, range->suspect, which, range->npages);
	spin_unlock(&range->lock);
}

/* Was none of these pages unmapped since np_range_forget()? */
bool np_range_is_whole(struct np_range *range, const unsigned long *which)
{
	bool whole;

	spin_lock(&range->lock);
	whole = !bitmap_intersects(range->gone, which, range->npages);
	spin_unlock(&range->lock);
	return whole;
}

/* From here on nothing is marked, and no worker runs. */
void np_range_unwatch(struct np_range *range)
{
	if (range->watched)
		mmu_interval_notifier_remove(&range->notifier);
	np_range_cancel(range);
}

/* No worker runs or is queued, as far as nobody queues any from now on. */
void np_range_cancel(struct np_range *range)
{
	/* In this order: the first queues the second. */
	cancel_delayed_work_sync(&range->verify_work);
	cancel_work_sync(&range->give_up_work);
}
