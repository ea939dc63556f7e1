/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was seen of a region: threads, cells of the matrix (thread x part x CPU
 * node x page node), and the newest samples.
 *
 * Written by faults on pages that were unmapped for sampling, one at a time
 * (@lock): so at the rate of sampling, not that of faults. All is of a fixed
 * size, made with the first rate.
 */
#ifndef NP_REGION_COUNT_H
#define NP_REGION_COUNT_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct np_region;
struct pid;

/* Threads that get a record of their own; number 0 stands for all others. */
#define NP_REGION_THREADS	256
#define NP_REGION_RING		4096	/* power of two */

/**
 * struct np_use - the first access to a page that was unmapped
 * @page: index in the region
 * @armed_ns: CLOCK_MONOTONIC when it was unmapped
 * @delay_ns: from then on
 * @cpu_node: of the CPU that accessed
 * @page_node: of the page
 * @thread: number of the thread, filled in when it is counted
 * @turn: of the consecutive ones of one choice
 * @write: it was a write
 * @close: unmapped right after the thread's last access
 */
struct np_use {
	u64 page;
	u64 armed_ns;
	u64 delay_ns;
	int cpu_node;
	int page_node;
	u16 thread;
	u8 turn;
	bool write;
	bool close;
};

/**
 * struct np_region_cell - one counter
 * @key: which, 0: free; written once
 */
struct np_region_cell {
	u64 key;
	u64 reads;
	u64 writes;
};

struct np_region_thread {
	struct pid *pid;
	struct pid *tid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct np_region_counts - all of it
 * @lock: writers, and readers of @ring
 * @nr_threads: numbers given out, 0 among them; only grows
 * @threads: by number
 * @thread_at: hash of them
 * @nr_cells: in use; only grows
 * @cell_bits: 1 << this are there
 * @rest_cells: kept free for thread 0
 * @cells: hash by key
 * @ring: samples from @tail up to @head
 * @dropped: overwritten unread
 * @used: all
 * @foreign: of these, by a process on another's behalf: in no cell
 * @uncounted: of these, without a cell for want of room
 */
struct np_region_counts {
	spinlock_t lock;	/* all below; counters are read without it */
	unsigned int nr_threads;
	struct np_region_thread threads[NP_REGION_THREADS];
	u16 thread_at[2 * NP_REGION_THREADS];
	unsigned int nr_cells;
	unsigned int cell_bits;
	unsigned int rest_cells;
	struct np_region_cell *cells;
	struct np_use *ring;
	u64 head;
	u64 tail;
	u64 dropped;
	u64 used;
	u64 foreign;
	u64 uncounted;
};

size_t np_region_counts_size(const struct np_region *region);
int np_region_counts_init(struct np_region_counts *counts,
			  const struct np_region *region);
void np_region_counts_destroy(struct np_region_counts *counts);
void np_region_count(struct np_region_counts *counts, struct np_use *use,
		     u32 part, bool foreign);
unsigned int np_region_uses_take(struct np_region_counts *counts,
				 struct np_use *uses, unsigned int room);
void np_region_uses_lost(struct np_region_counts *counts, unsigned int n);

/* The parts of a key. */
static inline u32 np_cell_thread(u64 key)
{
	return (key >> 48) - 1;
}

static inline u32 np_cell_part(u64 key)
{
	return key >> 32 & 0xffff;
}

static inline u32 np_cell_cpu_place(u64 key)
{
	return key >> 16 & 0xffff;
}

static inline u32 np_cell_page_place(u64 key)
{
	return key & 0xffff;
}

#endif /* NP_REGION_COUNT_H */
