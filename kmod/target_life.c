// SPDX-License-Identifier: GPL-2.0
/*
 * What fork, exec and exit mean to targets: new threads and children are added,
 * what may not be looked at any more is lost, what is over keeps its counts.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>

#include "process.h"
#include "session.h"
#include "target.h"
#include "thread.h"
#include "watch.h"

static void fork_thread(struct np_process *process, struct task_struct *child)
{
	struct np_target *target = process->target;
	struct np_thread *thread = np_thread_create(target, child, GFP_ATOMIC);

	if (IS_ERR(thread))
		thread = NULL;
	if (np_target_add(target, process, thread, child) && thread)
		np_thread_put(thread);
}

static void fork_process(struct np_target *target, struct task_struct *child)
{
	struct np_process *process = np_process_create(target, GFP_ATOMIC);

	if (!process || !np_process_add(process, child)) {
		atomic64_inc(&target->untracked);
		np_process_put(process);
		return;
	}
	np_process_mm_renew(process, child->mm);
	fork_thread(process, child);
}

/* In @parent; @child has not run yet. */
void np_targets_fork(struct task_struct *parent, struct task_struct *child)
{
	bool same = same_thread_group(parent, child);
	struct np_process *process = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&np_track_lock, flags);
	while ((process = np_process_next(parent->signal, process))) {
		struct np_target *target = process->target;

		if (same && target->flags & NUMAPERF_TRACK_PROCESS)
			fork_thread(process, child);
		else if (!same && target->flags & NUMAPERF_TRACK_CHILDREN)
			fork_process(target, child);
	}
	raw_spin_unlock_irqrestore(&np_track_lock, flags);
}

/*
 * May a new image be counted? Not by a reader without CAP_PERFMON if it runs
 * with more than the reader's rights (set-id, file capabilities) or may not be
 * looked at (unreadable: not dumpable).
 */
static bool exec_may_count(struct np_target *target, struct task_struct *task,
			   bool secure)
{
	return target->session->perfmon ||
	       (!secure &&
		__get_dumpable(task->mm->flags) == SUID_DUMP_USER &&
		uid_eq(current_euid(), target->kuid) &&
		uid_eq(current_uid(), target->kuid));
}

static void exec_lose(struct np_target *target, struct np_process *process,
		      struct task_struct *task)
{
	struct np_thread *thread;

	for (thread = np_thread_first(task); thread;
	     thread = np_thread_next(thread, task)) {
		if (thread->target == target)
			np_thread_stop(thread, NUMAPERF_THREAD_LOST);
	}
	np_process_mm_drop(np_target_remove_process(target, process));
	np_target_post(target, NUMAPERF_EVENT_TARGET_LOST,
		       NUMAPERF_REASON_CREDENTIALS, task);
}

static void exec_threads(struct task_struct *task)
{
	struct np_thread *thread;

	/* exec by another than the leader gives it the leader's id. */
	for (thread = np_thread_first(task); thread;
	     thread = np_thread_next(thread, task)) {
		struct pid *old = thread->tid;

		thread->tid = get_task_pid(task, PIDTYPE_PID);
		put_pid(old);
		WRITE_ONCE(thread->execs, thread->execs + 1);
	}
}

/* In @task, whose other threads are gone. */
void np_targets_exec(struct task_struct *task, bool secure)
{
	struct np_process *process, *next;
	unsigned long flags;

	raw_spin_lock_irqsave(&np_track_lock, flags);
	exec_threads(task);
	for (process = np_process_next(task->signal, NULL); process;
	     process = next) {
		next = np_process_next(task->signal, process);
		np_watch_end(process);
		if (exec_may_count(process->target, task, secure))
			np_process_mm_renew(process, task->mm);
		else
			exec_lose(process->target, process, task);
	}
	raw_spin_unlock_irqrestore(&np_track_lock, flags);
}

static void exited_thread(struct np_thread *thread, struct task_struct *task)
{
	struct np_process *process = thread->process;
	struct np_target *target = thread->target;

	np_thread_stop(thread, NUMAPERF_THREAD_EXITED);
	np_target_thread_exited(target);
	/* A target of one thread ends with it. */
	if (target->flags & NUMAPERF_TRACK_PROCESS ||
	    !np_process_is_known(process))
		return;
	np_process_mm_drop(np_process_remove(process));
	np_target_post(target, NUMAPERF_EVENT_TARGET_EXITED, 0, task);
}

static void exited_process(struct np_process *process, struct task_struct *task)
{
	struct np_target *target = process->target;

	/* Its other threads come by here, too, each for itself. */
	np_process_mm_drop(np_process_remove(process));
	if (list_empty(&target->processes))
		np_target_post(target, NUMAPERF_EVENT_TARGET_EXITED, 0, task);
}

/* In @task, after exit_mm(). */
void np_targets_exit(struct task_struct *task)
{
	struct np_process *process, *next;
	struct np_thread *thread;
	unsigned long flags;

	raw_spin_lock_irqsave(&np_track_lock, flags);
	for (thread = np_thread_first(task); thread;
	     thread = np_thread_next(thread, task))
		exited_thread(thread, task);
	if (!atomic_read(&task->signal->live)) {
		for (process = np_process_next(task->signal, NULL); process;
		     process = next) {
			next = np_process_next(task->signal, process);
			exited_process(process, task);
		}
	}
	raw_spin_unlock_irqrestore(&np_track_lock, flags);
}
