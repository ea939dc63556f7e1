// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "counter_map.h"
#include "node.h"
#include "sample.h"
#include "session.h"
#include "target.h"
#include "user.h"

/**
 * struct np_counter_map - pages that are written here and mapped elsewhere
 * @ref: the target's, and one for each file
 * @user: whose locked memory they are
 * @npages: pages
 * @head: where they are in the kernel, contiguously
 */
struct np_counter_map {
	refcount_t ref;
	struct np_user *user;
	unsigned long npages;
	struct numaperf_counters_head *head;
};

static unsigned int block_stride(void)
{
	size_t cells = (size_t)NUMAPERF_SOURCE_COUNT * np_nodes;

	return ALIGN(struct_size((struct numaperf_counters_cpu *)NULL, cells,
				 cells), SMP_CACHE_BYTES);
}

static unsigned int blocks_offset(void)
{
	return ALIGN(sizeof(struct numaperf_counters_head) +
		     np_nodes * sizeof(s32), SMP_CACHE_BYTES);
}

static struct numaperf_counters_cpu *map_block(const struct np_counter_map *map,
					       unsigned int cpu)
{
	return (void *)map->head + map->head->cpus + cpu * map->head->stride;
}

/* ------------------------------------------------------------- creation */

/* The node of the CPU whose block is the first to begin in page @i. */
static int page_home(unsigned int i)
{
	unsigned long at = (unsigned long)i << PAGE_SHIFT;
	unsigned int cpu = 0;

	if (at > blocks_offset())
		cpu = (at - blocks_offset()) / block_stride();
	return cpu < nr_cpu_ids && cpu_online(cpu) ? cpu_to_mem(cpu) :
						     numa_mem_id();
}

static void pages_free(struct page **pages, unsigned long count)
{
	while (count--)
		__free_page(pages[count]);
	kvfree(pages);
}

static struct page **pages_alloc(unsigned long count)
{
	struct page **pages;
	unsigned long i;

	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;
	for (i = 0; i < count; i++) {
		pages[i] = alloc_pages_node(page_home(i),
					    GFP_KERNEL_ACCOUNT | __GFP_ZERO, 0);
		if (!pages[i]) {
			pages_free(pages, i);
			return NULL;
		}
	}
	return pages;
}

static void map_describe(struct np_counter_map *map)
{
	struct numaperf_counters_head *head = map->head;
	unsigned int i;
	s32 *ids;

	head->size = sizeof(*head);
	head->sources = NUMAPERF_SOURCE_COUNT;
	head->nr_cpus = nr_cpu_ids;
	head->nr_nodes = np_nodes;
	head->cpus = blocks_offset();
	head->stride = block_stride();
	head->node_ids = sizeof(*head);
	head->since_ns = ktime_get_ns();
	ids = (void *)head + head->node_ids;
	for (i = 0; i < np_nodes; i++)
		ids[i] = np_node_id(i);
	for (i = 0; i < nr_cpu_ids; i++)
		map_block(map, i)->cpu_node = cpu_online(i) ? cpu_to_node(i) : -1;
}

static int map_fill(struct np_counter_map *map)
{
	struct page **pages = pages_alloc(map->npages);

	if (!pages)
		return -ENOMEM;
	/* The pages and their array then belong to the area. */
	map->head = vmap(pages, map->npages, VM_MAP | VM_USERMAP |
			 VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!map->head) {
		pages_free(pages, map->npages);
		return -ENOMEM;
	}
	map_describe(map);
	return 0;
}

/**
 * np_counter_map_create() - counters for mappings, all zero
 * @user: whose locked memory they become
 * @ret_reason: set with -EDQUOT
 *
 * Return: with one reference, or -EDQUOT, -ENOMEM.
 */
struct np_counter_map *np_counter_map_create(struct np_user *user,
					     u32 *ret_reason)
{
	struct np_counter_map *map;
	int err;

	map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->npages = PFN_UP(blocks_offset() + nr_cpu_ids * block_stride());
	err = np_user_charge_locked(user, map->npages);
	if (err) {
		*ret_reason = NUMAPERF_REASON_LOCKED_MEMORY;
		goto err_free;
	}
	err = map_fill(map);
	if (err)
		goto err_uncharge;
	refcount_set(&map->ref, 1);
	map->user = np_user_get(user);
	return map;

err_uncharge:
	np_user_uncharge_locked(user, map->npages);
err_free:
	kfree(map);
	return ERR_PTR(err);
}

/* Any context but under a lock (it frees pages). */
void np_counter_map_put(struct np_counter_map *map)
{
	if (!map || !refcount_dec_and_test(&map->ref))
		return;
	vfree(map->head);
	np_user_uncharge_locked(map->user, map->npages);
	np_user_put(map->user);
	kfree(map);
}

/* ------------------------------------------------------------- counting */

/*
 * A sample is counted where it was seen, mostly by that CPU itself; but a fault
 * sample's thread may have been moved before it gets to count. So the sequence
 * is a lock, too, nearly always free. Never taken in interrupts.
 */
