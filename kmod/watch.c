// SPDX-License-Identifier: GPL-2.0
/*
 * WATCH: ranges of a tracked process come and go. Under the session's lock;
 * against exec and exit of the process, np_track_lock.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "process.h"
#include "session.h"
#include "target.h"
#include "thread.h"
#include "watch.h"

/* The address space is gone: its ranges end, what they counted stays. */
void np_watch_end(struct np_process *process)
{
	struct np_watches *watches = process->target->watches;
	struct np_watch_table *table;
	unsigned int i;

	lockdep_assert_held(&np_track_lock);
	table = rcu_dereference_protected(process->watched, true);
	if (!table)
		return;
	RCU_INIT_POINTER(process->watched, NULL);
	kfree_rcu(table, rcu);
	for (i = 0; i < ARRAY_SIZE(watches->slots); i++) {
		if (watches->slots[i].process == process)
			watches->slots[i].process = NULL;
	}
}

/* The new table of a process. np_track_lock held. */
static void table_publish(struct np_process *process,
			  struct np_watch_table *table)
{
	struct np_watch_table *old;

	old = rcu_dereference_protected(process->watched,
					lockdep_is_held(&np_track_lock));
	rcu_assign_pointer(process->watched, table->count ? table : NULL);
	if (!table->count)
		kfree(table);
	if (old)
		kfree_rcu(old, rcu);
}

static int watches_make(struct np_target *target)
{
	struct np_watches *watches;

	if (target->watches)
		return 0;
	watches = kzalloc(sizeof(*watches), GFP_KERNEL_ACCOUNT);
	if (!watches)
		return -ENOMEM;
	target->watches = watches;
	return 0;
}

/* By number; -ENOENT. */
static int slot_of(const struct np_watches *watches, u32 range)
{
	int i;

	for (i = 0; watches && i < ARRAY_SIZE(watches->slots); i++) {
		if (watches->slots[i].range == range)
			return i;
	}
	return -ENOENT;
}

/* ------------------------------------------------------------------ add */

/* Insert into what the process watches now. np_track_lock held. */
static int process_insert(struct np_target *target, struct task_struct *task,
			  struct np_watch_table *table,
			  const struct np_watch_entry *entry)
{
	struct np_process *process = np_process_of(target, task->signal);
	const struct np_watch_table *old;
	int err;

	if (!process)
		return -ESRCH;
	old = rcu_dereference_protected(process->watched,
					lockdep_is_held(&np_track_lock));
	err = np_watch_insert(table, old, entry);
	if (err)
		return err;
	table_publish(process, table);
	target->watches->slots[entry->slot].range = entry->range;
	target->watches->slots[entry->slot].process = process;
	return 0;
}

static int watch_insert(struct np_target *target, struct task_struct *task,
			struct numaperf_ioc_watch *arg)
{
	struct np_watches *watches = target->watches;
	struct np_watch_entry entry = {
		.start = arg->addr,
		.end = arg->addr + arg->length,
		.range = watches->last + 1,
	};
	int slot = slot_of(watches, 0), err;
	struct np_watch_table *table;

	if (slot < 0 || !entry.range) {
		arg->reason = NUMAPERF_REASON_RANGE_QUOTA;
		return -EDQUOT;
	}
	entry.slot = slot;
	table = np_watch_table_alloc(watches->used + 1);
	if (!table)
		return -ENOMEM;
	raw_spin_lock_irq(&np_track_lock);
	err = process_insert(target, task, table, &entry);
	raw_spin_unlock_irq(&np_track_lock);
	if (err) {
		kfree(table);
		return err;
	}
	watches->used++;
	arg->range = ++watches->last;
	return 0;
}

static int watch_permitted(struct task_struct *task, u32 *ret_reason)
{
	struct mm_struct *mm = get_task_mm(task);
	int err;

	if (!mm)
		return -ESRCH;
	err = np_target_permitted(task, mm);
	if (err)
		*ret_reason = NUMAPERF_REASON_PRIVILEGE;
	mmput(mm);
	return err;
}

static int watch_add(struct np_target *target, struct numaperf_ioc_watch *arg)
{
	struct task_struct *task;
	struct pid *pid;
	int err;

	pid = arg->pid ? find_get_pid(arg->pid) : get_pid(target->pid);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	if (!task)
		return -ESRCH;
	err = watch_permitted(task, &arg->reason);
	if (!err)
		err = watches_make(target);
	if (!err)
		err = watch_insert(target, task, arg);
	put_task_struct(task);
	return err;
}

/* --------------------------------------------------------------- remove */

static int watch_take_away(struct np_target *target, u32 range)
{
	struct np_watches *watches = target->watches;
	int slot = slot_of(watches, range);
	struct np_watch_table *table;
	struct np_process *process;

	if (slot < 0)
		return slot;
	table = np_watch_table_alloc(watches->used);
	if (!table)
		return -ENOMEM;
	raw_spin_lock_irq(&np_track_lock);
	process = watches->slots[slot].process;
	if (process) {
		np_watch_remove(table,
				rcu_dereference_protected(process->watched, true),
				range);
		table_publish(process, table);
		table = NULL;
	}
	watches->slots[slot].process = NULL;
	watches->slots[slot].range = 0;
	raw_spin_unlock_irq(&np_track_lock);
	kfree(table);
	watches->used--;
	return 0;
}

/* ---------------------------------------------------------------- WATCH */

static int watch_check(const struct numaperf_ioc_watch *arg)
{
	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->range)
		return arg->addr || arg->length || arg->pid ? -EINVAL : 0;
	if (!arg->length || !PAGE_ALIGNED(arg->addr) ||
	    !PAGE_ALIGNED(arg->length) || arg->addr + arg->length < arg->addr ||
	    arg->addr + arg->length > TASK_SIZE_MAX || arg->pid < 0)
		return -EINVAL;
	return 0;
}

int np_watch(struct np_session *session, struct numaperf_ioc_watch *arg)
{
	struct np_target *target;
	int err;

	err = watch_check(arg);
	if (err)
		return err;
	arg->reason = NUMAPERF_REASON_NONE;
	mutex_lock(&session->lock);
	target = np_target_find(session, arg->target);
	if (!target)
		err = -ENOENT;
	else if (arg->range)
		err = watch_take_away(target, arg->range);
	else
		err = watch_add(target, arg);
	mutex_unlock(&session->lock);
	return err;
}

/* The caller did not learn the number of its range. (One taken away is gone.) */
void np_watch_undo(struct np_session *session,
		   const struct numaperf_ioc_watch *arg)
{
	struct np_target *target;

	if (!arg->length)
		return;
	mutex_lock(&session->lock);
	target = np_target_find(session, arg->target);
	if (target)
		watch_take_away(target, arg->range);
	mutex_unlock(&session->lock);
}
