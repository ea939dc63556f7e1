// SPDX-License-Identifier: GPL-2.0
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/xarray.h>

#include "reader.h"
#include "target.h"
#include "target_list.h"
#include "thread.h"

static DEFINE_MUTEX(targets_mutex);	/* inside of a session's lock */
static DEFINE_XARRAY_ALLOC1(targets);	/* published ones; each by its session's reference */
static u32 next_id;
static u32 changes = 1;			/* odd, and so never 0 */

/*
 * Before it is known: events carry the id. No two targets have the same, though
 * after 2^31 of them one may be used again. It fits into a positive int, which
 * is how programs pass it on.
 */
int np_target_reserve_id(struct np_target *target)
{
	int err;

	mutex_lock(&targets_mutex);
	err = xa_alloc_cyclic(&targets, &target->id, NULL,
			      XA_LIMIT(1, S32_MAX), &next_id, GFP_KERNEL);
	mutex_unlock(&targets_mutex);
	return min(err, 0);
}

void np_target_publish(struct np_target *target)
{
	mutex_lock(&targets_mutex);
	/* Where an id is reserved there is memory for it. */
	xa_store(&targets, target->id, target, GFP_KERNEL);
	WRITE_ONCE(changes, changes + 2);
	mutex_unlock(&targets_mutex);
}

/* And give back its id, if it was ever reserved. */
void np_target_unpublish(struct np_target *target)
{
	mutex_lock(&targets_mutex);
	if (target->id && xa_erase(&targets, target->id))
		WRITE_ONCE(changes, changes + 2);
	mutex_unlock(&targets_mutex);
}

/* Another number whenever one came or went; never 0. */
u32 np_targets_changes(void)
{
	return READ_ONCE(changes);
}

static struct np_target *target_after(unsigned long id)
{
	struct np_target *target;

	mutex_lock(&targets_mutex);
	target = xa_find_after(&targets, &id, S32_MAX, XA_PRESENT);
	if (target)
		np_target_get(target);
	mutex_unlock(&targets_mutex);
	return target;
}

/* The next one that the reader may see, with a reference; NULL: no more. */
struct np_target *np_target_next(u32 after, const struct np_reader *reader)
{
	struct np_target *target;

	while ((target = target_after(after))) {
		if (np_reader_sees(reader, target->kuid))
			break;
		after = target->id;
		np_target_put(target);
		cond_resched();
	}
	return target;
}

static int sum_cell(unsigned int source, int cpu_node, int page_node,
		    const struct np_cell *cell, void *data)
{
	struct np_sum *sum = (struct np_sum *)data + source;

	sum->samples += cell->samples;
	sum->pages += cell->pages;
	if (cpu_node == page_node) {
		sum->local_samples += cell->samples;
		sum->local_pages += cell->pages;
	}
	return 0;
}

/* Adds to @sums; returns how many records of threads there are. */
u32 np_target_sum(struct np_target *target,
		  struct np_sum sums[NUMAPERF_SOURCE_COUNT])
{
	struct np_thread *thread;
	u32 threads = 0;

	/* Threads are only added meanwhile. */
	mutex_lock(&target->fold_lock);
	if (target->rest) {
		np_counter_walk(&target->rest->counter, sum_cell, sums);
		threads++;
	}
	list_for_each_entry_rcu(thread, &target->threads, of_target,
				lockdep_is_held(&target->fold_lock)) {
		np_counter_walk(&thread->counter, sum_cell, sums);
		threads++;
		cond_resched();
	}
	mutex_unlock(&target->fold_lock);
	return threads;
}
