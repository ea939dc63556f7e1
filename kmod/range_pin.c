// SPDX-License-Identifier: GPL-2.0
/*
 * A strict range pin holds the pages by long-term pins (FOLL_LONGTERM), which
 * migration, reclaim, compaction and KSM respect. Such a pin migrates pages out
 * of ZONE_MOVABLE by itself, to whatever node: so pages there are refused before
 * pinning, and nodes verified after.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "inject.h"
#include "lifecycle.h"
#include "node_ceiling.h"
#include "placement.h"
#include "range_check.h"
#include "range_pin.h"
#include "range_watch.h"
#include "session.h"
#include "set.h"
#include "user.h"

#define PIN_BATCH	512

/* Whatever has been taken so far, in reverse; the memory stays. */
static void range_let_go(struct np_range *range)
{
	unsigned long i;

	np_range_unwatch(range);
	/* The end of a lease does not wait for who re-arms it. */
	mutex_lock(&range->mutex);
	for (i = 0; i < range->npages; i++) {
		if (range->pages[i])
			np_range_unpin(&range->pages[i]);
		cond_resched();
	}
	np_range_uncharge(range, range->held);
	WRITE_ONCE(range->held, 0);
	mutex_unlock(&range->mutex);
	if (range->followed)
		np_lifecycle_put();
}

static void range_undo(struct np_lease *lease)
{
	range_let_go(np_range_of(lease));
}

static void range_free_memory(struct np_range *range)
{
	kvfree(range->gone);
	kvfree(range->suspect);
	kvfree(range->absent);
	kvfree(range->pages);
	mmdrop(range->mm);
	kfree(range);
}

static void range_free(struct np_lease *lease)
{
	range_free_memory(np_range_of(lease));
}

static void range_fill(struct np_lease *lease,
		       struct numaperf_lease_record *record)
{
	struct np_range *range = np_range_of(lease);

	np_range_settle(range);
	record->tid = 0;
	record->addr = range->start;
	record->length = (u64)range->npages << PAGE_SHIFT;
	record->held = (u64)READ_ONCE(range->held) << PAGE_SHIFT;
}

static const unsigned long *range_set(struct np_lease *lease,
				      unsigned int *bits)
{
	*bits = nr_node_ids;
	return nodes_addr(np_range_of(lease)->nodes);
}

static const struct np_lease_ops range_lease_ops = {
	.undo = range_undo,
	.free = range_free,
	.rearm = np_range_rearm,
	.fill = range_fill,
	.set = range_set,
};

/* Nothing of these is charged: they are as if they had not been pinned. */
static void range_drop_pages(struct page **pages, unsigned long from,
			     unsigned long end)
{
	for (; from < end; from++) {
		unpin_user_page(pages[from]);
		pages[from] = NULL;
	}
}

/* Pinned pages, which can't leave their nodes any more, are charged to those. */
static int range_charge_nodes(struct page **pages, struct np_page_check *check,
			      unsigned long from, unsigned long end)
{
	unsigned long next;

	for (; from < end; from = next) {
		int nid = page_to_nid(pages[from]);

		for (next = from + 1; next < end; next++) {
			if (page_to_nid(pages[next]) != nid)
				break;
		}
		if (np_node_charge(nid, next - from)) {
			range_drop_pages(pages, from, end);
			return np_page_check_ceiling(check, nid);
		}
	}
	return 0;
}

/*
 * Pages from @done to before @end; what is pinned, also on errors, is in @pages.
 * User space may serve the faults (userfaultfd, FUSE): hold nothing meanwhile
 * that others wait for.
 */
