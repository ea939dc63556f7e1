// SPDX-License-Identifier: GPL-2.0
/*
 * READ: the counters of a target, copied out as records. Counters grow while
 * they are read; each is whole, and none ever gets smaller.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "session.h"
#include "set.h"
#include "source.h"
#include "target.h"
#include "thread.h"
#include "watch.h"

#define READ_FLAGS	(NUMAPERF_READ_STOP | NUMAPERF_READ_RANGES)

/**
 * struct reading - records on their way to the caller
 * @watches: ranges to tell of, or NULL
 * @range: that is being read
 * @threads: gathered, NULL while only counting
 * @cells: likewise
 * @nr_threads: seen so far
 * @nr_cells: seen so far
 * @max_threads: room
 * @max_cells: room
 */
struct reading {
	const struct np_watches *watches;
	u32 range;
	struct numaperf_thread_record *threads;
	struct numaperf_cell *cells;
	u32 nr_threads;
	u32 nr_cells;
	u32 max_threads;
	u32 max_cells;
};

static int read_cell(unsigned int source, int cpu_node, int page_node,
		     const struct np_cell *cell, void *data)
{
	struct reading *reading = data;
	u32 i = reading->nr_cells++;

	if (i < reading->max_cells)
		reading->cells[i] = (struct numaperf_cell) {
			.thread = reading->nr_threads,
			.source = source,
			.cpu_node = cpu_node,
			.page_node = page_node,
			.samples = cell->samples,
			.pages = cell->pages,
			.range = reading->range,
		};
	return 0;
}

static void read_ranges(struct reading *reading, struct np_thread *thread)
{
	const struct np_watches *watches = reading->watches;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(watches->slots); i++) {
		reading->range = watches->slots[i].range;
		if (reading->range)
			np_watch_counts_walk(thread, i, reading->range,
					     read_cell, reading);
	}
	reading->range = 0;
}

static void read_thread(struct reading *reading, struct np_thread *thread)
{
	np_counter_walk(&thread->counter, read_cell, reading);
	if (reading->watches)
		read_ranges(reading, thread);
	if (reading->nr_threads < reading->max_threads)
		np_thread_fill(thread,
			       &reading->threads[reading->nr_threads]);
	reading->nr_threads++;
}

/*
 * Threads are only added meanwhile: the caller holds the session's lock and
 * fold_lock, under which they would be removed.
 */
static void read_all(struct reading *reading, struct np_target *target)
{
	struct np_thread *thread;

	reading->nr_threads = 0;
	reading->nr_cells = 0;
	if (target->rest)
		read_thread(reading, target->rest);
	list_for_each_entry_rcu(thread, &target->threads, of_target,
				lockdep_is_held(&target->fold_lock)) {
		read_thread(reading, thread);
		cond_resched();
	}
}

static bool read_fits(const struct reading *reading, u32 threads, u32 cells)
{
	return reading->nr_threads <= threads && reading->nr_cells <= cells;
}

static int read_copy(const struct reading *reading,
		     const struct numaperf_ioc_read *arg)
{
	u32 i;

	for (i = 0; i < reading->nr_threads; i++) {
		if (np_record_to_user(arg->threads, i, arg->thread_size,
				      &reading->threads[i],
				      sizeof(reading->threads[i])))
			return -EFAULT;
	}
	for (i = 0; i < reading->nr_cells; i++) {
		if (np_record_to_user(arg->cells, i, arg->cell_size,
				      &reading->cells[i],
				      sizeof(reading->cells[i])))
			return -EFAULT;
	}
	return 0;
}

/* Room for what was counted, and for what may come until it is gathered. */
static int read_room(struct reading *reading,
		     const struct numaperf_ioc_read *arg)
{
	reading->max_threads = min(arg->nr_threads, 2 * reading->nr_threads + 8);
	reading->max_cells = min(arg->nr_cells, 2 * reading->nr_cells + 64);
	reading->threads = kvcalloc(max(reading->max_threads, 1U),
				    sizeof(*reading->threads),
				    GFP_KERNEL_ACCOUNT);
	reading->cells = kvcalloc(max(reading->max_cells, 1U),
				  sizeof(*reading->cells), GFP_KERNEL_ACCOUNT);
	return reading->threads && reading->cells ? 0 : -ENOMEM;
}

/* First only count, then gather: all of it, or EMSGSIZE. */
static int read_records(struct np_target *target,
			struct numaperf_ioc_read *arg)
{
	struct reading reading = {};
	int err = -EMSGSIZE;

	if (arg->flags & NUMAPERF_READ_RANGES)
		reading.watches = target->watches;
	mutex_lock(&target->fold_lock);
	read_all(&reading, target);
	if (read_fits(&reading, arg->nr_threads, arg->nr_cells)) {
		err = read_room(&reading, arg);
		if (!err)
			read_all(&reading, target);
		if (!err && !read_fits(&reading, reading.max_threads,
				       reading.max_cells))
			err = -EMSGSIZE;
	}
	mutex_unlock(&target->fold_lock);
	if (!err)
		err = read_copy(&reading, arg);
	kvfree(reading.threads);
	kvfree(reading.cells);
	arg->nr_threads = reading.nr_threads;
	arg->nr_cells = reading.nr_cells;
	return err;
}

static void read_sources(struct np_target *target,
			 struct numaperf_ioc_read *arg)
{
	int i;

	arg->active = target->sources;
	memset(arg->reasons, 0, sizeof(arg->reasons));
	for (i = 0; i < NUMAPERF_SOURCE_COUNT; i++) {
		if (!(target->wanted & BIT(i)))
			arg->reasons[i] = NUMAPERF_REASON_NOT_REQUESTED;
		else
			arg->reasons[i] = np_source_reason(i);
	}
}

static int target_read(struct np_target *target, struct numaperf_ioc_read *arg)
{
	u64 now = ktime_get_ns();
	int err;

	if (arg->flags & NUMAPERF_READ_STOP) {
		np_target_stop(target);
		/* Samples under way elsewhere are counted when this returns. */
		synchronize_rcu();
	}
	err = read_records(target, arg);
	if (err)
		return err;
	arg->time_ns = now;
	arg->since_ns = target->since_ns;
	arg->missed = np_sources_missed(target->sources) -
		      target->missed_before;
	arg->untracked = atomic64_read(&target->untracked);
	read_sources(target, arg);
	return 0;
}

/* READ */
int np_target_read(struct np_session *session, struct numaperf_ioc_read *arg)
{
	struct np_target *target;
	int err = -ENOENT;

	if (arg->flags & ~READ_FLAGS)
		return -EOPNOTSUPP;
	if (!np_record_size_ok(arg->thread_size) ||
	    !np_record_size_ok(arg->cell_size))
		return -EINVAL;
	mutex_lock(&session->lock);
	target = np_target_find(session, arg->target);
	if (target)
		err = target_read(target, arg);
	mutex_unlock(&session->lock);
	return err;
}
