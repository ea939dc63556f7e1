// SPDX-License-Identifier: GPL-2.0
/*
 * walk_page_range() is not exported, so the levels are walked here. Page tables
 * of a mapping stay while mmap_lock is held; an entry may change at any moment,
 * so each is read once. The lock is let go after so many entries: work under it
 * is bounded, and a walk is no snapshot. Pages of one kind, node and zone are
 * told together: some 20 instructions a page.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "walk.h"

/* Entries looked at in one hold of mmap_lock: 16 MiB of small pages. */
#define NP_WALK_WORK	4096

/* The hold is over, not the walk. */
#define NP_WALK_PAUSE	1

/* No page is there. */
#define NO_PLACE	ULONG_MAX

/**
 * struct walk - where a walk is
 * @fn: from the caller
 * @data: likewise
 * @entry: gathered so far; nothing if it has no pages
 * @place: node and zone of its pages, if they are small ones, or NO_PLACE
 * @section: the frames last seen to be valid
 * @work: left in this hold of the lock
 * @resume: where the next hold begins, after NP_WALK_PAUSE
 */
struct walk {
	np_walk_fn fn;
	void *data;
	struct np_walk_entry entry;
	unsigned long place;
	unsigned long section;
	long work;
	unsigned long resume;
};

/* Node and zone, which are fixed per frame: read without a reference. */
static unsigned long page_place(const struct page *page)
{
	return READ_ONCE(page->flags) & ((NODES_MASK << NODES_PGSHIFT) |
					 (ZONES_MASK << ZONES_PGSHIFT));
}

static int walk_flush(struct walk *walk)
{
	int err = 0;

	if (walk->entry.pages)
		err = walk->fn(&walk->entry, walk->data);
	walk->entry.pages = 0;
	walk->place = NO_PLACE;
	return err;
}

static bool walk_continues(const struct np_walk_entry *entry,
			   enum np_walk_kind kind, struct page *page, bool huge)
{
	return entry->pages && entry->kind == kind && entry->huge == huge &&
	       (!page || page_place(page) == page_place(entry->page));
}

static int walk_tell(struct walk *walk, enum np_walk_kind kind,
		     unsigned long addr, unsigned long end, struct page *page,
		     bool huge)
{
	unsigned long pages = (end - addr) >> PAGE_SHIFT;
	int err;

	if (walk_continues(&walk->entry, kind, page, huge)) {
		walk->entry.pages += pages;
		return 0;
	}
	err = walk_flush(walk);
	walk->entry.kind = kind;
	walk->entry.addr = addr;
	walk->entry.pages = pages;
	walk->entry.page = page;
	walk->entry.huge = huge;
	if (page && !huge)
		walk->place = page_place(page);
	return err;
}

/* A whole section of memory that hotplug adds or removes at once is valid. */
static bool walk_pfn_valid(struct walk *walk, unsigned long pfn)
{
	if (!pfn_valid(pfn))
		return false;
	walk->section = pfn / PAGES_PER_SUBSECTION;
	return true;
}

/* A present leaf of @size bytes whose first frame is @pfn. */
static int walk_leaf(struct walk *walk, unsigned long pfn, unsigned long size,
		     unsigned long addr, unsigned long end)
{
	pfn += (addr & (size - 1)) >> PAGE_SHIFT;
	if (!walk_pfn_valid(walk, pfn))
		return walk_tell(walk, NP_WALK_OTHER, addr, end, NULL,
				 size > PAGE_SIZE);
	return walk_tell(walk, NP_WALK_PAGE, addr, end, pfn_to_page(pfn),
			 size > PAGE_SIZE);
}

/* The usual case, in few instructions: one more page like the last one. */
static bool walk_joins(const struct walk *walk, pte_t pte)
{
	unsigned long pfn = pte_pfn(pte);

	return pte_present(pte) && !pte_special(pte) &&
	       pfn / PAGES_PER_SUBSECTION == walk->section &&
	       page_place(pfn_to_page(pfn)) == walk->place;
}

static int walk_pte(struct walk *walk, pmd_t *pmd, unsigned long addr,
		    unsigned long end)
{
	pte_t *ptep = pte_offset_kernel(pmd, addr);
	int err = 0;

	walk->work -= (end - addr) >> PAGE_SHIFT;
	for (; addr < end && !err; addr += PAGE_SIZE, ptep++) {
		pte_t pte = READ_ONCE(*ptep);
		unsigned long next = addr + PAGE_SIZE;

		if (walk_joins(walk, pte))
			walk->entry.pages++;
		else if (!pte_present(pte))
			err = walk_tell(walk, NP_WALK_ABSENT, addr, next, NULL,
					false);
		else if (pte_special(pte))
			err = walk_tell(walk,
					is_zero_pfn(pte_pfn(pte)) ?
					NP_WALK_ABSENT : NP_WALK_OTHER,
					addr, next, NULL, false);
		else
			err = walk_leaf(walk, pte_pfn(pte), PAGE_SIZE, addr,
					next);
	}
	return err;
}

