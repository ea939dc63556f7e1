// SPDX-License-Identifier: GPL-2.0
/*
 * What threads count in watched ranges. Written by the thread itself, in the
 * fault path; read by anyone under RCU. A counter that was left by a range that
 * is no more is replaced when its slot is next used.
 */
#include <linux/slab.h>

#include "process.h"
#include "sample.h"
#include "thread.h"
#include "watch.h"

static void counter_free(struct np_watch_counter *counter)
{
	if (!counter)
		return;
	np_counter_destroy(&counter->counter);
	kfree(counter);
}

static void counter_free_rcu(struct rcu_head *rcu)
{
	counter_free(container_of(rcu, struct np_watch_counter, rcu));
}

static struct np_watch_counter *counter_create(u32 range, gfp_t gfp)
{
	struct np_watch_counter *counter = kzalloc(sizeof(*counter), gfp);

	if (!counter)
		return NULL;
	counter->range = range;
	if (np_counter_init(&counter->counter, gfp)) {
		kfree(counter);
		return NULL;
	}
	return counter;
}

/* By the writer: where it counts, made now if need be; NULL: no memory. */
static struct np_counter *thread_counter(struct np_thread *thread,
					 unsigned int slot, u32 range,
					 gfp_t gfp)
{
	struct np_watch_counter *counter, *old;

	gfp |= __GFP_NOWARN | __GFP_ACCOUNT;
	if (unlikely(!thread->watched)) {
		struct np_watch_counter **watched;

		watched = kcalloc(NUMAPERF_RANGES_MAX, sizeof(*watched), gfp);
		if (!watched)
			return NULL;
		/* Pairs with the readers' READ_ONCE() and address dependency. */
		smp_store_release(&thread->watched, watched);
	}
	old = thread->watched[slot];
	if (likely(old && old->range == range))
		return &old->counter;
	counter = counter_create(range, gfp);
	if (!counter)
		return NULL;
	/* Likewise. */
	smp_store_release(&thread->watched[slot], counter);
	if (old)
		call_rcu(&old->rcu, counter_free_rcu);
	return &counter->counter;
}

/*
 * By the thread itself, under RCU: count a sample if it is in a range. 0, or
 * -ENOMEM: it could not be counted.
 */
int np_watch_count(struct np_thread *thread, const struct np_sample *sample)
{
	const struct np_watch_table *table =
		rcu_dereference_check(thread->process->watched,
				      rcu_read_lock_any_held());
	const struct np_watch_entry *entry;
	struct np_counter *counter;

	if (likely(!table))
		return 0;
	entry = np_watch_find(table, sample->addr);
	if (!entry)
		return 0;
	counter = thread_counter(thread, entry->slot, entry->range, GFP_NOWAIT);
	return counter ? np_counter_add(counter, sample) : -ENOMEM;
}

/* Nobody sees the thread any more. */
void np_watch_counts_free(struct np_thread *thread)
{
	unsigned int slot;

	if (!thread->watched)
		return;
	for (slot = 0; slot < NUMAPERF_RANGES_MAX; slot++)
		counter_free(thread->watched[slot]);
	kfree(thread->watched);
}

/*
 * What @from has counted at @slot, for @to; NULL: nothing. Of two ranges that
 * had one slot, only the later one may be there still.
 */
static const struct np_watch_counter *
counter_to_merge(const struct np_thread *to, const struct np_thread *from,
		 unsigned int slot)
{
	const struct np_watch_counter *counter, *there;

	counter = from->watched ? from->watched[slot] : NULL;
	there = to->watched ? to->watched[slot] : NULL;
	if (counter && there && there->range > counter->range)
		return NULL;
	return counter;
}

/* See np_counter_reserve(). */
int np_watch_counts_reserve(struct np_thread *to, const struct np_thread *from)
{
	unsigned int slot;

	for (slot = 0; slot < NUMAPERF_RANGES_MAX; slot++) {
		const struct np_watch_counter *counter;
		struct np_counter *home;

		counter = counter_to_merge(to, from, slot);
		if (!counter)
			continue;
		home = thread_counter(to, slot, counter->range, GFP_KERNEL);
		if (!home || np_counter_reserve(home, &counter->counter))
			return -ENOMEM;
	}
	return 0;
}

/* See np_counter_merge(). */
void np_watch_counts_merge(struct np_thread *to, const struct np_thread *from)
{
	unsigned int slot;

	for (slot = 0; slot < NUMAPERF_RANGES_MAX; slot++) {
		const struct np_watch_counter *counter;

		counter = counter_to_merge(to, from, slot);
		if (counter)
			np_counter_merge(&to->watched[slot]->counter,
					 &counter->counter);
	}
}

/* Tell @fn about what the thread has counted in a range: see np_counter_walk(). */
int np_watch_counts_walk(struct np_thread *thread, unsigned int slot, u32 range,
			 np_counter_fn fn, void *data)
{
	struct np_watch_counter **watched = READ_ONCE(thread->watched);
	struct np_watch_counter *counter;
	int err = 0;

	if (!watched)
		return 0;
	rcu_read_lock();
	counter = READ_ONCE(watched[slot]);
	if (counter && counter->range == range)
		err = np_counter_walk(&counter->counter, fn, data);
	rcu_read_unlock();
	return err;
}
