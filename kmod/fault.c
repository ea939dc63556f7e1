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
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/task_work.h>
#include <linux/topology.h>

#include "choice.h"
#include "fault.h"
#include "hook.h"
#include "linger.h"
#include "random.h"
#include "sample.h"
#include "session.h"
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

void np_fault_init(struct np_fault_state *state, const struct np_target *target)
{
	state->random = get_random_u32() | 1;
	state->left = np_random_period(&state->random, target->fault_period);
	/* See fault_counts(). */
	if (target->sources & BIT(NUMAPERF_SOURCE_FAULT)) {
		state->always = target->session->perfmon;
		state->kuid = target->kuid;
	} else {
		state->kuid = INVALID_UID;
	}
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

	/* Run by exit, when it is gone. */
	if (!current->mm)
		return NULL;
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

static noinline void fault_sample(struct np_thread *thread, unsigned long addr)
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

static noinline void fault_slow(struct np_thread *thread, unsigned long addr)
{
	do {
		struct np_fault_state *state = &thread->fault;

		if (!np_thread_counts(thread, NUMAPERF_SOURCE_FAULT))
			continue;
		WRITE_ONCE(state->faults, state->faults + 1);
		if (--state->left)
			continue;
		state->left = np_random_period(&state->random,
					       thread->target->fault_period);
		fault_sample(thread, addr);
	} while ((thread = np_thread_next(thread, current)));
}

/* np_thread_counts() without a call; where it says no, that one decides. */
static __always_inline bool fault_counts(const struct np_fault_state *state)
{
	const struct cred *cred = current_cred();

	return likely(uid_eq(cred->euid, state->kuid) &&
		      uid_eq(cred->uid, state->kuid)) || state->always;
}

static __always_inline void fault_tracked(struct np_thread *thread,
					  unsigned long addr)
{
	struct np_fault_state *state = &thread->fault;

	if (state->left > 1 && !thread->hash.next && fault_counts(state)) {
		state->left--;
		state->faults++;	/* one store: never read in halves */
	} else {
		fault_slow(thread, addr);
	}
}

/*
 * Every fault of the machine comes by here while anything is tracked: most of
 * them leave at once, and of those that are counted most are of one target, and
 * no sample; so this is np_thread_first() with all that follows in one piece.
 * All hooks run with preemption off, which RCU waits for as it does for
 * rcu_read_unlock().
 */
static __always_inline void fault_entry(unsigned long addr)
{
	const struct task_struct *task = current;
	struct np_thread *thread;
	struct hlist_node *node;

	for (node = rcu_dereference_raw(hlist_first_rcu(np_thread_bucket(task)));
	     node; node = rcu_dereference_raw(hlist_next_rcu(node))) {
		thread = hlist_entry(node, struct np_thread, hash);
		if (READ_ONCE(thread->task) == task) {
			fault_tracked(thread, addr);
			return;
		}
	}
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

static struct np_linger tracepoint_linger = { .name = "page_fault_user" };

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
