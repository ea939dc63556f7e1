// SPDX-License-Identifier: GPL-2.0
/*
 * A strict range pin holds the pages by long-term pins (FOLL_LONGTERM), which
 * migration, reclaim, compaction and KSM respect. Such a pin migrates pages out
 * of ZONE_MOVABLE by itself, to whatever node: so pages there are refused before
 * pinning, and nodes verified after.
 */
#include <linux/bitmap.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "inject.h"
#include "lifecycle.h"
#include "placement.h"
#include "range_pin.h"
#include "range_watch.h"
#include "session.h"
#include "set.h"
#include "user.h"
#include "walk.h"

#define PIN_BATCH	512

static struct np_range *to_range(struct np_lease *lease)
{
	return container_of(lease, struct np_range, lease);
}

/* Whatever has been taken so far, in reverse; the memory stays. */
static void range_let_go(struct np_range *range)
{
	unsigned long i;

	np_range_unwatch(range);
	for (i = 0; i < range->npages; i++) {
		if (range->pages[i])
			np_range_unpin(range, i);
		cond_resched();
	}
	np_range_uncharge(range, range->held);
	WRITE_ONCE(range->held, 0);
	if (range->followed)
		np_lifecycle_put();
}

static void range_undo(struct np_lease *lease)
{
	range_let_go(to_range(lease));
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
	range_free_memory(to_range(lease));
}

static void range_fill(struct np_lease *lease,
		       struct numaperf_lease_record *record)
{
	struct np_range *range = to_range(lease);

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
	return nodes_addr(to_range(lease)->nodes);
}

static const struct np_lease_ops range_lease_ops = {
	.undo = range_undo,
	.free = range_free,
	.fill = range_fill,
	.set = range_set,
};

struct check {
	struct numaperf_ioc_range_pin *arg;
	const nodemask_t *nodes;
};

static int check_wrong(struct check *check, unsigned long addr, int node,
		       enum numaperf_reason reason, int err)
{
	check->arg->wrong_addr = addr;
	check->arg->wrong_node = node;
	check->arg->reason = reason;
	return err;
}

static int check_page(struct check *check, unsigned long addr,
		      struct page *page, int nid)
{
	if (is_zone_device_page(page))
		return check_wrong(check, addr, nid,
				   NUMAPERF_REASON_DEVICE_MAPPING,
				   -EADDRNOTAVAIL);
	if (!node_isset(nid, *check->nodes))
		return check_wrong(check, addr, nid,
				   NUMAPERF_REASON_WRONG_NODE, -EXDEV);
	if (page_zonenum(page) == ZONE_MOVABLE)
		return check_wrong(check, addr, nid,
				   NUMAPERF_REASON_MOVABLE_ONLY,
				   -EADDRNOTAVAIL);
	return 0;
}

/* Writing back to a file behind a long-term pin corrupts it: only memory. */
static bool vma_is_memory(struct vm_area_struct *vma)
{
	return !vma->vm_file || !(vma->vm_flags & VM_SHARED) ||
	       is_vm_hugetlb_page(vma) ||
	       file_inode(vma->vm_file)->i_sb->s_magic == TMPFS_MAGIC;
}

static int check_vma(struct check *check, unsigned long addr,
		     struct vm_area_struct *vma)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP))
		return check_wrong(check, addr, NUMA_NO_NODE,
				   NUMAPERF_REASON_DEVICE_MAPPING,
				   -EADDRNOTAVAIL);
	if (!(vma->vm_flags & VM_WRITE))
		return check_wrong(check, addr, NUMA_NO_NODE,
				   NUMAPERF_REASON_READ_ONLY, -EACCES);
	if (!vma_is_memory(vma))
		return check_wrong(check, addr, NUMA_NO_NODE,
				   NUMAPERF_REASON_FILE_MAPPING, -EACCES);
	return 0;
}

static int check_entry(const struct np_walk_entry *entry, void *data)
{
	struct check *check = data;
	int err;

	if (entry->kind == NP_WALK_UNMAPPED)
		return check_wrong(check, entry->addr, NUMA_NO_NODE,
				   NUMAPERF_REASON_UNMAPPED, -ENODATA);
	err = check_vma(check, entry->addr, entry->vma);
	if (err)
		return err;
	switch (entry->kind) {
	case NP_WALK_PAGE:
		return check_page(check, entry->addr, entry->page,
				  page_to_nid(entry->page));
	case NP_WALK_ABSENT:
		return check_wrong(check, entry->addr, NUMA_NO_NODE,
				   NUMAPERF_REASON_ABSENT, -ENODATA);
	default:
		return check_wrong(check, entry->addr, NUMA_NO_NODE,
				   NUMAPERF_REASON_DEVICE_MAPPING,
				   -EADDRNOTAVAIL);
	}
}

static int range_check(struct numaperf_ioc_range_pin *arg,
		       const nodemask_t *nodes)
{
	struct check check = { .arg = arg, .nodes = nodes };

	return np_walk(current->mm, arg->addr, arg->addr + arg->length,
		       check_entry, &check);
}

