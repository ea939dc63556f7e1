// SPDX-License-Identifier: GPL-2.0
/*
 * Debug builds: the table of watched ranges against a naive twin, which says for
 * every page of a small address space whose it is.
 */
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "selftest.h"
#include "watch.h"

#define PAGES	512	/* of the address space */
#define ROUNDS	5000
#define RANGES	64	/* at once */

struct twin {
	u32 owner[PAGES];	/* number of the range; 0: none */
	unsigned int count;
};

static bool twin_free(const struct twin *twin, unsigned int first,
		      unsigned int end)
{
	while (first < end && !twin->owner[first])
		first++;
	return first == end;
}

static void twin_replace(struct twin *twin, u32 from, u32 to)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		if (twin->owner[i] == from)
			twin->owner[i] = to;
	}
}

static u32 twin_any(const struct twin *twin)
{
	unsigned int i, start = get_random_u32() % PAGES;

	for (i = 0; i < PAGES; i++) {
		u32 owner = twin->owner[(start + i) % PAGES];

		if (owner)
			return owner;
	}
	return 0;
}

/* First and last byte of every page. */
static bool same(const struct np_watch_table *table, const struct twin *twin)
{
	unsigned int i;

	for (i = 0; i < 2 * PAGES; i++) {
		unsigned long addr = ((unsigned long)(i / 2) << PAGE_SHIFT) +
				     (i % 2 ? PAGE_SIZE - 1 : 0);
		const struct np_watch_entry *entry = np_watch_find(table, addr);

		if ((entry ? entry->range : 0) != twin->owner[i / 2])
			return false;
		if (entry && (addr < entry->start || addr >= entry->end))
			return false;
	}
	return true;
}

/* In both or in neither. */
static bool insert(struct np_watch_table *to, const struct np_watch_table *from,
		   struct twin *twin, u32 range)
{
	unsigned int first = get_random_u32() % PAGES;
	unsigned int end = min(first + 1 + get_random_u32() % 16, PAGES + 0U);
	struct np_watch_entry entry = {
		.start = (unsigned long)first << PAGE_SHIFT,
		.end = (unsigned long)end << PAGE_SHIFT,
		.range = range,
	};
	bool fits = twin_free(twin, first, end);

	if ((np_watch_insert(to, from, &entry) == 0) != fits)
		return false;
	if (!fits) {
		memcpy(to, from, struct_size(from, entries, from->count));
		return true;
	}
	twin->count++;
	while (first < end)
		twin->owner[first++] = range;
	return true;
}

static void take_away(struct np_watch_table *to,
		      const struct np_watch_table *from, struct twin *twin)
{
	u32 range = twin_any(twin);

	np_watch_remove(to, from, range);
	if (range) {
		twin_replace(twin, range, 0);
		twin->count--;
	}
}

static bool rounds(struct np_watch_table *now, struct np_watch_table *next,
		   struct twin *twin)
{
	u32 i;

	for (i = 1; i <= ROUNDS; i++) {
		next->count = 0;
		if (twin->count < RANGES && get_random_u32() % 3) {
			if (!insert(next, now, twin, i))
				return false;
		} else {
			take_away(next, now, twin);
		}
		swap(now, next);
		if (now->count != twin->count || !same(now, twin))
			return false;
	}
	return true;
}

/* 0, -EINVAL: they differ, -ENOMEM. */
int np_selftest_ranges(void)
{
	struct np_watch_table *now = np_watch_table_alloc(RANGES);
	struct np_watch_table *next = np_watch_table_alloc(RANGES);
	struct twin *twin = kzalloc(sizeof(*twin), GFP_KERNEL);
	int err = -ENOMEM;

	if (now && next && twin)
		err = rounds(now, next, twin) ? 0 : -EINVAL;
	kfree(now);
	kfree(next);
	kfree(twin);
	return err;
}
