// SPDX-License-Identifier: GPL-2.0
/*
 * Turns that follow each other closely: the thread that has used a page unmaps
 * it again right after that one access, before its next one.
 *
 * Only so is it seen whether accesses come in runs. The worker comes
 * milliseconds later; the return to user mode is too early, as the access is
 * only made then. What says that it was made is a debug register: the fault
 * leaves a task_work that sets a user breakpoint (of the kernel's own kind, which
 * gives way to nobody's) on the very word that is accessed; it traps after the
 * instruction, and leaves a task_work that takes it away and unmaps the page.
 *
 * Where there is none free (a debugger has them), or the access was the
 * kernel's, the worker arms the next turn, and the sample says so. A thread has
 * one at a time. One that never makes the access (a signal handler that jumps)
 * is given up after a while by the worker.
 *
 * What perf locks may be held for as long as a user likes (perf_read() copies to
 * him under it): so breakpoints are set by their threads and taken away by those
 * or by a workqueue that nobody waits for, never under a lock of this module's.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hw_breakpoint.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/workqueue.h>

#include "refault.h"
#include "user.h"

#define PATIENCE	max(HZ / 10, 1)

/**
 * struct np_close - a next turn that a thread is to arm
 * @work: of that thread
 * @end: takes the breakpoint away when it is given up
 * @node: in the sampler's list, once there is a breakpoint
 * @task: that thread; never looked into
 * @claimed: bit 0: by the thread, or by who gives it up
 * @since: when it began, in jiffies
 * @event: the breakpoint
 * @file: keeps the region, its memory and this module
 * @sampler: of the region
 * @page: index
 * @address: of the access
 */
struct np_close {
	struct callback_head work;
	struct work_struct end;
	struct list_head node;
	const struct task_struct *task;
	unsigned long claimed;
	unsigned long since;
	struct perf_event *event;
	struct file *file;
	struct np_refault *sampler;
	u64 page;
	unsigned long address;
};

static struct workqueue_struct *close_wq;

int np_close_init(void)
{
	close_wq = alloc_workqueue("numaperf_close", WQ_UNBOUND, 8);
	return close_wq ? 0 : -ENOMEM;
}

void np_close_exit(void)
{
	destroy_workqueue(close_wq);
}

/* The worker takes the next turn, or a page that is followed no more is free. */
static void word_give_back(struct np_refault *sampler, u64 page)
{
	s64 word = atomic64_read(&sampler->words[page]);
	u64 left;

	do {
		if (!(word & NP_WORD_CLOSING))
			return;
		left = word & NP_WORD_FOLLOWED ? word & ~NP_WORD_CLOSING : 0;
	} while (!atomic64_try_cmpxchg(&sampler->words[page], &word, left));
}

/* The file last: the region may go with it. */
static void close_free(struct np_close *close)
{
	struct file *file = close->file;

	kfree(close);
	fput(file);
}

static void close_give_up(struct np_close *close)
{
	word_give_back(close->sampler, close->page);
	close_free(close);
}

static void close_unlist(struct np_close *close)
{
	struct np_refault *sampler = close->sampler;

	spin_lock(&sampler->closes_lock);
	list_del(&close->node);
	spin_unlock(&sampler->closes_lock);
}

/* If the sampler is being changed at this moment, the worker arms it later. */
static bool close_arm(struct np_close *close)
{
	struct np_refault *sampler = close->sampler;
	struct np_region *region = sampler->region;
	u64 word = atomic64_read(&sampler->words[close->page]);
	bool armed;

	if (!mutex_trylock(&region->sampler_lock))
		return false;
	armed = !region->closed && READ_ONCE(sampler->rate) &&
		np_refault_may(sampler) &&
		np_refault_arm(sampler, close->page, np_word_turn(word) + 1,
			       NP_WORD_FOLLOWED | NP_WORD_CLOSE);
	WRITE_ONCE(sampler->closed, sampler->closed + armed);
	mutex_unlock(&region->sampler_lock);
	return armed;
}

/* The thread has made its access. */
static void close_work(struct callback_head *work)
{
	struct np_close *close = container_of(work, struct np_close, work);

	unregister_hw_breakpoint(close->event);
	close_unlist(close);
	/* Once armed, the word may be anybody's. */
	if (close_arm(close))
		close_free(close);
	else
		close_give_up(close);
}

static void close_end_work(struct work_struct *work)
{
	struct np_close *close = container_of(work, struct np_close, end);

	unregister_hw_breakpoint(close->event);
	close_give_up(close);
}

/* In the trap after the access. If nothing can be left, it is given up later. */
static void close_hit(struct perf_event *event, struct perf_sample_data *data,
		      struct pt_regs *regs)
{
	struct np_close *close = event->overflow_handler_context;

