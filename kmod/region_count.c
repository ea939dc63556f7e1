// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "node.h"
#include "region.h"
#include "region_count.h"

#define CELL_BITS_MIN	10
#define CELL_BITS_MAX	16

/* Room for all cells that thread 0 can have, if possible, and more for others. */
static unsigned int cell_bits(u64 rest_cells)
{
	u64 wanted = roundup_pow_of_two(4 * rest_cells);

	return clamp_t(u64, ilog2(wanted), CELL_BITS_MIN, CELL_BITS_MAX);
}

size_t np_region_counts_size(const struct np_region *region)
{
	u64 rest = (u64)region->parts * nodes_weight(region->nodes) * np_nodes;

	return (sizeof(*((struct np_region_counts *)NULL)->cells) << cell_bits(rest)) +
	       NP_REGION_RING * sizeof(struct np_use);
}

int np_region_counts_init(struct np_region_counts *counts,
			  const struct np_region *region)
{
	u64 rest = (u64)region->parts * nodes_weight(region->nodes) * np_nodes;

	spin_lock_init(&counts->lock);
	counts->nr_threads = 1;
	counts->cell_bits = cell_bits(rest);
	counts->rest_cells = min_t(u64, rest, 1U << (counts->cell_bits - 1));
	counts->cells = kvcalloc(1U << counts->cell_bits,
				 sizeof(*counts->cells), GFP_KERNEL_ACCOUNT);
	counts->ring = kvcalloc(NP_REGION_RING, sizeof(*counts->ring),
				GFP_KERNEL_ACCOUNT);
	return counts->cells && counts->ring ? 0 : -ENOMEM;
}

void np_region_counts_destroy(struct np_region_counts *counts)
{
	unsigned int i;

	for (i = 1; i < counts->nr_threads; i++) {
		put_pid(counts->threads[i].pid);
		put_pid(counts->threads[i].tid);
	}
	kvfree(counts->cells);
	kvfree(counts->ring);
}

static unsigned int thread_add(struct np_region_counts *counts)
{
	unsigned int number = counts->nr_threads;
	struct np_region_thread *thread = &counts->threads[number];

	if (number == NP_REGION_THREADS)
		return 0;
	thread->pid = get_pid(task_tgid(current));
	thread->tid = get_pid(task_pid(current));
	get_task_comm(thread->comm, current);
	/* Readers see the record once they see its number. */
	smp_store_release(&counts->nr_threads, number + 1);
	return number;
}

/* The current thread's number; the table is never more than half full. */
static unsigned int thread_number(struct np_region_counts *counts)
{
	unsigned int mask = ARRAY_SIZE(counts->thread_at) - 1;
	unsigned int at = hash_ptr(task_pid(current), 32) & mask;

	while (counts->thread_at[at]) {
		unsigned int number = counts->thread_at[at];

		if (counts->threads[number].tid == task_pid(current))
			return number;
		at = (at + 1) & mask;
	}
	counts->thread_at[at] = thread_add(counts);
	return counts->thread_at[at];
}

static u64 cell_key(unsigned int thread, u32 part, const struct np_use *use)
{
	return ((u64)thread + 1) << 48 | (u64)part << 32 |
	       np_node_place(use->cpu_node) << 16 |
	       np_node_place(use->page_node);
}

/* The table is never more than three quarters full; its last is thread 0's. */
static bool cell_may_be_added(const struct np_region_counts *counts, u64 key)
{
	unsigned int room = 3U << counts->cell_bits >> 2;

	if (np_cell_thread(key))
		room -= counts->rest_cells;
	return counts->nr_cells < room;
}

static struct np_region_cell *cell_find(struct np_region_counts *counts, u64 key)
{
	unsigned int mask = (1U << counts->cell_bits) - 1;
	unsigned int at = hash_64(key, counts->cell_bits);

	while (counts->cells[at].key) {
		if (counts->cells[at].key == key)
			return &counts->cells[at];
		at = (at + 1) & mask;
	}
	if (!cell_may_be_added(counts, key))
		return NULL;
	counts->nr_cells++;
	/* After its thread's number. */
	smp_store_release(&counts->cells[at].key, key);
	return &counts->cells[at];
}

static void count_cell(struct np_region_counts *counts, const struct np_use *use,
		       u32 part)
{
	struct np_region_cell *cell;

	cell = cell_find(counts, cell_key(use->thread, part, use));
	if (!cell && use->thread)
		cell = cell_find(counts, cell_key(0, part, use));
	if (!cell)
		WRITE_ONCE(counts->uncounted, counts->uncounted + 1);
	else if (use->write)
		WRITE_ONCE(cell->writes, cell->writes + 1);
	else
		WRITE_ONCE(cell->reads, cell->reads + 1);
}

static void ring_add(struct np_region_counts *counts, const struct np_use *use)
{
	counts->ring[counts->head++ % NP_REGION_RING] = *use;
	if (counts->head - counts->tail > NP_REGION_RING) {
		counts->tail++;
		WRITE_ONCE(counts->dropped, counts->dropped + 1);
	}
}

/**
 * np_region_count() - count a use by the current thread
 * @foreign: it acts for another process, whose thread is not known
 */
void np_region_count(struct np_region_counts *counts, struct np_use *use,
		     u32 part, bool foreign)
{
	spin_lock(&counts->lock);
	WRITE_ONCE(counts->used, counts->used + 1);
	if (foreign) {
		WRITE_ONCE(counts->foreign, counts->foreign + 1);
	} else {
		use->thread = thread_number(counts);
		count_cell(counts, use, part);
		ring_add(counts, use);
	}
	spin_unlock(&counts->lock);
}

/* Take the oldest samples out: how many. */
unsigned int np_region_uses_take(struct np_region_counts *counts,
				 struct np_use *uses, unsigned int room)
{
	unsigned int n;

	spin_lock(&counts->lock);
	for (n = 0; n < room && counts->tail < counts->head; n++)
		uses[n] = counts->ring[counts->tail++ % NP_REGION_RING];
	spin_unlock(&counts->lock);
	return n;
}

/* Taken out, but the caller could not be told. */
void np_region_uses_lost(struct np_region_counts *counts, unsigned int n)
{
	spin_lock(&counts->lock);
	WRITE_ONCE(counts->dropped, counts->dropped + n);
	spin_unlock(&counts->lock);
}
