// SPDX-License-Identifier: GPL-2.0
/*
 * What a target is made of, and its end. Records of threads are added under
 * np_track_lock and stay until the session closes, so that what was counted can
 * be read; those of exited threads are folded into one when they get many.
 */
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "counter_map.h"
#include "debug.h"
#include "fault.h"
#include "lease.h"
#include "lifecycle.h"
#include "process.h"
#include "session.h"
#include "source.h"
#include "switches.h"
#include "target.h"
#include "target_list.h"
#include "thread.h"
#include "user.h"

/* Exited threads that keep a record of their own. */
#define EXITED_KEPT	256

static atomic_t targets = ATOMIC_INIT(0);

/* Those that are not freed yet, of everyone. */
unsigned int np_target_count(void)
{
	return atomic_read(&targets);
}

struct np_target *np_target_get(struct np_target *target)
{
	refcount_inc(&target->ref);
	return target;
}

/* Any context. */
void np_target_put(struct np_target *target)
{
	if (!refcount_dec_and_test(&target->ref))
		return;
	np_counter_map_put(target->map);
	kfree(target->watches);
	put_pid(target->pid);
	put_pid(target->tid);
	np_session_put(target->session);
	kfree(target);
	atomic_dec(&targets);
}

void np_target_post(struct np_target *target,
		    enum numaperf_event_type type,
		    enum numaperf_reason reason, struct task_struct *task)
{
	struct np_event event = {
		.record = {
			.type = type,
			.reason = reason,
			.id = target->id,
		},
		.pid = task_tgid(task),
		.tid = task_pid(task),
	};

	np_event_post(&target->session->events, &event);
}

/* Under RCU or np_track_lock. */
bool np_target_has(struct np_target *target, struct task_struct *task)
{
	struct np_thread *thread;

	for (thread = np_thread_first(task); thread;
	     thread = np_thread_next(thread, task)) {
		if (thread->target == target)
			return true;
	}
	return false;
}

/* All records of a thread are walked in its faults, and where nothing may sleep. */
static bool task_has_room(struct task_struct *task)
{
	struct np_thread *thread;
	unsigned int n = 0;

	for (thread = np_thread_first(task); thread;
	     thread = np_thread_next(thread, task))
		n++;
	return n < NUMAPERF_TARGETS_PER_THREAD_MAX;
}

/**
 * np_target_add() - begin to count a thread
 * @process: which it is of, known to @target
 * @thread: a record for it, or NULL: there is none
 * @task: the thread
 *
 * np_track_lock held.
 *
 * Return: 0; -ESRCH: it exits, or is counted already; -EDQUOT: it is told as
 * untracked.
 */
int np_target_add(struct np_target *target, struct np_process *process,
		  struct np_thread *thread, struct task_struct *task)
{
	if (task->flags & PF_EXITING || np_target_has(target, task))
		return -ESRCH;
	if (!thread || !task_has_room(task)) {
		atomic64_inc(&target->untracked);
		return -EDQUOT;
	}
	thread->process = np_process_get(process);
	thread->serial = ++target->last_serial;
	list_add_tail_rcu(&thread->of_target, &target->threads);
	hash_add_rcu(np_threads, &thread->hash, (unsigned long)task);
	return 0;
}

/* Take away a process with no thread left, or with all of its threads. */
struct mm_struct *np_target_remove_process(struct np_target *target,
					   struct np_process *process)
{
	struct signal_struct *signal = process->signal;
	struct np_thread *thread;

	list_for_each_entry(thread, &target->threads, of_target) {
		if (thread->task && thread->task->signal == signal)
			np_thread_stop(thread, 0);
	}
	return np_process_remove(process);
}

/* With memory for all of its counts first: what READ told only grows. */
static int fold_one(struct np_target *target, struct np_thread *thread)
{
	int err;

	err = np_thread_reserve(target->rest, thread);
	if (err)
		return err;
	raw_spin_lock_irq(&np_track_lock);
	list_del_rcu(&thread->of_target);
	target->exited--;
	raw_spin_unlock_irq(&np_track_lock);
	np_thread_merge(target->rest, thread);
	/* Its own list is empty for whoever is still walking: freed by RCU. */
	np_thread_put(thread);
	return 0;
}

static struct np_thread *fold_candidate(struct np_target *target)
{
	struct np_thread *thread, *found = NULL;

	raw_spin_lock_irq(&np_track_lock);
	if (target->exited > EXITED_KEPT) {
		list_for_each_entry(thread, &target->threads, of_target) {
			/*
			 * Those that were lost are not among @exited. A fault
			 * sample under way still writes.
			 */
			if (!thread->task &&
			    thread->flags & NUMAPERF_THREAD_EXITED &&
			    refcount_read(&thread->ref) == 1) {
				found = thread;
				break;
			}
		}
	}
	raw_spin_unlock_irq(&np_track_lock);
	return found;
}

/*
 * Bounds what a program that keeps starting threads costs; loses no count.
 * Without memory records stay as they are: the next exit tries again.
 */
static void target_fold(struct work_struct *work)
{
	struct np_target *target = container_of(work, struct np_target,
						fold_work);
	u64 begin = np_work_begin();
	struct np_thread *thread;

	mutex_lock(&target->fold_lock);
	if (!target->rest) {
		thread = np_thread_create(target, NULL, GFP_KERNEL);
		target->rest = IS_ERR(thread) ? NULL : thread;
	}
	while (target->rest && (thread = fold_candidate(target))) {
		if (fold_one(target, thread))
			break;
		cond_resched();
	}
	mutex_unlock(&target->fold_lock);
	np_target_put(target);
	np_work_end(NP_WORK_TARGET_FOLD, begin);
}

