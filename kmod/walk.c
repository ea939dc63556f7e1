// SPDX-License-Identifier: GPL-2.0
/*
 * walk_page_range() is not exported, so the levels are walked here. Page tables
 * of a mapping stay while mmap_lock is held; an entry may change at any moment,
 * so each is read once. The lock is let go after every NP_WALK_STEP bytes: work
 * under it is bounded, and a walk is no snapshot.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "walk.h"

#define NP_WALK_STEP	(16UL << 20)

struct walk {
	np_walk_fn fn;
	void *data;
	struct np_walk_entry entry;
};

static int walk_tell(struct walk *walk, enum np_walk_kind kind,
		     unsigned long addr, unsigned long end, struct page *page,
		     bool huge)
{
	walk->entry.kind = kind;
	walk->entry.addr = addr;
	walk->entry.pages = (end - addr) >> PAGE_SHIFT;
	walk->entry.page = page;
	walk->entry.huge = huge;
	return walk->fn(&walk->entry, walk->data);
}

/* A present leaf of @size bytes whose first frame is @pfn. */
static int walk_leaf(struct walk *walk, unsigned long pfn, unsigned long size,
		     unsigned long addr, unsigned long end)
{
	pfn += (addr & (size - 1)) >> PAGE_SHIFT;
	if (!pfn_valid(pfn))
		return walk_tell(walk, NP_WALK_OTHER, addr, end, NULL,
				 size > PAGE_SIZE);
	return walk_tell(walk, NP_WALK_PAGE, addr, end, pfn_to_page(pfn),
			 size > PAGE_SIZE);
}

static int walk_pte(struct walk *walk, pmd_t *pmd, unsigned long addr,
		    unsigned long end)
{
	pte_t *ptep = pte_offset_kernel(pmd, addr);
	int err = 0;

	for (; addr < end && !err; addr += PAGE_SIZE, ptep++) {
		pte_t pte = READ_ONCE(*ptep);
		unsigned long next = addr + PAGE_SIZE;

		if (!pte_present(pte))
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

	walk->entry.vma = vma;
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

/* mmap_lock held. */
static int walk_step(struct walk *walk, struct mm_struct *mm,
		     unsigned long addr, unsigned long end)
{
	struct vm_area_struct *vma;
	unsigned long next;
	int err = 0;

	for (; addr < end && !err; addr = next) {
		vma = find_vma(mm, addr);
		if (!vma || vma->vm_start > addr) {
			next = vma ? min(end, vma->vm_start) : end;
			walk->entry.vma = NULL;
			err = walk_tell(walk, NP_WALK_UNMAPPED, addr, next,
					NULL, false);
		} else {
			next = min(end, vma->vm_end);
			err = walk_vma(walk, vma, addr, next);
		}
	}
	return err;
}

/* Where the next step ends: a hole needs no more than one. */
static unsigned long step_end(struct mm_struct *mm, unsigned long addr,
			      unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (!vma)
		return end;
	if (vma->vm_start > addr)
		return min(end, vma->vm_start);
	return min(end, addr + NP_WALK_STEP);
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
	struct walk walk = { .fn = fn, .data = data };
	unsigned long addr, next;
	int err = 0;

	for (addr = start; addr < end && !err; addr = next) {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		next = step_end(mm, addr, end);
		err = walk_step(&walk, mm, addr, next);
		mmap_read_unlock(mm);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
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
