// SPDX-License-Identifier: GPL-2.0
/*
 * The sampler unmaps in batches, from a worker of an unbound workqueue. Its
 * timer is on a housekeeping CPU, as those workers are. The price on other
 * CPUs is one TLB shoot-down a sample, where a thread runs whose process has
 * the page mapped: that is what observing it means.
 */
#include <linux/gcd.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "quiet.h"
#include "refault.h"
#include "user.h"

/* Most samples of one batch: what a batch can keep others waiting for. */
#define BATCH	1024
#define BATCH_NS	(8 * NSEC_PER_MSEC)

/* Each is looked at when a page is unmapped: beyond that, none is. */
#define REGION_MAPS_MAX	1024

static unsigned int samples_max = 20000;
module_param(samples_max, uint, 0644);
MODULE_PARM_DESC(samples_max, "Pages a second sampled in all regions of a user (default 20000)");

static void count_up(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

/* ---------------------------------------------------------------- arming */

/* One sample of the user's budget. */
bool np_refault_may(struct np_refault *sampler)
{
	return np_budget_take(&sampler->region->user->samples, 1,
			      READ_ONCE(samples_max));
}

/*
 * The word comes first, or a use right after the unmapping would be missed. A
 * process that touches the page for the first time in just this moment counts
 * as its next user. The exposure begins when no CPU has it mapped any more.
 *
 * Only who may change the word of a page that is not armed arms it: the sampler,
 * or with NP_WORD_CLOSING the thread that used it last; and that only as long
 * as the page is followed.
 */
bool np_refault_arm(struct np_refault *sampler, u64 i, u8 turn, u64 flags)
{
	struct np_region *region = sampler->region;
	s64 word = atomic64_read(&sampler->words[i]);
	u64 size = np_region_page_size(region);
	u64 before, after;

	if (!page_mapped(region->pages[i]) ||
	    atomic_read(&region->maps) > REGION_MAPS_MAX)
		return false;
	if (word & NP_WORD_CLOSING && !(word & NP_WORD_FOLLOWED))
		return false;
	flags |= NP_WORD_ARMED;
	before = np_word(ktime_get_ns() - sampler->since_ns, turn, flags);
	/* Armed before unmapped: this is a barrier, too. */
	if (atomic64_cmpxchg(&sampler->words[i], word, before) != word)
		return false;
	unmap_mapping_range(region->mapping, i * size, size, 0);
	after = np_word(ktime_get_ns() - sampler->since_ns, turn, flags);
	atomic64_cmpxchg(&sampler->words[i], before, after);
	return true;
}

static bool page_arm(struct np_refault *sampler, u64 i, u8 turn, u64 flags)
{
	bool armed = np_refault_arm(sampler, i, turn, flags);

	count_up(&sampler->armed, armed);
	return armed;
}

/* In the fault of a process that maps the region, or of one that acts on it. */
static bool fault_is_foreign(struct vm_fault *vmf)
{
	return current->mm != vmf->vma->vm_mm ||
	       vmf->flags & FAULT_FLAG_REMOTE || current->flags & PF_DUMPCORE;
}

/* What remains of an armed page's word when it is used. */
static u64 word_used(const struct np_refault *sampler, u64 word, bool close)
{
	u8 turn = np_word_turn(word);

	if (!(word & NP_WORD_FOLLOWED))
		return 0;
	if (close && turn + 1 < READ_ONCE(sampler->repeat))
		return np_word(0, turn, NP_WORD_FOLLOWED | NP_WORD_CLOSING);
	return np_word(0, turn, NP_WORD_FOLLOWED);
}

/* An armed page is used. One of those that come at the same time wins. */
void np_refault_use(struct np_refault *sampler, struct vm_fault *vmf, u64 page)
{
	struct np_region *region = sampler->region;
	s64 word = atomic64_read(&sampler->words[page]);
	bool foreign = fault_is_foreign(vmf);
	bool close = !foreign && READ_ONCE(sampler->keep) && np_close_can(vmf);
	struct np_use use;
	u64 now, left;

	do {
		if (!(word & NP_WORD_ARMED))
			return;
		left = word_used(sampler, word, close);
	} while (!atomic64_try_cmpxchg(&sampler->words[page], &word, left));
	now = ktime_get_ns() - sampler->since_ns;
	use = (struct np_use) {
		.page = page,
		.armed_ns = sampler->since_ns + np_word_ns(word),
		.delay_ns = now - min(now, np_word_ns(word)),
		.cpu_node = numa_node_id(),
		.page_node = page_to_nid(region->pages[page]),
		.turn = np_word_turn(word),
		.write = vmf->flags & FAULT_FLAG_WRITE,
		.close = word & NP_WORD_CLOSE,
	};
	np_region_count(&sampler->counts, &use,
			div64_u64(page * region->parts, region->npages), foreign);
	if (left & NP_WORD_CLOSING)
		np_close_begin(sampler, vmf, page);
}

/* ----------------------------------------------------------------- choice */

/* Exactly uniform below @n: what would bias it is drawn again. */
static u64 random_below(u64 n)
{
	u64 mask = roundup_pow_of_two(n) - 1;
	u64 random;

	do {
		random = get_random_u64() & mask;
	} while (random >= n);
	return random;
}

/*
 * Each page once a pass, so that all have been seen after as many choices as
 * there are pages, not four times as many. Where a pass begins, and how it goes
 * on, is random: each page is equally likely to be chosen at any time.
 */
static u64 next_page(struct np_refault *sampler)
{
	u64 n = sampler->region->npages;
	u64 at;

	if (sampler->pass % n == 0) {
		sampler->pass = 0;
		sampler->start = random_below(n);
		do {
			sampler->stride = 1 + random_below(n);
		} while (gcd(sampler->stride, n) != 1);
	}
	/* Both factors are below 2^32: a region has fewer pages than that. */
	div64_u64_rem(sampler->start + sampler->pass++ * sampler->stride, n,
		      &at);
	return at;
}

static void slot_leave(struct np_refault *sampler, struct np_refault_slot *slot)
{
	s64 word = atomic64_read(&sampler->words[slot->page]);
	u64 left;

	do {
		left = word & (NP_WORD_ARMED | NP_WORD_CLOSING) ?
			       word & ~NP_WORD_FOLLOWED : 0;
	} while (!atomic64_try_cmpxchg(&sampler->words[slot->page], &word,
				       left));
	slot->taken = false;
}

/*
 * When all slots wait, one is left for the new page, in turn: its use is still
 * awaited, the ones after that no more.
 */
static struct np_refault_slot *slot_get(struct np_refault *sampler)
{
	struct np_refault_slot *slot;
	int i;

	for (i = 0; i < NP_REFAULT_SLOTS; i++) {
		slot = &sampler->slots[sampler->hand++ % NP_REFAULT_SLOTS];
		if (!slot->taken)
			return slot;
	}
	slot = &sampler->slots[sampler->hand++ % NP_REFAULT_SLOTS];
	slot_leave(sampler, slot);
	return slot;
}

static void sample_new(struct np_refault *sampler)
{
	u64 i = next_page(sampler);
	bool follow = READ_ONCE(sampler->repeat) > 1;

	if (atomic64_read(&sampler->words[i]) ||
	    !page_arm(sampler, i, 0, follow ? NP_WORD_FOLLOWED : 0))
		count_up(&sampler->unmapped, 1);
	else if (follow)
		*slot_get(sampler) = (struct np_refault_slot) {
			.page = i,
			.taken = true,
		};
}

/*
 * The page was used: its next turn, if there is one. The fault that used it may
 * not have mapped it yet: then the turn waits.
 */
static bool slot_next_turn(struct np_refault *sampler,
			   struct np_refault_slot *slot, u8 turn)
{
	if (turn + 1 >= READ_ONCE(sampler->repeat)) {
		slot_leave(sampler, slot);
		return false;
	}
	return page_arm(sampler, slot->page, turn + 1, NP_WORD_FOLLOWED);
}

/* A batch is bounded in time, as one unmapping takes as long as it has mappings. */
static bool batch_goes_on(const struct np_refault *sampler, u64 begin)
{
	cond_resched();
	return !READ_ONCE(sampler->region->closed) &&
	       ktime_get_ns() - begin < BATCH_NS;
}

/* Pages that were used and have turns left come first: how many, up to @most. */
static u32 sample_followed(struct np_refault *sampler, u32 most, u64 begin)
{
	u32 done = 0;
	int i;

	for (i = 0; i < NP_REFAULT_SLOTS && done < most &&
	     batch_goes_on(sampler, begin); i++) {
		struct np_refault_slot *slot = &sampler->slots[i];
		u64 word;

		if (!slot->taken)
			continue;
		word = atomic64_read(&sampler->words[slot->page]);
		if (word & (NP_WORD_ARMED | NP_WORD_CLOSING))
			continue;
		done += slot_next_turn(sampler, slot, np_word_turn(word));
	}
	return done;
}

/* ----------------------------------------------------------------- batches */

/* What is due since the last batch: fractions of one stay due. */
static u64 samples_due(struct np_refault *sampler)
{
	u64 now = ktime_get_ns();

	sampler->due += READ_ONCE(sampler->rate) *
			min_t(u64, now - sampler->last_ns, NSEC_PER_SEC);
	sampler->last_ns = now;
	return div64_u64_rem(sampler->due, NSEC_PER_SEC, &sampler->due);
}

/* What the user's budget gives of them; the rest is gone. */
static u32 samples_given(struct np_refault *sampler, u64 due)
{
	u32 given;

	given = np_budget_take(&sampler->region->user->samples,
			       min_t(u64, due, BATCH), READ_ONCE(samples_max));
	count_up(&sampler->limited, due - given);
	return given;
}

/*
 * Random, at low rates, so as not to march in step with what is observed. Many
 * regions that share a budget wait, when there is nothing of it, until it is
 * full: looking for it would cost more than sampling.
 */
static unsigned long batch_delay(const struct np_refault *sampler, bool starved)
{
	u32 mean = HZ / max(READ_ONCE(sampler->rate), 1U);

	if (starved)
		mean = max_t(u32, mean, HZ / 10);
	return mean > 1 ? 1 + random_below(2 * mean - 1) : 1;
}

/* Sampling takes at most half of the time. */
static void batch_queue(struct np_refault *sampler, bool starved, u64 took_ns)
{
	np_queue_delayed(&sampler->work,
			 max(batch_delay(sampler, starved),
			     nsecs_to_jiffies(took_ns)));
}

static void batch_work(struct work_struct *work)
{
	struct np_refault *sampler = container_of(to_delayed_work(work),
						  struct np_refault, work);
	u64 begin = ktime_get_ns(), due = samples_due(sampler);
	u32 left = samples_given(sampler, due);
	bool starved = due && !left;

	np_close_reap(sampler, false);
	left -= sample_followed(sampler, left, begin);
	for (; left && batch_goes_on(sampler, begin); left--)
		sample_new(sampler);
	count_up(&sampler->limited, left);
	batch_queue(sampler, starved, ktime_get_ns() - begin);
}

/* ------------------------------------------------------------------- life */

static struct np_refault *sampler_alloc(struct np_region *region)
{
	struct np_refault *sampler;

	sampler = kvzalloc(sizeof(*sampler), GFP_KERNEL_ACCOUNT);
	if (!sampler)
		return NULL;
	sampler->region = region;
	sampler->since_ns = ktime_get_ns();
	INIT_DELAYED_WORK(&sampler->work, batch_work);
	INIT_LIST_HEAD(&sampler->closes);
	spin_lock_init(&sampler->closes_lock);
	sampler->closes_shut = true;
	sampler->words = kvcalloc(region->npages, sizeof(*sampler->words),
				  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!sampler->words ||
	    np_region_counts_init(&sampler->counts, region)) {
		np_region_counts_destroy(&sampler->counts);
		kvfree(sampler->words);
		kvfree(sampler);
		return NULL;
	}
	return sampler;
}

static unsigned long sampler_pages(const struct np_region *region)
{
	return DIV_ROUND_UP(sizeof(struct np_refault) +
			    np_region_counts_size(region) +
			    region->npages * sizeof(atomic64_t), PAGE_SIZE);
}

static int sampler_make(struct np_region *region)
{
	struct np_refault *sampler;
	unsigned long pages;
	int err;

	if (region->sampler)
		return 0;
	/* Outlives the lease, as long as the memory is mapped: a charge of its own. */
	pages = sampler_pages(region);
	err = np_user_charge_locked(region->user, pages);
	if (err)
		return err;
	sampler = sampler_alloc(region);
	if (!sampler) {
		np_user_uncharge_locked(region->user, pages);
		return -ENOMEM;
	}
	sampler->charged = pages;
	/* Faults find it complete. */
	smp_store_release(&region->sampler, sampler);
	return 0;
}

static void sampler_restart(struct np_refault *sampler, u32 rate, u32 repeat)
{
	cancel_delayed_work_sync(&sampler->work);
	WRITE_ONCE(sampler->rate, rate);
	WRITE_ONCE(sampler->repeat, max(repeat, 1U));
	sampler->last_ns = ktime_get_ns();
	sampler->due = 0;
	np_close_shut(sampler, !rate || !sampler->keep);
	if (rate)
		batch_queue(sampler, false, 0);
}

/**
 * np_refault_set() - sample at another rate, or no more
 *
 * Return: 0; -ENOENT: the region's lease or memory is gone; -ENOMEM.
 */
int np_refault_set(struct np_region *region, u32 rate, u32 repeat)
{
	struct perf_event *keep = rate && repeat > 1 ? np_close_keep() : NULL;
	int err = 0;

	mutex_lock(&region->sampler_lock);
	if (region->closed)
		err = -ENOENT;
	else if (rate)
		err = sampler_make(region);
	if (!err && region->sampler) {
		swap(region->sampler->keep, keep);
		sampler_restart(region->sampler, rate, repeat);
	}
	mutex_unlock(&region->sampler_lock);
	np_close_unkeep(keep);
	return err;
}

/* No more samples are taken, ever; no page is looked at when this returns. */
void np_refault_end(struct np_region *region)
{
	struct perf_event *keep = NULL;

	mutex_lock(&region->sampler_lock);
	WRITE_ONCE(region->closed, true);
	if (region->sampler) {
		cancel_delayed_work_sync(&region->sampler->work);
		swap(region->sampler->keep, keep);
		np_close_shut(region->sampler, true);
	}
	mutex_unlock(&region->sampler_lock);
	np_close_unkeep(keep);
}

/* Nobody can fault in the region any more. */
void np_refault_free(struct np_region *region)
{
	struct np_refault *sampler = region->sampler;

	if (!sampler)
		return;
	np_user_uncharge_locked(region->user, sampler->charged);
	np_region_counts_destroy(&sampler->counts);
	kvfree(sampler->words);
	kvfree(sampler);
}
