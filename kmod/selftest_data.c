// SPDX-License-Identifier: GPL-2.0
/*
 * The data structures of the module, each beside a twin that is too naive to be
 * wrong. Random, but the same at every load.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "counter.h"
#include "event.h"
#include "node.h"
#include "random.h"
#include "sample.h"
#include "selftest.h"
#include "set.h"

#define SEED	0x9e3779b9

static u32 random_below(u32 *state, u32 n)
{
	return np_random_next(state) % n;
}

int np_selftest_nodes(void)
{
	unsigned int places = 0;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		if (!node_possible(nid))
			continue;
		NP_EXPECT(np_node_place(nid) == places);
		NP_EXPECT(np_node_id(places) == nid);
		places++;
	}
	NP_EXPECT(np_nodes == places);
	return 0;
}

/* ------------------------------------------------------------------ sets */

#define SET_BITS	320

/* A page of the loading process's, as sets and events are copied to users. */
static unsigned long user_page(void)
{
	unsigned long addr;

	addr = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, 0);
	return IS_ERR_VALUE(addr) ? 0 : addr;
}

static bool set_has(const u64 *words, u32 bits, unsigned int bit)
{
	return bit < bits && words[bit / 64] & (1ULL << (bit % 64));
}

static int set_round(unsigned long user, u32 *random)
{
	u64 words[SET_BITS / 64] = { 0 }, back[SET_BITS / 64];
	DECLARE_BITMAP(set, SET_BITS);
	unsigned int kernel_bits = 1 + random_below(random, SET_BITS);
	u32 user_bits = 64 * (1 + random_below(random, SET_BITS / 64));
	unsigned int i, some = 0;
	int err;

	for (i = 0; i < 8; i++) {
		unsigned int bit = random_below(random, user_bits);

		words[bit / 64] |= 1ULL << (bit % 64);
	}
	for (i = 0; i < kernel_bits; i++)
		some += set_has(words, user_bits, i);
	if (copy_to_user((void __user *)user, words, sizeof(words)))
		return -EFAULT;

	err = np_set_from_user(user, user_bits, set, kernel_bits);
	NP_EXPECT(err == (some ? 0 : -EINVAL));
	for (i = 0; i < kernel_bits; i++)
		NP_EXPECT(test_bit(i, set) == set_has(words, user_bits, i));

	err = np_set_to_user(user, SET_BITS, set, kernel_bits);
	NP_EXPECT(!err);
	if (copy_from_user(back, (void __user *)user, sizeof(back)))
		return -EFAULT;
	for (i = 0; i < SET_BITS; i++)
		NP_EXPECT(set_has(back, SET_BITS, i) ==
			  (i < kernel_bits && set_has(words, user_bits, i)));
	return 0;
}

static int set_rounds(unsigned long user)
{
	DECLARE_BITMAP(set, SET_BITS);
	u32 random = SEED;
	int i, err = 0;

	NP_EXPECT(np_set_from_user(user, 0, set, SET_BITS) == -EINVAL);
	NP_EXPECT(np_set_from_user(user, 63, set, SET_BITS) == -EINVAL);
	NP_EXPECT(np_set_from_user(user, NUMAPERF_SET_BITS_MAX + 64, set,
				   SET_BITS) == -EINVAL);
	NP_EXPECT(np_set_from_user(0, 64, set, SET_BITS) == -EFAULT);
	for (i = 0; i < 2000 && !err; i++)
		err = set_round(user, &random);
	return err;
}

/* A test that needs memory of the user's. */
static int with_user_page(int (*run)(unsigned long user))
{
	unsigned long user = user_page();
	int err;

	if (!user)
		return -ENOMEM;
	err = run(user);
	vm_munmap(user, PAGE_SIZE);
	return err;
}

int np_selftest_sets(void)
{
	return with_user_page(set_rounds);
}

/* ---------------------------------------------------------------- events */

#define READ_MAX	8

