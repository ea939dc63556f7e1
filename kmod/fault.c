// SPDX-License-Identifier: GPL-2.0
/*
 * Source "fault": samples of user-mode page faults that bring a page in, and
 * where it landed. The hook is at the fault's entry, where the node is not
 * known yet: a sampled fault leaves its address to a task_work, which runs on
 * the way back to user mode, right after the fault was served.
 *
 * The hook is the tracepoint page_fault_user where the kernel has it (x86; some
 * 30 instructions a fault), else the entry of handle_mm_fault() (some 40; a
 * software perf event would be 220, sampled or not).
 *
 * Hint faults come by here, too, but are no first touch: a sampled fault at an
 * entry that the balancing scanner has armed is left out.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/task_work.h>
#include <linux/topology.h>

#include "choice.h"
#include "fault.h"
#include "hook.h"
#include "linger.h"
#include "sample.h"
#include "source.h"
#include "target.h"
#include "walk.h"

enum { FAULT_AUTO, FAULT_TRACEPOINT, FAULT_FUNCTION, FAULT_OFF };

static const char *const fault_words[] = {
	"auto", "tracepoint", "function", "off",
};

static struct np_choice fault_way = {
	.words = fault_words,
	.count = ARRAY_SIZE(fault_words),
};

module_param_cb(fault, &np_choice_ops, &fault_way, 0444);
MODULE_PARM_DESC(fault, "Hook of source fault: auto (default), tracepoint, function, off");

/* Marsaglia's xorshift32: never 0 if it doesn't begin so. */
static u32 next_random(struct np_fault_state *state)
{
	u32 x = state->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	state->random = x;
	return x;
}

/* Uniform in 1 .. 2 * period - 1: a fixed one locks onto periodic patterns. */
static u32 next_period(struct np_fault_state *state, u32 period)
{
	return 1 + (u32)(((u64)next_random(state) * (2 * period - 1)) >> 32);
}

void np_fault_init(struct np_fault_state *state, u32 period)
{
	state->random = get_random_u32() | 1;
	state->left = next_period(state, period);
}

/* Before the fault is served: is the page there, but armed by the scanner? */
static bool is_hint_fault(unsigned long addr)
{
	unsigned long pfn;

	return np_peek(current->mm, addr, &pfn) == NP_PEEK_ARMED;
}

/* After it was served: the page, with a reference. */
static struct page *page_at(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast_only(addr & PAGE_MASK, 1, 0, &page) != 1)
		return NULL;
	return page;
}

/* The huge zero page belongs to nobody, so its node means nothing. */
static bool page_has_owner(struct page *page)
{
	return PageAnon(page) || READ_ONCE(compound_head(page)->mapping);
}

/* One fault brings in a whole huge page, but not a whole folio of a file. */
static unsigned int fault_pages(struct page *page)
{
	return PageAnon(page) || PageHuge(page) ? compound_nr(compound_head(page)) : 1;
}

/* @page: where the fault was, or NULL */
static void fault_count(struct np_thread *thread, struct page *page)
{
	struct np_sample sample = {
		.source = NUMAPERF_SOURCE_FAULT,
		.addr = thread->fault.addr,
		.cpu = thread->fault.cpu,
		.cpu_node = cpu_to_node(thread->fault.cpu),
	};

	if (!page || !page_has_owner(page)) {
		WRITE_ONCE(thread->fault.unresolved,
			   thread->fault.unresolved + 1);
		return;
	}
	sample.page_node = page_to_nid(page);
	sample.pages = fault_pages(page);
	np_thread_sample(thread, &sample);
}

static void fault_work(struct callback_head *work)
{
	struct np_thread *thread = container_of(work, struct np_thread,
						fault.work);
	struct page *page = page_at(thread->fault.addr);

	/* Under RCU, which a stop waits for: see READ. */
	rcu_read_lock();
	if (np_thread_counts(thread, NUMAPERF_SOURCE_FAULT))
		fault_count(thread, page);
	rcu_read_unlock();
	if (page)
		put_page(page);
	clear_bit_unlock(0, &thread->fault.busy);
	np_thread_put(thread);
	/* What is left of this function: see synchronize_rcu_tasks() in main.c */
	module_put(THIS_MODULE);
}

