/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watched ranges: samples whose address is in one are counted once more, under
 * its number.
 *
 * The ranges of a process are a sorted table that is replaced as a whole, under
 * np_track_lock, and searched under RCU by the threads that fault. Each thread
 * counts for itself; where it does so is found by the range's slot in the
 * target, so a slot that went to another range is noticed by the number there.
 */
#ifndef NP_WATCH_H
#define NP_WATCH_H

#include <linux/numaperf.h>
#include <linux/rcupdate.h>

#include "counter.h"

struct np_process;
struct np_sample;
struct np_session;
struct np_target;
struct np_thread;

/**
 * struct np_watch_entry - a range as the fault path sees it
 * @start: first address
 * @end: first address behind it
 * @slot: of the target
 * @range: its number
 */
struct np_watch_entry {
	unsigned long start;
	unsigned long end;
	u32 slot;
	u32 range;
};

/* The ranges of one process, sorted, none overlapping another. Never changed. */
struct np_watch_table {
	struct rcu_head rcu;
	unsigned int count;
	struct np_watch_entry entries[];
};

/**
 * struct np_watches - the ranges of a target
 * @last: number given out last
 * @used: slots in use
 * @slots: @range 0: free; @process NULL: ended, its counts are kept
 *
 * Under the session's lock; @process also under np_track_lock.
 */
struct np_watches {
	u32 last;
	unsigned int used;
	struct {
		u32 range;
		struct np_process *process;
	} slots[NUMAPERF_RANGES_MAX];
};

/* What one thread has counted in the range that @range says. */
struct np_watch_counter {
	struct rcu_head rcu;
	u32 range;
	struct np_counter counter;
};

/* watch_table.c: no locks, no allocations but the first */
struct np_watch_table *np_watch_table_alloc(unsigned int count);
const struct np_watch_entry *np_watch_find(const struct np_watch_table *table,
					   unsigned long addr);
int np_watch_insert(struct np_watch_table *to,
		    const struct np_watch_table *from,
		    const struct np_watch_entry *entry);
void np_watch_remove(struct np_watch_table *to,
		     const struct np_watch_table *from, u32 range);

/* watch_count.c */
int np_watch_count(struct np_thread *thread, const struct np_sample *sample);
void np_watch_counts_free(struct np_thread *thread);
int np_watch_counts_reserve(struct np_thread *to, const struct np_thread *from);
void np_watch_counts_merge(struct np_thread *to, const struct np_thread *from);
int np_watch_counts_walk(struct np_thread *thread, unsigned int slot, u32 range,
			 np_counter_fn fn, void *data);

/* watch.c: WATCH; and the end of an address space, under np_track_lock */
int np_watch(struct np_session *session, struct numaperf_ioc_watch *arg);
void np_watch_undo(struct np_session *session,
		   const struct numaperf_ioc_watch *arg);
void np_watch_end(struct np_process *process);

#endif /* NP_WATCH_H */
