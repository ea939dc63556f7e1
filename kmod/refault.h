/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Source "refault": pages of a region, chosen uniformly, are unmapped; who uses
 * one next faults, and is counted.
 *
 * Each page has a word: not armed, or armed since when, in which turn. The
 * sampler arms, just before it unmaps, or the thread that used the page last
 * does (refault_close.c); the first fault after that disarms and counts. Faults
 * on pages that are not armed (the first touch, a forked child's, one after
 * munmap) are no samples.
 */
#ifndef NP_REFAULT_H
#define NP_REFAULT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "region.h"
#include "region_count.h"

struct perf_event;

#define NP_REFAULT_SLOTS	512	/* pages followed over several turns */

/**
 * struct np_refault_slot - a page of which several consecutive uses are awaited
 * @page: index
 * @taken: else the slot is free
 */
struct np_refault_slot {
	u64 page;
	bool taken;
};

/**
 * struct np_refault - the sampler of one region
 * @region: whose
 * @since_ns: what times in words count from
 * @words: by page
 * @rate: pages a second; 0: it does not run
 * @repeat: uses awaited of a chosen page, at least 1
 * @work: one batch
 * @last_ns: samples are due from here on
 * @due: fractions of one, in 1/NSEC_PER_SEC
 * @pass: pages are chosen in passes over all, each in another order: how many
 *	of this one were
 * @stride: of this order, coprime to the number of pages
 * @start: of this order
 * @slots: pages followed, if @repeat is more than 1
 * @hand: where in @slots the next look begins
 * @closes: next turns that threads are about to arm themselves
 * @closes_shut: no more of these
 * @closes_lock: of both; in process context only
 * @keep: what keeps breakpoints cheap while @repeat is more than 1, or NULL
 * @charged: base pages of its own memory, locked memory of the user
 * @closed: pages unmapped by threads, under the region's sampler_lock
 * @armed: pages unmapped by @work; as the next two, written by it alone
 * @unmapped: chosen, but not mapped or awaited already
 * @limited: due, but beyond the user's budget
 * @counts: what was seen
 */
struct np_refault {
	struct np_region *region;
	u64 since_ns;
	atomic64_t *words;
	u32 rate;
	u32 repeat;
	struct delayed_work work;
	u64 last_ns;
	u64 due;
	u64 pass;
	u64 stride;
	u64 start;
	struct np_refault_slot slots[NP_REFAULT_SLOTS];
	unsigned int hand;
	struct list_head closes;
	bool closes_shut;
	spinlock_t closes_lock;	/* @closes, @closes_shut */
	struct perf_event *keep;
	unsigned long charged;
	u64 closed;
	u64 armed;
	u64 unmapped;
	u64 limited;
	struct np_region_counts counts;
};

/*
 * A word: in the bits above, time since since_ns in units of 32 ns: 4 years. Of
 * a followed page that is not armed, the turn is that of its last use.
 */
#define NP_WORD_ARMED		BIT_ULL(0)
#define NP_WORD_FOLLOWED	BIT_ULL(1)	/* a slot awaits its turns */
#define NP_WORD_CLOSING		BIT_ULL(2)	/* not armed: its user is to */
#define NP_WORD_CLOSE		BIT_ULL(3)	/* armed by its last user */
#define NP_WORD_TURN_SHIFT	4
#define NP_WORD_TIME_SHIFT	12
#define NP_WORD_TIME_UNIT	5		/* 1 << this nanoseconds */

static inline u64 np_word(u64 since_start_ns, u8 turn, u64 flags)
{
	return since_start_ns >> NP_WORD_TIME_UNIT << NP_WORD_TIME_SHIFT |
	       (u64)turn << NP_WORD_TURN_SHIFT | flags;
}

static inline u64 np_word_ns(u64 word)
{
	return word >> NP_WORD_TIME_SHIFT << NP_WORD_TIME_UNIT;
}

static inline u8 np_word_turn(u64 word)
{
	return word >> NP_WORD_TURN_SHIFT;
}

/* refault_close.c */
int np_close_init(void);
void np_close_exit(void);
struct perf_event *np_close_keep(void);
void np_close_unkeep(struct perf_event *event);
bool np_close_can(const struct vm_fault *vmf);
void np_close_begin(struct np_refault *sampler, struct vm_fault *vmf, u64 page);
void np_close_reap(struct np_refault *sampler, bool all);
void np_close_shut(struct np_refault *sampler, bool shut);

/* refault.c */
bool np_refault_may(struct np_refault *sampler);
bool np_refault_arm(struct np_refault *sampler, u64 i, u8 turn, u64 flags);
void np_refault_use(struct np_refault *sampler, struct vm_fault *vmf, u64 page);

/* Of every fault in a region: page @i is about to be mapped. */
static inline void np_refault_fault(struct np_region *region,
				    struct vm_fault *vmf, u64 i)
{
	/* Pairs with the release in sampler_make(). */
	struct np_refault *sampler = smp_load_acquire(&region->sampler);

	if (sampler && atomic64_read(&sampler->words[i]) & NP_WORD_ARMED)
		np_refault_use(sampler, vmf, i);
}

int np_refault_set(struct np_region *region, u32 rate, u32 repeat);
void np_refault_end(struct np_region *region);
void np_refault_free(struct np_region *region);

#endif /* NP_REFAULT_H */
