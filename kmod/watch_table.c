// SPDX-License-Identifier: GPL-2.0
/*
 * The sorted table of a process's watched ranges: searched in the fault path
 * (eight steps at most), copied to be changed.
 */
#include <linux/overflow.h>
#include <linux/slab.h>

#include "watch.h"

/* Room for @count entries, empty; NULL: no memory. */
struct np_watch_table *np_watch_table_alloc(unsigned int count)
{
	struct np_watch_table *table;

	return kzalloc(struct_size(table, entries, count), GFP_KERNEL_ACCOUNT);
}

/* How many ranges end at or before @addr: the place of the one that may hold it. */
static unsigned int table_place(const struct np_watch_table *table,
				unsigned long addr)
{
	unsigned int low = 0, high = table->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (table->entries[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The range that holds @addr, or NULL. */
const struct np_watch_entry *np_watch_find(const struct np_watch_table *table,
					   unsigned long addr)
{
	unsigned int i = table_place(table, addr);

	if (i == table->count || addr < table->entries[i].start)
		return NULL;
	return &table->entries[i];
}

static void table_append(struct np_watch_table *to,
			 const struct np_watch_entry *entries,
			 unsigned int count)
{
	memcpy(&to->entries[to->count], entries, count * sizeof(*entries));
	to->count += count;
}

/**
 * np_watch_insert() - copy a table with one more range
 * @to: empty, with room for it
 * @from: or NULL
 * @entry: to insert
 *
 * Return: 0; -EBUSY: it overlaps another, @to is as it was.
 */
int np_watch_insert(struct np_watch_table *to,
		    const struct np_watch_table *from,
		    const struct np_watch_entry *entry)
{
	unsigned int place = 0, behind = 0;

	if (from) {
		place = table_place(from, entry->start);
		behind = from->count - place;
		if (behind && from->entries[place].start < entry->end)
			return -EBUSY;
		table_append(to, from->entries, place);
	}
	table_append(to, entry, 1);
	if (behind)
		table_append(to, &from->entries[place], behind);
	return 0;
}

/* Copy a table without one range, by number. @to is empty, with room for it. */
void np_watch_remove(struct np_watch_table *to,
		     const struct np_watch_table *from, u32 range)
{
	unsigned int i;

	for (i = 0; i < from->count; i++) {
		if (from->entries[i].range != range)
			table_append(to, &from->entries[i], 1);
	}
}
