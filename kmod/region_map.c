// SPDX-License-Identifier: GPL-2.0
/*
 * A region's file and its mappings.
 *
 * The mappings are ordinary ones: not VM_PFNMAP or VM_MIXEDMAP, so all users of
 * get_user_pages() work, and 2 MiB pages are mapped by PMDs. VM_DONTEXPAND keeps
 * mremap() from growing them beyond the region.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "compat.h"
#include "inject.h"
#include "refault.h"
#include "region.h"

/* The page is there for as long as anybody can ask: a fault only maps it. */
static vm_fault_t region_fault(struct vm_fault *vmf)
{
	struct np_region *region = vmf->vma->vm_private_data;
	unsigned long i = vmf->pgoff >> region->order;
	struct page *page;

	if (i >= region->npages)
		return VM_FAULT_SIGBUS;
	page = region->pages[i] + (vmf->pgoff & ((1UL << region->order) - 1));
	np_refault_fault(region, vmf, i);
	np_inject_delay();
	get_page(page);
	vmf->page = page;
	return 0;
}

/*
 * No policy: the balancing scan leaves the mapping alone. It could not move the
 * pages, and its hint faults would mix into what is sampled here.
 */
static struct mempolicy *region_get_policy(struct vm_area_struct *vma,
					   unsigned long addr)
{
	return NULL;
}

/* Of fork, and of what splits a mapping. */
static void region_vm_open(struct vm_area_struct *vma)
{
	struct np_region *region = vma->vm_private_data;

	atomic_inc(&region->maps);
}

static void region_vm_close(struct vm_area_struct *vma)
{
	struct np_region *region = vma->vm_private_data;

	atomic_dec(&region->maps);
}

static const struct vm_operations_struct region_vm_ops = {
	.open = region_vm_open,
	.close = region_vm_close,
	.fault = region_fault,
	.get_policy = region_get_policy,
};

static int region_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct np_region *region = file->private_data;
	unsigned long pages = np_region_base_pages(region);

	/* A private copy would be ordinary memory, neither held nor seen. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_pgoff >= pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	np_vma_flags_set(vma, VM_DONTEXPAND);
	vma->vm_ops = &region_vm_ops;
	vma->vm_private_data = region;
	atomic_inc(&region->maps);
	return 0;
}

static int region_release(struct inode *inode, struct file *file)
{
	np_region_released(file->private_data);
	return 0;
}

/* The owner: no unload while a region's memory is there. */
static const struct file_operations region_fops = {
	.owner = THIS_MODULE,
	.mmap = region_mmap,
	/* Aligned so that 2 MiB pages can be mapped by PMDs. */
	.get_unmapped_area = thp_get_unmapped_area,
	.release = region_release,
	.llseek = noop_llseek,
};

/*
 * The file, with an inode of its own, so that what is unmapped is of this region
 * only. Releasing it is np_region_released().
 */
struct file *np_region_file(struct np_region *region)
{
	struct file *file;
	struct inode *inode;

	file = np_anon_file_create("[numaperf-region]", &region_fops, region);
	if (IS_ERR(file))
		return file;
	inode = file_inode(file);
	i_size_write(inode, (loff_t)region->npages * np_region_page_size(region));
	/* No time is kept, so a write fault does not touch the inode. */
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	/* Nameless, as shared anonymous memory: core dumps hold it likewise. */
	clear_nlink(inode);
	region->mapping = file->f_mapping;
	return file;
}
