/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking the page tables of a range: what is mapped, and where it is.
 */
#ifndef NP_WALK_H
#define NP_WALK_H

#include <linux/mm_types.h>

enum np_walk_kind {
	NP_WALK_UNMAPPED,	/* no mapping there */
	NP_WALK_ABSENT,		/* nothing mapped, swapped out, or the zero page */
	NP_WALK_PAGE,
	NP_WALK_OTHER,		/* present, without a struct page of its own */
};

/**
 * struct np_walk_entry - consecutive base pages of one kind, node and zone
 * @kind: which
 * @addr: first address
 * @pages: how many
 * @vma: mapping (not if UNMAPPED)
 * @page: of @addr (only if PAGE). Not referenced: it may be freed under the
 *	walker, so nothing but what is fixed per frame (node, zone) may be read
 * @huge: mapped by an entry above the lowest level
 */
struct np_walk_entry {
	enum np_walk_kind kind;
	unsigned long addr;
	unsigned long pages;
	struct vm_area_struct *vma;
	struct page *page;
	bool huge;
};

/* With mmap_lock held for reading, or under RCU, too: may not sleep. An errno ends. */
typedef int (*np_walk_fn)(const struct np_walk_entry *entry, void *data);

int np_walk(struct mm_struct *mm, unsigned long start, unsigned long end,
	    np_walk_fn fn, void *data);

enum np_peek {
	NP_PEEK_ABSENT,		/* nothing, swapped out, or being migrated */
	NP_PEEK_PRESENT,
	NP_PEEK_ARMED,		/* there, but armed for a NUMA hint fault */
};

enum np_peek np_peek(struct mm_struct *mm, unsigned long addr,
		     unsigned long *ret_pfn);

#endif /* NP_WALK_H */
