// SPDX-License-Identifier: GPL-2.0
/*
 * Re-arming a range: the pages that were given up are pinned anew, under the
 * same conditions as at first, all or none of them.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "range_check.h"
#include "range_pin.h"
#include "range_watch.h"
#include "session.h"
#include "user.h"

/* @fn for each run of the set bits. */
static int range_each_run(struct np_range *range, const unsigned long *which,
			  int (*fn)(struct np_range *range, struct np_page_check *check,
				    unsigned long from, unsigned long end),
			  struct np_page_check *check)
{
	unsigned long from, end = 0;
	int err = 0;

	while (!err) {
		from = find_next_bit(which, range->npages, end);
		if (from >= range->npages)
			break;
		end = find_next_zero_bit(which, range->npages, from);
		err = fn(range, check, from, end);
		cond_resched();
	}
	return err;
}

static int run_check(struct np_range *range, struct np_page_check *check,
		     unsigned long from, unsigned long end)
{
	return np_page_check_range(check, range->mm, np_range_addr(range, from),
				   np_range_addr(range, end));
}

static int run_pin(struct np_range *range, struct np_page_check *check,
		   unsigned long from, unsigned long end)
{
	return np_range_pin_pages(range, check, from, end) ?:
	       np_range_verify_pinned(range, check, from, end);
}

static int run_unpin(struct np_range *range, struct np_page_check *check,
		     unsigned long from, unsigned long end)
{
	for (; from < end; from++) {
		if (range->pages[from])
			np_range_unpin(range, from);
		cond_resched();
	}
	return 0;
}

/*
 * Pin what is missing. The notifier goes on marking what happens to it, but the
 * workers can't act on that before the mutex is let go.
 */
static int range_retake(struct np_range *range, const unsigned long *missing,
			unsigned long count, struct np_page_check *check)
{
	int err;

	err = np_range_charge(range, count, check);
	if (err)
		return err;
	np_range_forget(range, missing);
	err = range_each_run(range, missing, run_pin, check);
	if (!err && !np_range_is_whole(range, missing))
		err = np_range_unmapped(check);
	if (!err) {
		np_lease_rearmed(&range->lease);
		return 0;
	}
	range_each_run(range, missing, run_unpin, check);
	WRITE_ONCE(range->held, range->held - count);
	np_range_uncharge(range, count);
	return err;
}

static int range_rearm_locked(struct np_range *range, unsigned long *missing,
			      bool dry, struct np_page_check *check)
{
	unsigned long i, count = 0;
	int err;

	if (np_lease_is_ending(&range->lease))
		return -ENOENT;
	if (!atomic_read(&range->lease.lost_reason))
		return 0;
	for (i = 0; i < range->npages; i++) {
		if (!range->pages[i]) {
			__set_bit(i, missing);
			count++;
		}
	}
	err = range_each_run(range, missing, run_check, check);
	if (!err && np_user_may_lock(range->lease.session->user, count)) {
		check->reason = NUMAPERF_REASON_LOCKED_MEMORY;
		err = -EDQUOT;
	}
	return err || dry ? err : range_retake(range, missing, count, check);
}

int np_range_rearm(struct np_lease *lease, struct numaperf_ioc_rearm *arg)
{
	struct np_range *range = np_range_of(lease);
	struct np_page_check check = { .nodes = &range->nodes, .node = NUMA_NO_NODE };
	bool dry = arg->flags & NUMAPERF_DRY_RUN;
	unsigned long *missing;
	int err;

	if (current->mm != range->mm)
		return -ESTALE;
	missing = np_range_array(BITS_TO_LONGS(range->npages), sizeof(long));
	if (!missing)
		return -ENOMEM;
	np_range_settle(range);
	mutex_lock(&range->mutex);
	err = range_rearm_locked(range, missing, dry, &check);
	mutex_unlock(&range->mutex);
	kvfree(missing);
	if (!err && !dry) {
		np_range_verify(range);
		if (atomic_read(&lease->lost_reason))
			err = np_range_unmapped(&check);
	}
	/* An end that began meanwhile may have cancelled what was queued since. */
	if (np_lease_is_ending(lease))
		np_range_cancel(range);
	arg->reason = check.reason;
	arg->wrong_addr = check.addr;
	arg->wrong_node = check.node;
	return err;
}