/* The twin: everything ever posted has a number, in @id. */
struct event_twin {
	struct np_events events;
	u64 kept[NP_EVENTS];
	u32 dropped[NP_EVENTS];
	unsigned int count;
	u64 posted;
	u32 lost;
};

static void twin_post(struct event_twin *twin)
{
	struct np_event event = {
		.record = { .type = NUMAPERF_EVENT_LEASE_LOST },
	};

	event.record.id = ++twin->posted;
	np_event_post(&twin->events, &event);
	if (twin->count == NP_EVENTS) {
		twin->lost++;
		return;
	}
	twin->dropped[twin->count] = twin->lost;
	twin->kept[twin->count++] = twin->posted;
	twin->lost = 0;
}

static int twin_read(struct event_twin *twin, unsigned long user,
		     unsigned int room)
{
	struct numaperf_event_record records[READ_MAX];
	unsigned int i, n = min(room, twin->count);
	ssize_t got;

	/* A bit more room than whole records need. */
	got = np_events_read(&twin->events, (char __user *)user,
			     room * sizeof(records[0]) + 7, true);
	if (!n) {
		NP_EXPECT(got == (room ? -EAGAIN : -EINVAL));
		return 0;
	}
	NP_EXPECT(got == n * sizeof(records[0]));
	if (copy_from_user(records, (void __user *)user, got))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		NP_EXPECT(records[i].size == sizeof(records[0]));
		NP_EXPECT(records[i].id == twin->kept[i]);
		NP_EXPECT(records[i].dropped == twin->dropped[i]);
	}
	twin->count -= n;
	memmove(twin->kept, twin->kept + n, twin->count * sizeof(twin->kept[0]));
	memmove(twin->dropped, twin->dropped + n,
		twin->count * sizeof(twin->dropped[0]));
	return 0;
}

/* Long stretches of posting fill the ring, then of reading empty it. */
static int event_rounds(unsigned long user)
{
	struct event_twin *twin = kzalloc(sizeof(*twin), GFP_KERNEL);
	u32 random = SEED;
	int i, j, err = 0;

	if (!twin)
		return -ENOMEM;
	np_events_init(&twin->events, GLOBAL_ROOT_UID);
	for (i = 0; i < 200 && !err; i++) {
		u32 posts = random_below(&random, 2 * NP_EVENTS);
		u32 reads = random_below(&random, NP_EVENTS / 2);

		for (j = 0; j < posts; j++)
			twin_post(twin);
		for (j = 0; j < reads && !err; j++)
			err = twin_read(twin, user,
					random_below(&random, READ_MAX));
	}
	np_events_destroy(&twin->events);
	kfree(twin);
	return err;
}

int np_selftest_events(void)
{
	return with_user_page(event_rounds);
}

/* -------------------------------------------------------------- counters */

#define TWIN_NODES	8

/* The twin: by source, CPU node's place, page node's place. */
struct counter_twin {
	struct np_counter counter;
	struct np_cell cells[NUMAPERF_SOURCE_COUNT][TWIN_NODES][TWIN_NODES];
};

static int twin_add(struct counter_twin *twin, u32 *random)
{
	unsigned int nodes = min_t(unsigned int, np_nodes, TWIN_NODES);
	unsigned int cpu = random_below(random, nodes);
	unsigned int page = random_below(random, nodes);
	struct np_sample sample = {
		.source = random_below(random, NUMAPERF_SOURCE_COUNT),
		.cpu_node = np_node_id(cpu),
		.page_node = np_node_id(page),
		.pages = random_below(random, 2) ? 1 : 512,
	};
	struct np_cell *cell = &twin->cells[sample.source][cpu][page];

	NP_EXPECT(!np_counter_add(&twin->counter, &sample));
	cell->samples++;
	cell->pages += sample.pages;
	return 0;
}