static void fault_sample(struct np_thread *thread, unsigned long addr)
{
	struct np_fault_state *state = &thread->fault;

	if (is_hint_fault(addr))
		return;
	/* Not if the module is on its way out. */
	if (!try_module_get(THIS_MODULE))
		return;
	if (test_and_set_bit_lock(0, &state->busy)) {
		WRITE_ONCE(thread->missed, thread->missed + 1);
		module_put(THIS_MODULE);
		return;
	}
	state->addr = addr;
	state->cpu = raw_smp_processor_id();
	init_task_work(&state->work, fault_work);
	np_thread_get(thread);
	if (task_work_add(current, &state->work, TWA_RESUME)) {
		module_put(THIS_MODULE);
		np_thread_put(thread);
		clear_bit_unlock(0, &state->busy);
	}
}

/* Somewhere it is time for a sample, or for a look at the credentials. */
static noinline void fault_due(unsigned long addr)
{
	struct np_thread *thread;

	for (thread = np_thread_first(current); thread;
	     thread = np_thread_next(thread, current)) {
		struct np_fault_state *state = &thread->fault;

		if (!np_thread_looked_at(thread)) {
			if (!np_thread_counts(thread, NUMAPERF_SOURCE_FAULT))
				continue;
			WRITE_ONCE(state->faults, state->faults + 1);
			state->left--;
		}
		if (state->left)
			continue;
		state->left = next_period(state, thread->target->fault_period);
		if (np_thread_counts(thread, NUMAPERF_SOURCE_FAULT))
			fault_sample(thread, addr);
	}
}

/*
 * Preemption is off: under RCU without a lock of its own, which would cost as
 * much as all the rest. Nothing is called from the loop, for the same reason.
 */
static __always_inline void fault_entry(unsigned long addr)
{
	struct np_thread *thread;
	bool due = false;

	for (thread = np_thread_first(current); thread;
	     thread = np_thread_next(thread, current)) {
		struct np_fault_state *state = &thread->fault;

		if (!(READ_ONCE(thread->counting) & BIT(NUMAPERF_SOURCE_FAULT)))
			continue;
		if (unlikely(!np_thread_looked_at(thread))) {
			due = true;
			continue;
		}
		WRITE_ONCE(state->faults, state->faults + 1);
		if (!--state->left)
			due = true;
	}
	if (unlikely(due))
		fault_due(addr);
}

/* ------------------------------------------------------------ its hooks */

static struct tracepoint *tracepoint;

static void on_page_fault(void *data, unsigned long addr, struct pt_regs *regs,
			  unsigned long error_code)
{
	fault_entry(addr);
}

/* handle_mm_fault(vma, address, flags, regs): of user mode, first attempt */
static void on_handle_mm_fault(unsigned long a0, unsigned long a1,
			       unsigned long a2, unsigned long a3)
{
	if ((a2 & (FAULT_FLAG_USER | FAULT_FLAG_TRIED)) == FAULT_FLAG_USER)
		fault_entry(a1);
}

static struct np_hook function_hook = {
	.symbol = "handle_mm_fault",
	.entry = on_handle_mm_fault,
};

static int tracepoint_start(void *data)
{
	return tracepoint_probe_register(tracepoint, on_page_fault, NULL);
}

static void tracepoint_stop(void *data)
{
	tracepoint_probe_unregister(tracepoint, on_page_fault, NULL);
	tracepoint_synchronize_unregister();
}

static struct np_linger tracepoint_linger;

static u16 fault_probe(void)
{
	if (fault_way.chosen == FAULT_OFF)
		return NUMAPERF_REASON_DISABLED;
	if (fault_way.chosen != FAULT_FUNCTION)
		tracepoint = np_tracepoint_find("page_fault_user");
	if (tracepoint) {
		np_linger_init(&tracepoint_linger, tracepoint_start,
			       tracepoint_stop, NULL);
		return NUMAPERF_REASON_NONE;
	}
	if (fault_way.chosen != FAULT_TRACEPOINT &&
	    !np_hook_probe(&function_hook, NP_TRY_ALL))
		return NUMAPERF_REASON_NONE;
	return NUMAPERF_REASON_NO_HOOK;
}

/* The way in that fault_probe() has chosen. */
static struct np_linger *fault_linger(void)
{
	return tracepoint ? &tracepoint_linger : &function_hook.linger;
}

static int fault_get(void)
{
	return np_linger_get(fault_linger());
}

static void fault_put(void)
{
	np_linger_put(fault_linger());
}

static void fault_end(void)
{
	np_linger_end(fault_linger());
}

static u64 fault_missed(void)
{
	return tracepoint ? 0 : np_hook_missed(&function_hook);
}

const struct np_source np_source_fault = {
	.name = "fault",
	.probe = fault_probe,
	.get = fault_get,
	.put = fault_put,
	.end = fault_end,
	.missed = fault_missed,
};