/* np_track_lock held. */
void np_target_thread_exited(struct np_target *target)
{
	if (++target->exited <= EXITED_KEPT)
		return;
	np_target_get(target);
	if (!queue_work(np_wq, &target->fold_work))
		np_target_put(target);
}

/* Counts nothing yet; NULL: no memory. */
struct np_target *np_target_create(struct np_session *session,
				   struct task_struct *task,
				   const struct numaperf_ioc_track *arg)
{
	struct np_target *target;

	target = kzalloc(sizeof(*target), GFP_KERNEL_ACCOUNT);
	if (!target)
		return NULL;
	atomic_inc(&targets);
	refcount_set(&target->ref, 1);
	target->session = np_session_get(session);
	INIT_LIST_HEAD(&target->of_session);
	INIT_LIST_HEAD(&target->processes);
	INIT_LIST_HEAD(&target->threads);
	mutex_init(&target->fold_lock);
	INIT_WORK(&target->fold_work, target_fold);
	np_alarms_init(target);
	target->pid = get_task_pid(task, PIDTYPE_TGID);
	if (!(arg->flags & NUMAPERF_TRACK_PROCESS))
		target->tid = get_task_pid(task, PIDTYPE_PID);
	target->flags = arg->flags;
	target->wanted = arg->sources;
	target->sources = arg->sources & np_sources_working();
	target->fault_period = arg->fault_period ?: NP_FAULT_PERIOD;
	target->kuid = session->user->kuid;
	target->missed_before = np_sources_missed(target->sources);
	target->since_ns = ktime_get_ns();
	return target;
}

/* From here on it is counted there, too, until the target's end. */
void np_target_map_set(struct np_target *target, struct np_counter_map *map)
{
	/* Pairs with np_target_map(). */
	smp_store_release(&target->map, map);
}

/* What mappings and alarms read, if it isn't there yet. Session's lock held. */
int np_target_map_make(struct np_target *target, u32 *ret_reason)
{
	struct np_counter_map *map;

	lockdep_assert_held(&target->session->lock);
	if (target->map)
		return 0;
	map = np_counter_map_create(target->session->user, ret_reason);
	if (IS_ERR(map))
		return PTR_ERR(map);
	np_target_map_set(target, map);
	return 0;
}

/* Hooks first: from here on no fork is missed. */
int np_target_hooks_get(struct np_target *target)
{
	int err;

	err = np_lifecycle_get();
	if (err)
		return err;
	err = np_mm_hold_get();
	if (err)
		goto err_lifecycle;
	err = np_switches_get();
	if (err)
		goto err_mm_hold;
	err = np_sources_get(target->sources);
	if (err)
		goto err_switches;
	return 0;

err_switches:
	np_switches_put();
err_mm_hold:
	np_mm_hold_put();
err_lifecycle:
	np_lifecycle_put();
	return err;
}

static void target_hooks_put(struct np_target *target)
{
	np_sources_put(target->sources);
	np_switches_put();
	np_mm_hold_put();
	np_lifecycle_put();
}

/* No more counting; what was counted stays to be read. Session's lock held. */
void np_target_stop(struct np_target *target)
{
	struct np_process *process;
	struct np_thread *thread;

	if (!target->running)
		return;
	target->running = false;
	np_alarms_end(target);
	raw_spin_lock_irq(&np_track_lock);
	while ((process = list_first_entry_or_null(&target->processes,
						   struct np_process,
						   of_target)))
		np_process_mm_drop(np_process_remove(process));
	list_for_each_entry(thread, &target->threads, of_target)
		np_thread_stop(thread, 0);
	raw_spin_unlock_irq(&np_track_lock);
	target_hooks_put(target);
}

/* The session forgets it. Its lock is held, or nobody else has it any more. */
void np_target_end(struct np_target *target)
{
	struct np_thread *thread;

	np_target_unpublish(target);
	np_target_stop(target);
	list_del(&target->of_session);
	if (cancel_work_sync(&target->fold_work))
		np_target_put(target);
	mutex_lock(&target->fold_lock);
	for (;;) {
		raw_spin_lock_irq(&np_track_lock);
		thread = list_first_entry_or_null(&target->threads,
						  struct np_thread, of_target);
		if (thread)
			list_del_rcu(&thread->of_target);
		raw_spin_unlock_irq(&np_track_lock);
		if (!thread)
			break;
		np_thread_put(thread);
		cond_resched();
	}
	if (target->rest)
		np_thread_put(target->rest);
	target->rest = NULL;
	mutex_unlock(&target->fold_lock);
	np_target_put(target);
}

/* By handle; the session's lock is held. */
struct np_target *np_target_find(struct np_session *session, u32 id)
{
	struct np_target *target;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(target, &session->targets, of_session) {
		if (target->id == id)
			return target;
	}
	return NULL;
}

void np_target_forget(struct np_session *session, u32 id)
{
	struct np_target *target;

	mutex_lock(&session->lock);
	target = np_target_find(session, id);
	if (target)
		np_target_end(target);
	mutex_unlock(&session->lock);
}

void np_targets_end_session(struct np_session *session)
{
	struct np_target *target, *next;

	mutex_lock(&session->lock);
	list_for_each_entry_safe(target, next, &session->targets, of_session)
		np_target_end(target);
	mutex_unlock(&session->lock);
}