static u32 block_lock(struct numaperf_counters_cpu *block)
{
	u32 sequence;

	preempt_disable();
	for (;;) {
		sequence = READ_ONCE(block->sequence);
		/* A full barrier: what follows is seen after the odd number. */
		if (!(sequence & 1) &&
		    cmpxchg(&block->sequence, sequence, sequence + 1) == sequence)
			return sequence + 1;
		cpu_relax();
	}
}

static void block_unlock(struct numaperf_counters_cpu *block, u32 sequence)
{
	/* What was written is seen before the even number. */
	smp_store_release(&block->sequence, sequence + 1);
	preempt_enable();
}

/* From the fault path, maybe with a page-table lock. */
void np_counter_map_add(struct np_counter_map *map,
			const struct np_sample *sample)
{
	struct numaperf_counters_cpu *block;
	struct numaperf_counters_cell *cell;
	u32 sequence;

	if (likely(!map))
		return;
	block = map_block(map, sample->cpu);
	cell = &block->cells[sample->source * np_nodes +
			     np_node_place(sample->page_node)];
	sequence = block_lock(block);
	WRITE_ONCE(block->cpu_node, sample->cpu_node);
	WRITE_ONCE(cell->samples, cell->samples + 1);
	WRITE_ONCE(cell->pages, cell->pages + sample->pages);
	block_unlock(block, sequence);
}

static void locality_of_block(const struct numaperf_counters_cpu *block,
			      enum numaperf_source source,
			      struct np_locality *ret)
{
	const struct numaperf_counters_cell *cells =
		&block->cells[source * np_nodes];
	int node = READ_ONCE(block->cpu_node);
	unsigned int i;

	*ret = (struct np_locality){};
	for (i = 0; i < np_nodes; i++) {
		u64 pages = READ_ONCE(cells[i].pages);

		ret->samples += READ_ONCE(cells[i].samples);
		ret->pages += pages;
		if (np_node_id(i) == node)
			ret->local += pages;
	}
}

/* As user space reads it: again until nobody wrote meanwhile. */
static void locality_of_cpu(const struct numaperf_counters_cpu *block,
			    enum numaperf_source source,
			    struct np_locality *ret)
{
	u32 sequence;

	for (;;) {
		/* The number before the counts; pairs with block_unlock(). */
		sequence = smp_load_acquire(&block->sequence);
		if (!(sequence & 1)) {
			locality_of_block(block, source, ret);
			smp_rmb();	/* the counts before the number again */
			if (READ_ONCE(block->sequence) == sequence)
				return;
		}
		cpu_relax();
	}
}

/* What one source has counted so far. */
void np_counter_map_locality(struct np_counter_map *map,
			     enum numaperf_source source,
			     struct np_locality *ret)
{
	unsigned int cpu;

	*ret = (struct np_locality){};
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct np_locality one;

		locality_of_cpu(map_block(map, cpu), source, &one);
		ret->samples += one.samples;
		ret->pages += one.pages;
		ret->local += one.local;
	}
}

/* -------------------------------------------------------------- mapping */

static int map_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct np_counter_map *map = file->private_data;

	/* A private mapping would keep what it once copied. */
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	np_vm_flags_clear(vma, VM_MAYWRITE | VM_MAYEXEC);
	return remap_vmalloc_range(vma, map->head, vma->vm_pgoff);
}

static int map_release(struct inode *inode, struct file *file)
{
	np_counter_map_put(file->private_data);
	return 0;
}

static const struct file_operations map_fops = {
	.owner = THIS_MODULE,
	.mmap = map_mmap,
	.release = map_release,
	.llseek = noop_llseek,
};

/* A file, which gets a reference, and a number for its descriptor. */
static struct file *map_open(struct np_counter_map *map, s32 *ret_fd)
{
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return ERR_PTR(fd);
	file = anon_inode_getfile("[numaperf-counters]", &map_fops, map, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return file;
	}
	refcount_inc(&map->ref);
	*ret_fd = fd;
	return file;
}

/* Counters that nobody can map are not kept. Session's lock held. */
static int target_open(struct np_target *target,
		       struct numaperf_ioc_counters *arg,
		       struct file **ret_file)
{
	struct np_counter_map *map = target->map, *fresh = NULL;
	struct file *file;

	if (!map) {
		fresh = np_counter_map_create(target->session->user,
					      &arg->reason);
		if (IS_ERR(fresh))
			return PTR_ERR(fresh);
		map = fresh;
	}
	file = map_open(map, &arg->fd);
	if (IS_ERR(file)) {
		np_counter_map_put(fresh);
		return PTR_ERR(file);
	}
	if (fresh)
		np_target_map_set(target, fresh);
	arg->length = map->npages << PAGE_SHIFT;
	*ret_file = file;
	return 0;
}

/* COUNTERS. @ret_file: not yet in the table of descriptors. */
int np_counters(struct np_session *session, struct numaperf_ioc_counters *arg,
		struct file **ret_file)
{
	struct np_target *target;
	int err = -ENOENT;

	if (arg->flags || arg->pad)
		return -EOPNOTSUPP;
	arg->reason = NUMAPERF_REASON_NONE;
	mutex_lock(&session->lock);
	target = np_target_find(session, arg->target);
	if (target)
		err = target_open(target, arg, ret_file);
	mutex_unlock(&session->lock);
	return err;
}