/* All pages pinned, or an error; what is pinned stands in @pages. */
static int range_pin_pages(struct np_range *range)
{
	unsigned long done = 0;
	int n;

	while (done < range->npages) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = pin_user_pages_fast(np_range_addr(range, done),
					min_t(unsigned long, PIN_BATCH,
					      range->npages - done),
					FOLL_WRITE | FOLL_LONGTERM,
					range->pages + done);
		if (n <= 0)
			return n ?: -EFAULT;
		done += n;
		if (np_inject_fail(n))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* What is pinned is what was asked for: looked at after pinning. */
static int range_verify_pinned(struct np_range *range,
			       struct numaperf_ioc_range_pin *arg)
{
	struct check check = { .arg = arg, .nodes = &range->nodes };
	unsigned long i;
	int err;

	for (i = 0; i < range->npages; i++) {
		err = check_page(&check, np_range_addr(range, i),
				 range->pages[i],
				 np_inject_node(page_to_nid(range->pages[i])));
		if (err)
			return err;
		cond_resched();
	}
	if (!np_range_arm(range)) {
		/* Another thread unmapped some of it meanwhile. */
		arg->reason = NUMAPERF_REASON_UNMAPPED;
		return -ENODATA;
	}
	return 0;
}

static int range_charge(struct np_range *range,
			struct numaperf_ioc_range_pin *arg)
{
	int err;

	err = np_user_charge_locked(range->lease.session->user, range->npages);
	if (err) {
		arg->reason = NUMAPERF_REASON_LOCKED_MEMORY;
		return err;
	}
	atomic64_add(range->npages, &range->mm->pinned_vm);
	range->held = range->npages;
	return 0;
}

/* The range is charged, watched, pinned, verified and visible, or nothing. */
static int range_take(struct np_range *range,
		      struct numaperf_ioc_range_pin *arg)
{
	int err;

	err = range_charge(range, arg);
	if (err)
		return err;
	/* Exec and exit end it even if others keep the address space. */
	range->followed = np_lifecycle_works() && !np_lifecycle_get();
	/* Watched first: what is unmapped while being pinned is noticed. */
	err = np_range_watch(range);
	if (!err)
		err = range_pin_pages(range);
	if (!err)
		err = range_verify_pinned(range, arg);
	if (!err)
		err = np_lease_publish(&range->lease);
	if (err)
		range_let_go(range);
	return err;
}

/* May be large: a page of bits for each 128 MiB, a page of pointers for each 2. */
static void *range_array(unsigned long n, size_t size)
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
	range->pages = range_array(npages, sizeof(*range->pages));
	range->gone = range_array(BITS_TO_LONGS(npages), sizeof(long));
	range->suspect = range_array(BITS_TO_LONGS(npages), sizeof(long));
	range->absent = range_array(BITS_TO_LONGS(npages), sizeof(long));
	if (!range->pages || !range->gone || !range->suspect ||
	    !range->absent) {
		range_free_memory(range);
		return NULL;
	}
	return range;
}

/* Only what is resident gets here, so the arrays are bounded by memory. */
static int range_pin(struct np_session *session, const nodemask_t *nodes,
		     struct numaperf_ioc_range_pin *arg)
{
	struct np_range *range;
	int err;

	range = range_alloc(arg);
	if (!range)
		return -ENOMEM;
	range->nodes = *nodes;
	err = np_lease_init(&range->lease, &range_lease_ops,
			    NUMAPERF_LEASE_RANGE, arg->flags, session, current,
			    &arg->reason);
	if (err) {
		range_free_memory(range);
		return err;
	}
	if (!(arg->flags & NUMAPERF_DRY_RUN))
		err = range_take(range, arg);
	/* What happened before the lease was visible could not end it. */
	if (!err && atomic_read(&range->lease.lost_reason)) {
		np_lease_end(&range->lease, NUMAPERF_REASON_RELEASED);
		arg->reason = NUMAPERF_REASON_UNMAPPED;
		err = -ENODATA;
	}
	if (!err)
		arg->lease = range->lease.id;
	np_lease_put(&range->lease);
	return err;
}

/* RANGE_PIN */
int np_range_pin(struct np_session *session, struct numaperf_ioc_range_pin *arg)
{
	nodemask_t nodes = NODE_MASK_NONE;
	int err;

	if (arg->flags & ~NUMAPERF_DRY_RUN || arg->pad)
		return -EOPNOTSUPP;
	arg->lease = 0;
	arg->reason = NUMAPERF_REASON_NONE;
	arg->wrong_addr = 0;
	arg->wrong_node = NUMA_NO_NODE;
	if (np_range_check(arg->addr, arg->length))
		return -EINVAL;
	err = np_set_from_user(arg->nodes, arg->nodes_bits, nodes_addr(nodes),
			       nr_node_ids);
	if (err)
		return err;
	err = range_check(arg, &nodes);
	if (err)
		return err;
	if (np_user_may_lock(session->user, arg->length >> PAGE_SHIFT)) {
		arg->reason = NUMAPERF_REASON_LOCKED_MEMORY;
		return -EDQUOT;
	}
	return range_pin(session, &nodes, arg);
}
