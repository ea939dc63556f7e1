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
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "task_flag.h"

#define ROUNDS		100
#define ROUND_JIFFIES	max(HZ / 100, 1)

/**
 * struct flag_change - a change under way, by two who may come first
 * @ref: the waiter's and the task_work's
 * @work: runs in the task
 * @claimed: bit 0: one of them does it, or the waiter gave up
 * @set: set or clear
 * @done: by the task_work
 */
struct flag_change {
	refcount_t ref;
	struct callback_head work;
	unsigned long claimed;
	bool set;
	struct completion done;
};

static void flag_apply(struct task_struct *task, bool set)
{
	if (set)
		task->flags |= PF_NO_SETAFFINITY;
	else
		task->flags &= ~PF_NO_SETAFFINITY;
}

static void change_put(struct flag_change *change)
{
	if (refcount_dec_and_test(&change->ref))
		kfree(change);
}

static void change_work(struct callback_head *work)
{
	struct flag_change *change =
		container_of(work, struct flag_change, work);

	if (!test_and_set_bit(0, &change->claimed))
		flag_apply(current, change->set);
	complete(&change->done);
	change_put(change);
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

/* Change the flag of a task that is asleep: true if done (or claimed). */
static bool change_asleep(struct task_struct *task, bool set,
			  struct flag_change *change)
{
	unsigned long flags;
	bool off;

	raw_spin_lock_irqsave(&task->pi_lock, flags);
	off = task_is_off(task);
	if (off && (!change || !test_and_set_bit(0, &change->claimed)))
		flag_apply(task, set);
	raw_spin_unlock_irqrestore(&task->pi_lock, flags);
	return off;
}

static struct flag_change *change_queue(struct task_struct *task, bool set)
{
	struct flag_change *change;
	int err;

	change = kzalloc(sizeof(*change), GFP_KERNEL);
	if (!change)
		return ERR_PTR(-ENOMEM);
	refcount_set(&change->ref, 2);
	change->set = set;
	init_completion(&change->done);
	init_task_work(&change->work, change_work);
	__module_get(THIS_MODULE);
	err = task_work_add(task, &change->work, TWA_RESUME);
	if (err) {
		module_put(THIS_MODULE);
		kfree(change);
		return ERR_PTR(err);
	}
	return change;
}

/* 0, -ESRCH (it exits: its flag is nobody's concern), -ENOMEM, -EINPROGRESS */
static int change_awake(struct task_struct *task, bool set)
{
	struct flag_change *change = change_queue(task, set);
	int err = -EINPROGRESS;
	int i;

	if (IS_ERR(change))
		return PTR_ERR(change);
	for (i = 0; i < ROUNDS && err; i++) {
		if (wait_for_completion_timeout(&change->done, ROUND_JIFFIES) ||
		    change_asleep(task, set, change))
			err = 0;
	}
	/* A flag not set in time must not come later; clearing may. */
	if (err && set && test_and_set_bit(0, &change->claimed))
		err = 0;
	change_put(change);
	return err;
}

static int task_flag(struct task_struct *task, bool set)
{
	if (task == current) {
		flag_apply(task, set);
		return 0;
	}
	if (change_asleep(task, set, NULL))
		return 0;
	return change_awake(task, set);
}

/**
 * np_task_flag_set() - set PF_NO_SETAFFINITY
 *
 * Return: 0; -EINPROGRESS: the task neither slept nor came back to user mode
 * for a second, nothing was changed; -ESRCH: it exits; -ENOMEM.
 */
int np_task_flag_set(struct task_struct *task)
{
	return task_flag(task, true);
}

/**
 * np_task_flag_clear() - clear PF_NO_SETAFFINITY
 *
 * Return: as above, but after -EINPROGRESS it will be cleared when the task
 * next comes back to user mode.
 */
int np_task_flag_clear(struct task_struct *task)
{
	return task_flag(task, false);
}