int np_range_pin_pages(struct np_range *range, struct page **pages,
		       struct np_page_check *check,
		       unsigned long done, unsigned long end)
{
	int n, err;

	while (done < end) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = pin_user_pages_fast(np_range_addr(range, done),
					min_t(unsigned long, PIN_BATCH,
					      end - done),
					FOLL_WRITE | FOLL_LONGTERM,
					pages + done);
		if (n <= 0)
			return n ?: -EFAULT;
		err = range_charge_nodes(pages, check, done, done + n);
		if (err)
			return err;
		done += n;
		if (np_inject_fail(n))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* What is pinned is what was asked for: looked at after pinning. */
int np_range_verify_pinned(struct np_range *range, struct page **pages,
			   struct np_page_check *check,
			   unsigned long from, unsigned long end)
{
	unsigned long i;
	int err;

	for (i = from; i < end; i++) {
		int nid = np_inject_node(page_to_nid(pages[i]));

		err = np_page_check(check, np_range_addr(range, i),
				    pages[i], nid);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

int np_range_charge(struct np_range *range, unsigned long pages,
		    struct np_page_check *check)
{
	int err;

	err = np_user_charge_locked(range->lease.session->user, pages);
	if (err) {
		check->reason = NUMAPERF_REASON_LOCKED_MEMORY;
		return err;
	}
	atomic64_add(pages, &range->mm->pinned_vm);
	return 0;
}

/* Another thread unmapped some of it meanwhile. */
int np_range_unmapped(struct np_page_check *check)
{
	check->reason = NUMAPERF_REASON_UNMAPPED;
	return -ENODATA;
}

/* The range is charged, watched, pinned, verified and visible, or nothing. */
static int range_take(struct np_range *range, struct np_page_check *check)
{
	int err;

	err = np_range_charge(range, range->npages, check);
	if (err)
		return err;
	range->held = range->npages;
	/* Exec and exit end it even if others keep the address space. */
	range->followed = np_lifecycle_works() && !np_lifecycle_get();
	/* Watched first: what is unmapped while being pinned is noticed. */
	err = np_range_watch(range);
	if (!err)
		err = np_range_pin_pages(range, range->pages, check, 0,
					 range->npages);
	if (!err)
		err = np_range_verify_pinned(range, range->pages, check, 0,
					     range->npages);
	if (!err && !np_range_arm(range))
		err = np_range_unmapped(check);
	if (!err)
		err = np_lease_publish(&range->lease);
	if (err)
		range_let_go(range);
	return err;
}

/* May be large: a page of bits for each 128 MiB, a page of pointers for each 2. */
void *np_range_array(unsigned long n, size_t size)
{
	return kvcalloc(n, size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

static struct np_range *range_alloc(struct numaperf_ioc_range_pin *arg)
{
	unsigned long npages = arg->length >> PAGE_SHIFT;
	struct np_range *range;

	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return NULL;
	mmgrab(current->mm);
	range->mm = current->mm;
	range->start = arg->addr;
	range->npages = npages;
	np_range_watch_init(range);
	range->pages = np_range_array(npages, sizeof(*range->pages));
	range->gone = np_range_array(BITS_TO_LONGS(npages), sizeof(long));
	range->suspect = np_range_array(BITS_TO_LONGS(npages), sizeof(long));
	range->absent = np_range_array(BITS_TO_LONGS(npages), sizeof(long));
	if (!range->pages || !range->gone || !range->suspect ||
	    !range->absent) {
		range_free_memory(range);
		return NULL;
	}
	return range;
}

/* Only what is resident gets here, so the arrays are bounded by memory. */
static int range_pin(struct np_session *session, struct np_page_check *check,
		     struct numaperf_ioc_range_pin *arg)
{
	struct np_range *range;
	int err;

	range = range_alloc(arg);
	if (!range)
		return -ENOMEM;
	range->nodes = *check->nodes;
	err = np_lease_init(&range->lease, &range_lease_ops,
			    NUMAPERF_LEASE_RANGE, arg->flags, session, current,
			    &check->reason);
	if (err) {
		range_free_memory(range);
		return err;
	}
	if (!(arg->flags & NUMAPERF_DRY_RUN))
		err = range_take(range, check);
	/* What happened before the lease was visible could not end it. */
	if (!err && atomic_read(&range->lease.lost_reason)) {
		np_lease_end(&range->lease, NUMAPERF_REASON_RELEASED);
		err = np_range_unmapped(check);
	}
	if (!err)
		arg->lease = range->lease.id;
	np_lease_put(&range->lease);
	return err;
}

static int range_pin_checked(struct np_session *session,
			     struct np_page_check *check,
			     struct numaperf_ioc_range_pin *arg)
{
	int err;

	err = np_page_check_range(check, current->mm, arg->addr,
				  arg->addr + arg->length);
	if (err)
		return err;
	if (np_user_may_lock(session->user, arg->length >> PAGE_SHIFT)) {
		check->reason = NUMAPERF_REASON_LOCKED_MEMORY;
		return -EDQUOT;
	}
	return range_pin(session, check, arg);
}

/* RANGE_PIN */
int np_range_pin(struct np_session *session, struct numaperf_ioc_range_pin *arg)
{
	nodemask_t nodes = NODE_MASK_NONE;
	struct np_page_check check = { .nodes = &nodes, .node = NUMA_NO_NODE };
	int err;

	if (arg->flags & ~NUMAPERF_DRY_RUN || arg->pad)
		return -EOPNOTSUPP;
	arg->lease = 0;
	if (np_range_check(arg->addr, arg->length))
		err = -EINVAL;
	else
		err = np_set_from_user(arg->nodes, arg->nodes_bits,
				       nodes_addr(nodes), nr_node_ids);
	if (!err)
		err = range_pin_checked(session, &check, arg);
	arg->reason = check.reason;
	arg->wrong_addr = check.addr;
	arg->wrong_node = check.node;
	return err;
}