/* After each entry above the lowest level: @err, or stop here for a while. */
static int walk_worked(struct walk *walk, unsigned long next, int err)
{
	if (err || --walk->work > 0)
		return err;
	walk->resume = next;
	return NP_WALK_PAUSE;
}

/*
 * The huge zero page is not marked in the entry, and its symbol not exported;
 * in an anonymous mapping it is the one page that isn't anonymous.
 */
static bool is_huge_zero(struct vm_area_struct *vma, pmd_t pmd)
{
	return vma_is_anonymous(vma) && pfn_valid(pmd_pfn(pmd)) &&
	       !PageAnon(pfn_to_page(pmd_pfn(pmd)));
}

static int walk_pmd_entry(struct walk *walk, pmd_t pmd, unsigned long addr,
			  unsigned long end)
{
	if (pmd_none(pmd) || !pmd_present(pmd))
		return walk_tell(walk, NP_WALK_ABSENT, addr, end, NULL, false);
	if (!pmd_leaf(pmd))
		return walk_pte(walk, &pmd, addr, end);
	if (is_huge_zero(walk->entry.vma, pmd))
		return walk_tell(walk, NP_WALK_ABSENT, addr, end, NULL, true);
	return walk_leaf(walk, pmd_pfn(pmd), PMD_SIZE, addr, end);
}

static int walk_pmd(struct walk *walk, pud_t *pud, unsigned long addr,
		    unsigned long end)
{
	pmd_t *pmdp = pmd_offset(pud, addr);
	unsigned long next;
	int err = 0;

	for (; addr < end && !err; addr = next, pmdp++) {
		next = pmd_addr_end(addr, end);
		/* From 6.6 on the table below may be freed after a grace period. */
		rcu_read_lock();
		err = walk_pmd_entry(walk, READ_ONCE(*pmdp), addr, next);
		rcu_read_unlock();
		err = walk_worked(walk, next, err);
	}
	return err;
}

static int walk_pud(struct walk *walk, p4d_t *p4d, unsigned long addr,
		    unsigned long end)
{
	pud_t *pudp = pud_offset(p4d, addr);
	unsigned long next;
	int err = 0;

	for (; addr < end && !err; addr = next, pudp++) {
		pud_t pud = READ_ONCE(*pudp);

		next = pud_addr_end(addr, end);
		if (pud_none(pud) || !pud_present(pud))
			err = walk_tell(walk, NP_WALK_ABSENT, addr, next, NULL,
					false);
		else if (!pud_leaf(pud))
			err = walk_pmd(walk, &pud, addr, next);
		else
			err = walk_leaf(walk, pud_pfn(pud), PUD_SIZE, addr,
					next);
		err = walk_worked(walk, next, err);
	}
	return err;
}

static int walk_p4d(struct walk *walk, pgd_t *pgd, unsigned long addr,
		    unsigned long end)
{
	p4d_t *p4d = p4d_offset(pgd, addr);
	unsigned long next;
	int err = 0;

	for (; addr < end && !err; addr = next, p4d++) {
		next = p4d_addr_end(addr, end);
		if (p4d_none(*p4d) || p4d_bad(*p4d))
			err = walk_tell(walk, NP_WALK_ABSENT, addr, next, NULL,
					false);
		else
			err = walk_pud(walk, p4d, addr, next);
	}
	return err;
}

static int walk_vma(struct walk *walk, struct vm_area_struct *vma,
		    unsigned long addr, unsigned long end)
{
	pgd_t *pgd = pgd_offset(vma->vm_mm, addr);
	unsigned long next;
	int err = 0;

	for (; addr < end && !err; addr = next, pgd++) {
		next = pgd_addr_end(addr, end);
		if (pgd_none(*pgd) || pgd_bad(*pgd))
			err = walk_tell(walk, NP_WALK_ABSENT, addr, next, NULL,
					false);
		else
			err = walk_p4d(walk, pgd, addr, next);
	}
	return err;
}

