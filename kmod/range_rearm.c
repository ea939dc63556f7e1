// SPDX-License-Identifier: GPL-2.0
/*
 * Re-arming a range: the pages that were given up are pinned anew, under the
 * same conditions as at first, all or none of them. User space may hold up the
 * pinning for as long as it likes, so that is done aside, without the range's
 * mutex, for which the end of the lease, the workers and LEASES wait.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "range_check.h"
#include "range_pin.h"
#include "range_watch.h"
#include "session.h"
#include "user.h"

/**
 * struct np_rearm - one re-arming
 * @range: of what
 * @check: what may be pinned
 * @missing: by index: pages that were given up when it began
 * @count: how many
 * @pages: by index: pinned anew, not yet the range's
 */
struct np_rearm {
	struct np_range *range;
	struct np_page_check check;
	unsigned long *missing;
	unsigned long count;
	struct page **pages;
};

/* @fn for each run of missing pages. */
static int rearm_each_run(struct np_rearm *rearm,
			  int (*fn)(struct np_rearm *rearm, unsigned long from,
				    unsigned long end))
{
	unsigned long npages = rearm->range->npages, from, end = 0;
	int err = 0;

	while (!err) {
		from = find_next_bit(rearm->missing, npages, end);
		if (from >= npages)
			break;
		end = find_next_zero_bit(rearm->missing, npages, from);
		err = fn(rearm, from, end);
		cond_resched();
	}
	return err;
}

static int run_check(struct np_rearm *rearm, unsigned long from,
		     unsigned long end)
{
	struct np_range *range = rearm->range;

	return np_page_check_range(&rearm->check, range->mm,
				   np_range_addr(range, from),
				   np_range_addr(range, end));
}

static int run_pin(struct np_rearm *rearm, unsigned long from,
		   unsigned long end)
{
	return np_range_pin_pages(rearm->range, rearm->pages, &rearm->check,
				  from, end) ?:
	       np_range_verify_pinned(rearm->range, rearm->pages,
				      &rearm->check, from, end);
}

static int run_install(struct np_rearm *rearm, unsigned long from,
		       unsigned long end)
{
	for (; from < end; from++)
		swap(rearm->range->pages[from], rearm->pages[from]);
	return 0;
}

static int run_unpin(struct np_rearm *rearm, unsigned long from,
		     unsigned long end)
{
	for (; from < end; from++) {
		if (rearm->pages[from])
			np_range_unpin(&rearm->pages[from]);
		cond_resched();
	}
	return 0;
}

/*
 * Which pages are missing. Whatever was marked of them is over: the notifier
 * goes on marking what happens to them, on which no worker acts, as they are
 * not the range's.
 */
static int rearm_collect(struct np_rearm *rearm)
{
	struct np_range *range = rearm->range;
	unsigned long i;
	int err = 0;

	mutex_lock(&range->mutex);
	if (np_lease_is_ending(&range->lease))
		err = -ENOENT;
	for (i = 0; !err && i < range->npages; i++) {
		if (!range->pages[i]) {
			__set_bit(i, rearm->missing);
			rearm->count++;
		}
	}
	np_range_forget(range, rearm->missing);
	mutex_unlock(&range->mutex);
	return err;
}

/*
 * The range gets what was pinned for it, unless something was unmapped
 * meanwhile, of these pages or of the others. A lease that ends keeps nothing.
 */
static int rearm_install(struct np_rearm *rearm)
{
	struct np_range *range = rearm->range;
	int err = 0;

	mutex_lock(&range->mutex);
	if (np_lease_is_ending(&range->lease)) {
		err = -ENOENT;
	} else if (!np_range_is_whole(range, rearm->missing) ||
		   range->held + rearm->count != range->npages) {
		err = np_range_unmapped(&rearm->check);
	} else {
		rearm_each_run(rearm, run_install);
		WRITE_ONCE(range->held, range->npages);
		np_range_suspect(range, rearm->missing);
		np_lease_rearmed(&range->lease);
	}
	mutex_unlock(&range->mutex);
	return err;
}

static int rearm_retake(struct np_rearm *rearm)
{
	struct np_range *range = rearm->range;
	int err;

	rearm->pages = np_range_array(range->npages, sizeof(*rearm->pages));
	if (!rearm->pages)
		return -ENOMEM;
	err = np_range_charge(range, rearm->count, &rearm->check);
	if (err)
		return err;
	err = rearm_each_run(rearm, run_pin);
	if (!err)
		err = rearm_install(rearm);
	if (err) {
		rearm_each_run(rearm, run_unpin);
		np_range_uncharge(range, rearm->count);
	}
	return err;
}

static int rearm_lost(struct np_rearm *rearm, bool dry)
{
	struct np_range *range = rearm->range;
	int err;

	rearm->missing = np_range_array(BITS_TO_LONGS(range->npages),
					sizeof(long));
	if (!rearm->missing)
		return -ENOMEM;
	err = rearm_collect(rearm);
	if (!err)
		err = rearm_each_run(rearm, run_check);
	if (!err && np_user_may_lock(range->lease.session->user,
				     rearm->count)) {
		rearm->check.reason = NUMAPERF_REASON_LOCKED_MEMORY;
		err = -EDQUOT;
	}
	return err || dry ? err : rearm_retake(rearm);
}

/* What happened while the pages were pinned is known when this returns. */
static int rearm_verify(struct np_rearm *rearm)
{
	np_range_verify(rearm->range);
	if (atomic_read(&rearm->range->lease.lost_reason))
		return np_range_unmapped(&rearm->check);
	return 0;
}

static int range_rearm(struct np_rearm *rearm, bool dry)
{
	struct np_range *range = rearm->range;
	int err = 0;

	if (mutex_lock_killable(&range->rearm_mutex))
		return -EINTR;
	np_range_settle(range);
	if (atomic_read(&range->lease.lost_reason))
		err = rearm_lost(rearm, dry);
	mutex_unlock(&range->rearm_mutex);
	kvfree(rearm->missing);
	kvfree(rearm->pages);
	return err || dry ? err : rearm_verify(rearm);
}

int np_range_rearm(struct np_lease *lease, struct numaperf_ioc_rearm *arg)
{
	struct np_range *range = np_range_of(lease);
	struct np_rearm rearm = {
		.range = range,
		.check = { .nodes = &range->nodes, .node = NUMA_NO_NODE },
	};
	int err;

	if (current->mm != range->mm)
		return -ESTALE;
	err = range_rearm(&rearm, arg->flags & NUMAPERF_DRY_RUN);
	/* An end that began meanwhile may have cancelled what was queued since. */
	if (np_lease_is_ending(lease)) {
		np_range_cancel(range);
		err = err ?: -ENOENT;
	}
	arg->reason = rearm.check.reason;
	arg->wrong_addr = rearm.check.addr;
	arg->wrong_node = rearm.check.node;
	return err;
}