/* Each cell is told once: what is told is taken away from the twin. */
static int twin_told(unsigned int source, int cpu_node, int page_node,
		     const struct np_cell *cell, void *data)
{
	struct counter_twin *twin = data;
	struct np_cell *want;

	NP_EXPECT(np_node_place(cpu_node) < TWIN_NODES);
	NP_EXPECT(np_node_place(page_node) < TWIN_NODES);
	want = &twin->cells[source][np_node_place(cpu_node)][np_node_place(page_node)];
	NP_EXPECT(cell->samples && cell->samples == want->samples);
	NP_EXPECT(cell->pages == want->pages);
	memset(want, 0, sizeof(*want));
	return 0;
}

static int counter_round(struct counter_twin *a, struct counter_twin *b,
			 u32 *random)
{
	struct np_cell *to = &a->cells[0][0][0], *from = &b->cells[0][0][0];
	int i, err;

	for (i = random_below(random, 200); i; i--) {
		err = twin_add(random_below(random, 4) ? a : b, random);
		if (err)
			return err;
	}
	NP_EXPECT(!np_counter_reserve(&a->counter, &b->counter));
	np_counter_merge(&a->counter, &b->counter);
	for (i = 0; i < sizeof(a->cells) / sizeof(*to); i++) {
		to[i].samples += from[i].samples;
		to[i].pages += from[i].pages;
	}
	err = np_counter_walk(&a->counter, twin_told, a);
	if (err)
		return err;
	NP_EXPECT(!memchr_inv(a->cells, 0, sizeof(a->cells)));
	return 0;
}

static int counter_rounds(struct counter_twin *a, struct counter_twin *b)
{
	u32 random = SEED;
	int i, err = 0;

	for (i = 0; i < 100 && !err; i++) {
		memset(a, 0, sizeof(*a));
		memset(b, 0, sizeof(*b));
		if (np_counter_init(&a->counter, GFP_KERNEL) ||
		    np_counter_init(&b->counter, GFP_KERNEL))
			err = -ENOMEM;
		else
			err = counter_round(a, b, &random);
		np_counter_destroy(&a->counter);
		np_counter_destroy(&b->counter);
	}
	return err;
}

int np_selftest_counters(void)
{
	struct counter_twin *twins = kcalloc(2, sizeof(*twins), GFP_KERNEL);
	int err = -ENOMEM;

	if (twins)
		err = counter_rounds(&twins[0], &twins[1]);
	kfree(twins);
	return err;
}

/* --------------------------------------------------------------- periods */

#define PERIODS_MAX	64
#define DRAWS_EACH	4096

/*
 * Each of the 2n - 1 values as often as the others: with the seeds given, the
 * deviation is what it is; a generator that leaves one out, or prefers some by
 * 1/8, is far beyond six sigma.
 */
static int period_uniform(u32 period, u32 *counts)
{
	u32 values = 2 * period - 1, random = SEED;
	u64 sum = 0, draws = (u64)values * DRAWS_EACH, i;

	memset(counts, 0, 2 * PERIODS_MAX * sizeof(*counts));
	for (i = 0; i < draws; i++) {
		u32 drawn = np_random_period(&random, period);

		NP_EXPECT(drawn >= 1 && drawn <= values);
		NP_EXPECT(random != 0);
		counts[drawn]++;
		sum += drawn;
	}
	for (i = 1; i <= values; i++)
		NP_EXPECT(abs((int)counts[i] - DRAWS_EACH) < 6 * 64);
	/* The mean is the period, within one percent and a rounding. */
	NP_EXPECT(abs((s64)(sum - draws * period)) <=
		  (s64)(draws * period / 100));
	return 0;
}

int np_selftest_periods(void)
{
	u32 *counts = kcalloc(2 * PERIODS_MAX, sizeof(*counts), GFP_KERNEL);
	static const u32 periods[] = { 1, 2, 3, 7, 10, 37, PERIODS_MAX };
	int i, err = 0;

	if (!counts)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(periods) && !err; i++)
		err = period_uniform(periods[i], counts);
	kfree(counts);
	return err;
}
