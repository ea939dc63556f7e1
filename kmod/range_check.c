// SPDX-License-Identifier: GPL-2.0
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "node_ceiling.h"
#include "range_check.h"
#include "walk.h"

static int check_wrong(struct np_page_check *check, unsigned long addr, int node,
		       enum numaperf_reason reason, int err)
{
	check->addr = addr;
	check->node = node;
	check->reason = reason;
	return err;
}

/* Of a page that is on node @nid. */
int np_page_check(struct np_page_check *check, unsigned long addr,
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

/* The node has no room left: -EDQUOT. */
int np_page_check_ceiling(struct np_page_check *check, int nid)
{
	return check_wrong(check, 0, nid, NUMAPERF_REASON_NODE_CEILING,
			   -EDQUOT);
}

/* Writing back to a file behind a long-term pin corrupts it: only memory. */
static bool vma_is_memory(struct vm_area_struct *vma)
{
	return !vma->vm_file || !(vma->vm_flags & VM_SHARED) ||
	       is_vm_hugetlb_page(vma) ||
	       file_inode(vma->vm_file)->i_sb->s_magic == TMPFS_MAGIC;
}

static int check_vma(struct np_page_check *check, unsigned long addr,
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

/**
 * struct gathering - one look at a range
 * @check: what is wrong with it
 * @pages: how many it has on each node, by id
 */
struct gathering {
	struct np_page_check *check;
	unsigned long *pages;
};

static int check_entry(const struct np_walk_entry *entry, void *data)
{
	struct gathering *gathering = data;
	struct np_page_check *check = gathering->check;
	int err;

	if (entry->kind == NP_WALK_UNMAPPED)
		return check_wrong(check, entry->addr, NUMA_NO_NODE,
				   NUMAPERF_REASON_UNMAPPED, -ENODATA);
	err = check_vma(check, entry->addr, entry->vma);
	if (err)
		return err;
	switch (entry->kind) {
	case NP_WALK_PAGE:
		gathering->pages[page_to_nid(entry->page)] += entry->pages;
		return np_page_check(check, entry->addr, entry->page,
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

/* Everything in the range is there and could be held. */
int np_page_check_range(struct np_page_check *check, struct mm_struct *mm,
			unsigned long start, unsigned long end)
{
	struct gathering gathering = { .check = check };
	int nid, err;

	gathering.pages = kcalloc(nr_node_ids, sizeof(*gathering.pages),
				  GFP_KERNEL_ACCOUNT);
	if (!gathering.pages)
		return -ENOMEM;
	err = np_walk(mm, start, end, check_entry, &gathering);
	for_each_node(nid) {
		if (!err && np_node_may_charge(nid, gathering.pages[nid]))
			err = np_page_check_ceiling(check, nid);
	}
	kfree(gathering.pages);
	return err;
}
