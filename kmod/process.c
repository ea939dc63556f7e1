// SPDX-License-Identifier: GPL-2.0
#include <linux/hashtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "hook.h"
#include "process.h"
#include "target.h"
#include "thread.h"
#include "watch.h"

static DEFINE_HASHTABLE(processes, 8);	/* under np_track_lock */

static struct hlist_head *process_bucket(const struct signal_struct *signal)
{
	return &processes[hash_min((unsigned long)signal,
				   HASH_BITS(processes))];
}

/*
 * The next one that is @signal after @prev (NULL: the first). It goes on from
 * @prev, as from the head each walk would take the square of its length: so
 * whoever removes one asks for the next before.
 */
struct np_process *np_process_next(struct signal_struct *signal,
				   struct np_process *prev)
{
	struct hlist_node *node;

	lockdep_assert_held(&np_track_lock);
	node = prev ? prev->hash.next : process_bucket(signal)->first;
	for (; node; node = node->next) {
		struct np_process *process;

		process = hlist_entry(node, struct np_process, hash);
		if (process->signal == signal)
			return process;
	}
	return NULL;
}

/* That process as @target knows it, or NULL. */
struct np_process *np_process_of(struct np_target *target,
				 struct signal_struct *signal)
{
	struct np_process *process = NULL;

	while ((process = np_process_next(signal, process))) {
		if (process->target == target)
			return process;
	}
	return NULL;
}

/* With one reference: that of its target's list. */
struct np_process *np_process_create(struct np_target *target, gfp_t gfp)
{
	struct np_process *process;

	process = kzalloc(sizeof(*process),
			  gfp | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!process)
		return NULL;
	refcount_set(&process->ref, 1);
	process->target = target;
	return process;
}

struct np_process *np_process_get(struct np_process *process)
{
	refcount_inc(&process->ref);
	return process;
}

/* Any context. Its ranges ended when it was removed. */
void np_process_put(struct np_process *process)
{
	if (process && refcount_dec_and_test(&process->ref))
		kfree(process);
}

/*
 * Drop a hold on @mm from where nothing may sleep. Its owner holds one, too, so
 * this is not the last; where it were, the teardown is left to a worker.
 */
void np_process_mm_drop(struct mm_struct *mm)
{
	if (mm && !atomic_add_unless(&mm->mm_users, -1, 1))
		mmput_async(mm);
}

/* Let go of the old address space, hold another (or none). */
void np_process_mm_renew(struct np_process *process, struct mm_struct *mm)
{
	lockdep_assert_held(&np_track_lock);
	np_process_mm_drop(process->mm);
	process->mm = NULL;
	if (mm && np_mm_hold_works()) {
		mmget(mm);
		process->mm = mm;
	}
}

/* Fork, exec and exit walk them all with interrupts off: they must be few. */
static bool process_has_room(struct signal_struct *signal)
{
	struct np_process *process = NULL;
	unsigned int n = 0;

	while ((process = np_process_next(signal, process)))
		n++;
	return n < NUMAPERF_TARGETS_PER_PROCESS_MAX;
}

/* Into the hash and its target's list. False: too many targets know it. */
bool np_process_add(struct np_process *process, struct task_struct *task)
{
	lockdep_assert_held(&np_track_lock);
	if (!process_has_room(task->signal))
		return false;
	process->signal = task->signal;
	list_add_tail(&process->of_target, &process->target->processes);
	hash_add(processes, &process->hash, (unsigned long)process->signal);
	return true;
}

/* It may be removed already, with a reference left. */
bool np_process_is_known(const struct np_process *process)
{
	return !hlist_unhashed(&process->hash);
}

/*
 * Take it from the hash and its target's list. Returns the address space it
 * held, for np_process_mm_drop() or mmput().
 */
struct mm_struct *np_process_remove(struct np_process *process)
{
	struct mm_struct *mm = process->mm;

	lockdep_assert_held(&np_track_lock);
	np_watch_end(process);
	hash_del(&process->hash);
	list_del(&process->of_target);
	np_process_put(process);
	return mm;
}

/* ------------------------------------------ letting go of mm in time */

static void mm_release(struct task_struct *task)
{
	struct np_process *process = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&np_track_lock, flags);
	while ((process = np_process_next(task->signal, process)))
		np_process_mm_renew(process, NULL);
	raw_spin_unlock_irqrestore(&np_track_lock, flags);
}

/* exit_mm_release(tsk, mm): signal->live is counted down before */
static void on_exit_mm(unsigned long a0, unsigned long a1,
		       unsigned long a2, unsigned long a3)
{
	struct task_struct *task = (struct task_struct *)a0;

	if (!atomic_read(&task->signal->live))
		mm_release(task);
}

/* exec_mm_release(tsk, mm): no other thread is left */
static void on_exec_mm(unsigned long a0, unsigned long a1,
		       unsigned long a2, unsigned long a3)
{
	mm_release((struct task_struct *)a0);
}

static struct np_hook exit_hook = {
	.symbol = "exit_mm_release",
	.entry = on_exit_mm,
};

static struct np_hook exec_hook = {
	.symbol = "exec_mm_release",
	.entry = on_exec_mm,
};

static bool works;

void np_mm_hold_init(void)
{
	works = !np_hook_probe(&exit_hook, NP_TRY_ALL) &&
		!np_hook_probe(&exec_hook, NP_TRY_ALL);
}

void np_mm_hold_exit(void)
{
	np_hook_end(&exec_hook);
	np_hook_end(&exit_hook);
}

bool np_mm_hold_works(void)
{
	return works;
}

/* Before address spaces are held. Does nothing where it can't work. */
int np_mm_hold_get(void)
{
	int err;

	if (!works)
		return 0;
	err = np_hook_get(&exit_hook);
	if (err)
		return err;
	err = np_hook_get(&exec_hook);
	if (err)
		np_hook_put(&exit_hook);
	return err;
}

void np_mm_hold_put(void)
{
	if (!works)
		return;
	np_hook_put(&exec_hook);
	np_hook_put(&exit_hook);
}