	if (test_and_set_bit(0, &close->claimed))
		return;
	init_task_work(&close->work, close_work);
	if (task_work_add(current, &close->work, TWA_RESUME))
		clear_bit(0, &close->claimed);
}

static struct perf_event *breakpoint_set(struct np_close *close)
{
	struct perf_event_attr attr;

	hw_breakpoint_init(&attr);
	attr.bp_addr = round_down(close->address, HW_BREAKPOINT_LEN_8);
	attr.bp_len = HW_BREAKPOINT_LEN_8;
	attr.bp_type = HW_BREAKPOINT_RW;
	attr.exclude_kernel = 1;
	return register_user_hw_breakpoint(&attr, close_hit, close, current);
}

/* A debugger wants some, too. */
static bool thread_has_one(struct np_refault *sampler)
{
	struct np_close *close;
	bool found = false;

	spin_lock(&sampler->closes_lock);
	list_for_each_entry(close, &sampler->closes, node) {
		if (close->task == current) {
			found = true;
			break;
		}
	}
	spin_unlock(&sampler->closes_lock);
	return found;
}

/* False: the sampler ends, or was stopped. */
static bool close_list(struct np_close *close)
{
	struct np_refault *sampler = close->sampler;
	bool shut;

	spin_lock(&sampler->closes_lock);
	shut = sampler->closes_shut;
	if (!shut)
		list_add_tail(&close->node, &sampler->closes);
	spin_unlock(&sampler->closes_lock);
	return !shut;
}

/* On the way back to user mode, where the access is made. */
static void close_begin_work(struct callback_head *work)
{
	struct np_close *close = container_of(work, struct np_close, work);

	if (current->flags & PF_EXITING ||
	    READ_ONCE(close->sampler->closes_shut) ||
	    thread_has_one(close->sampler)) {
		close_give_up(close);
		return;
	}
	close->event = breakpoint_set(close);
	if (IS_ERR(close->event)) {
		close_give_up(close);
		return;
	}
	if (!close_list(close)) {
		unregister_hw_breakpoint(close->event);
		close_give_up(close);
	}
}

/* Is it an access by an instruction of the thread itself? */
bool np_close_can(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_USER;
}

/**
 * np_close_begin() - have the current thread arm the next turn of @page
 *
 * Of its fault; the page's word is NP_WORD_CLOSING.
 */
void np_close_begin(struct np_refault *sampler, struct vm_fault *vmf, u64 page)
{
	struct np_close *close;

	close = kmalloc(sizeof(*close), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!close) {
		word_give_back(sampler, page);
		return;
	}
	*close = (struct np_close) {
		.task = current,
		.since = jiffies,
		.file = get_file(vmf->vma->vm_file),
		.sampler = sampler,
		.page = page,
		.address = vmf->real_address,
	};
	INIT_WORK(&close->end, close_end_work);
	init_task_work(&close->work, close_begin_work);
	if (task_work_add(current, &close->work, TWA_RESUME))
		close_give_up(close);
}

/**
 * np_close_reap() - give up threads that did not make their access
 * @all: those, too, that may still make it
 */
void np_close_reap(struct np_refault *sampler, bool all)
{
	struct np_close *close, *next;

	spin_lock(&sampler->closes_lock);
	list_for_each_entry_safe(close, next, &sampler->closes, node) {
		if (!all && time_before(jiffies, close->since + PATIENCE))
			break;
		/* Else its thread is on its way. */
		if (test_and_set_bit(0, &close->claimed))
			continue;
		list_del(&close->node);
		queue_work(close_wq, &close->end);
	}
	spin_unlock(&sampler->closes_lock);
}

/* From here on none is begun, and those that were are given up; or as before. */
void np_close_shut(struct np_refault *sampler, bool shut)
{
	spin_lock(&sampler->closes_lock);
	WRITE_ONCE(sampler->closes_shut, shut);
	spin_unlock(&sampler->closes_lock);
	if (shut)
		np_close_reap(sampler, true);
}

/*
 * The first event of a task on the machine patches the kernel's text and waits
 * for a grace period (account_event()): not in a thread that is observed, and
 * not for each sample. One that counts nothing stays as long as breakpoints may
 * come. NULL: there is none, and so shall there be no breakpoints.
 */
struct perf_event *np_close_keep(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof(attr),
		.disabled = 1,
	};
	struct perf_event *event;

	event = perf_event_create_kernel_counter(&attr, -1, current, NULL, NULL);
	return IS_ERR(event) ? NULL : event;
}

void np_close_unkeep(struct perf_event *event)
{
	if (event)
		perf_event_release_kernel(event);
}
