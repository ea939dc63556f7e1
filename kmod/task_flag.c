// SPDX-License-Identifier: GPL-2.0
/*
 * task->flags is changed without atomics by the task itself, so another may
 * write it only while the task can't run:
 *
 * - It sleeps (or is stopped, or in D state): then pi_lock keeps it asleep, as
 *   try_to_wake_up() takes that first (the argument is the one of
 *   __task_needs_rq_lock() in kernel/sched/core.c). Nothing is visible to the
 *   thread: no EINTR, no wake-up.
 * - It runs or is runnable: a task_work makes it do so itself on its way back
 *   to user mode; TWA_RESUME kicks it out of user mode and interrupts no
 *   system call. Should it fall asleep first, the first way works.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/task_work.h>

#include "task_flag.h"

#define WAIT_JIFFIES	HZ
#define ROUND_JIFFIES	max(HZ / 100, 1)

static void change_work(struct callback_head *work);

void np_flag_change_init(struct np_flag_change *change,
			 struct task_struct *task, bool set,
			 void (*get)(struct np_flag_change *change),
			 void (*put)(struct np_flag_change *change))
{
	INIT_LIST_HEAD(&change->list);
	change->task = task;
	change->set = set;
	change->claimed = 0;
	init_task_work(&change->work, change_work);
	init_completion(&change->done);
	change->get = get;
	change->put = put;
}

static void change_apply(struct np_flag_change *change)
{
	if (test_and_set_bit(0, &change->claimed))
		return;
	if (change->set)
		change->task->flags |= PF_NO_SETAFFINITY;
	else
		change->task->flags &= ~PF_NO_SETAFFINITY;
}

static void change_work(struct callback_head *work)
{
	struct np_flag_change *change =
		container_of(work, struct np_flag_change, work);

	change_apply(change);
	complete(&change->done);
	change->put(change);
	/* What is left of this function: see synchronize_rcu_tasks() in main.c */
	module_put(THIS_MODULE);
}

/* pi_lock held: can't the task run before it is released? */
static bool task_is_off(struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);

	if (state == TASK_RUNNING || state == TASK_WAKING)
		return false;
	smp_rmb();	/* __state before on_rq, as in __task_needs_rq_lock() */
	if (READ_ONCE(task->on_rq))
		return false;
	smp_rmb();	/* on_rq before on_cpu, likewise */
	smp_cond_load_acquire(&task->on_cpu, !VAL);
	return true;
}

/* Change the flag of a task that is asleep: true if that is done. */
static bool change_asleep(struct np_flag_change *change)
{
	unsigned long flags;
	bool off;

	raw_spin_lock_irqsave(&change->task->pi_lock, flags);
	off = task_is_off(change->task);
	if (off)
		change_apply(change);
	raw_spin_unlock_irqrestore(&change->task->pi_lock, flags);
	return off;
}

/* 0 or -ESRCH. */
static int change_queue(struct np_flag_change *change)
{
	int err;

	change->get(change);
	__module_get(THIS_MODULE);
	err = task_work_add(change->task, &change->work, TWA_RESUME);
	if (err) {
		module_put(THIS_MODULE);
		change->put(change);
	}
	return err;
}

/* 0: done; -ESRCH: it exits, its flag is nobody's concern; -EINPROGRESS */
static int change_start(struct np_flag_change *change)
{
	if (change->task == current) {
		change_apply(change);
		return 0;
	}
	if (change_asleep(change))
		return 0;
	return change_queue(change) ?: -EINPROGRESS;
}

/* Up to one round: whether it is done. It may have fallen asleep meanwhile. */
static bool change_wait(struct np_flag_change *change)
{
	return wait_for_completion_timeout(&change->done, ROUND_JIFFIES) ||
	       change_asleep(change);
}

/**
 * np_task_flag_set() - set PF_NO_SETAFFINITY
 *
 * Return: 0; -EINPROGRESS: the task neither slept nor came back to user mode
 * for a second, and the flag won't be set; -ESRCH: it exits.
 */
int np_task_flag_set(struct np_flag_change *change)
{
	unsigned long end = jiffies + WAIT_JIFFIES;
	int err = change_start(change);

	while (err == -EINPROGRESS && time_before(jiffies, end)) {
		if (change_wait(change))
			err = 0;
	}
	/* A flag not set in time must not come later. */
	if (err == -EINPROGRESS && test_and_set_bit(0, &change->claimed))
		err = 0;
	return err;
}

/* Those at the front that have been told, or (after a quiet round) all asleep. */
static void changes_sweep(struct list_head *changes, bool all)
{
	struct np_flag_change *change, *next;

	list_for_each_entry_safe(change, next, changes, list) {
		if (completion_done(&change->done) ||
		    (all && change_asleep(change)))
			list_del_init(&change->list);
		else if (!all)
			break;
		cond_resched();
	}
}

/**
 * np_task_flags_clear() - clear PF_NO_SETAFFINITY of many
 * @changes: emptied
 *
 * All are asked first, and then waited for together, for at most a second: a
 * task that has been neither asleep nor in user mode by then clears its flag
 * when it next comes back there.
 */
void np_task_flags_clear(struct list_head *changes)
{
	unsigned long end = jiffies + WAIT_JIFFIES;
	struct np_flag_change *change, *next;
	bool told;

	list_for_each_entry_safe(change, next, changes, list) {
		if (change_start(change) != -EINPROGRESS)
			list_del_init(&change->list);
		cond_resched();
	}
	while (!list_empty(changes) && time_before(jiffies, end)) {
		change = list_first_entry(changes, struct np_flag_change, list);
		told = wait_for_completion_timeout(&change->done,
						   ROUND_JIFFIES);
		if (told)
			list_del_init(&change->list);
		changes_sweep(changes, !told);
	}
	list_for_each_entry_safe(change, next, changes, list)
		list_del_init(&change->list);
}