/* The mapping at @addr, or the hole there; what it says is told at its end. */
static int walk_mapping(struct walk *walk, struct mm_struct *mm,
			unsigned long addr, unsigned long end,
			unsigned long *ret_next)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	int err, told;

	if (!vma || vma->vm_start > addr) {
		*ret_next = vma ? min(end, vma->vm_start) : end;
		walk->entry.vma = NULL;
		err = walk_tell(walk, NP_WALK_UNMAPPED, addr, *ret_next, NULL,
				false);
	} else {
		*ret_next = min(end, vma->vm_end);
		walk->entry.vma = vma;
		err = walk_vma(walk, vma, addr, *ret_next);
	}
	told = err < 0 ? 0 : walk_flush(walk);
	return told ?: walk_worked(walk, *ret_next, err);
}

/* One hold of mmap_lock: 0: all done, NP_WALK_PAUSE or an error. */
static int walk_hold(struct walk *walk, struct mm_struct *mm,
		     unsigned long addr, unsigned long end)
{
	unsigned long next;
	int err = 0;

	walk->work = NP_WALK_WORK;
	for (; addr < end && !err; addr = next)
		err = walk_mapping(walk, mm, addr, end, &next);
	return err;
}

/**
 * np_walk() - tell @fn about every page of a range
 * @mm: an address space the caller keeps alive
 * @start: page-aligned
 * @end: page-aligned
 * @fn: called in order of address
 * @data: for @fn
 *
 * Return: 0, what @fn returned, or -EINTR (a fatal signal, or the lock could
 * not be had before one).
 */
int np_walk(struct mm_struct *mm, unsigned long start, unsigned long end,
	    np_walk_fn fn, void *data)
{
	struct walk walk = {
		.fn = fn, .data = data, .place = NO_PLACE, .section = ULONG_MAX,
		.resume = start,
	};
	int err;

	do {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		err = walk_hold(&walk, mm, walk.resume, end);
		mmap_read_unlock(mm);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	} while (err == NP_WALK_PAUSE);
	return err;
}

static enum np_peek peek_pmd(pmd_t pmd, unsigned long addr,
			     unsigned long *ret_pfn)
{
	*ret_pfn = pmd_pfn(pmd) + ((addr & ~PMD_MASK) >> PAGE_SHIFT);
	return pmd_protnone(pmd) ? NP_PEEK_ARMED : NP_PEEK_PRESENT;
}

static enum np_peek peek_pte(pmd_t *pmd, unsigned long addr,
			     unsigned long *ret_pfn)
{
	pte_t pte = READ_ONCE(*pte_offset_kernel(pmd, addr));

	if (!pte_present(pte))
		return NP_PEEK_ABSENT;
	*ret_pfn = pte_pfn(pte);
	return pte_protnone(pte) ? NP_PEEK_ARMED : NP_PEEK_PRESENT;
}

/* Interrupts are off. */
static enum np_peek peek(struct mm_struct *mm, unsigned long addr,
			 unsigned long *ret_pfn)
{
	pgd_t pgd = READ_ONCE(*pgd_offset(mm, addr));
	p4d_t p4d;
	pud_t pud;
	pmd_t pmd;

	if (pgd_none(pgd) || pgd_bad(pgd))
		return NP_PEEK_ABSENT;
	p4d = READ_ONCE(*p4d_offset(&pgd, addr));
	if (p4d_none(p4d) || p4d_bad(p4d))
		return NP_PEEK_ABSENT;
	pud = READ_ONCE(*pud_offset(&p4d, addr));
	if (pud_none(pud) || !pud_present(pud))
		return NP_PEEK_ABSENT;
	if (pud_leaf(pud)) {
		*ret_pfn = pud_pfn(pud) + ((addr & ~PUD_MASK) >> PAGE_SHIFT);
		return NP_PEEK_PRESENT;
	}
	pmd = READ_ONCE(*pmd_offset(&pud, addr));
	if (pmd_none(pmd) || !pmd_present(pmd))
		return NP_PEEK_ABSENT;
	if (pmd_leaf(pmd))
		return peek_pmd(pmd, addr, ret_pfn);
	return peek_pte(&pmd, addr, ret_pfn);
}

/**
 * np_peek() - what is mapped at one address at this moment
 * @mm: an address space that can't go away meanwhile
 * @addr: any
 * @ret_pfn: the frame, unless absent
 *
 * Without mmap_lock, hence also in a fault: page tables are not freed while
 * interrupts are off, which get_user_pages_fast() relies on, too. That function
 * itself won't do: on x86 it never looks through an armed entry.
 *
 * Context: any.
 */
enum np_peek np_peek(struct mm_struct *mm, unsigned long addr,
		     unsigned long *ret_pfn)
{
	unsigned long flags;
	enum np_peek what;

	local_irq_save(flags);
	what = peek(mm, addr, ret_pfn);
	local_irq_restore(flags);
	return what;
}
