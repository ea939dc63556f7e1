// SPDX-License-Identifier: GPL-2.0
/*
 * TRACK: who may count whom, and how counting begins. The process is made known
 * first: from then on threads that start add themselves (target_life.c); then
 * those that were there before are added until none is missing.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "lifecycle.h"
#include "process.h"
#include "session.h"
#include "source.h"
#include "target.h"
#include "target_list.h"
#include "thread.h"

#define TRACK_FLAGS (NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN | \
		     NUMAPERF_DRY_RUN)
#define ALL_SOURCES (BIT(NUMAPERF_SOURCE_COUNT) - 1)
#define PERIOD_MAX	BIT(20)

static bool creds_match(struct task_struct *task)
{
	const struct cred *theirs = get_task_cred(task);
	kuid_t uid = current_uid();
	kgid_t gid = current_gid();
	bool match;

	match = uid_eq(theirs->uid, uid) && uid_eq(theirs->euid, uid) &&
		uid_eq(theirs->suid, uid) && gid_eq(theirs->gid, gid) &&
		gid_eq(theirs->egid, gid) && gid_eq(theirs->sgid, gid);
	put_cred(theirs);
	return match;
}

/* Who may look: as ptrace's read access does without a user namespace's help. */
int np_target_permitted(struct task_struct *task, struct mm_struct *mm)
{
	if (same_thread_group(task, current) || perfmon_capable())
		return 0;
	if (!creds_match(task) || __get_dumpable(mm->flags) != SUID_DUMP_USER)
		return -EPERM;
	return 0;
}

/* The process becomes known: threads it starts from here on add themselves. */
static int target_add_process(struct np_target *target,
			      struct task_struct *task, struct mm_struct *mm)
{
	struct np_process *process = np_process_create(target, GFP_KERNEL);
	int err = 0;

	if (!process)
		return -ENOMEM;
	raw_spin_lock_irq(&np_track_lock);
	if (!atomic_read(&task->signal->live))
		err = -ESRCH;
	else if (!np_process_add(process, task))
		err = -EDQUOT;
	else
		np_process_mm_renew(process, mm);
	raw_spin_unlock_irq(&np_track_lock);
	if (err)
		np_process_put(process);
	return err;
}

static int target_add_thread(struct np_target *target,
			     struct task_struct *task)
{
	struct np_thread *thread = np_thread_create(target, task, GFP_KERNEL);
	struct np_process *process;
	int err = -ESRCH;

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	raw_spin_lock_irq(&np_track_lock);
	process = np_process_of(target, task->signal);
	if (process)
		err = np_target_add(target, process, thread, task);
	raw_spin_unlock_irq(&np_track_lock);
	if (err)
		np_thread_put(thread);
	/* Of a process it is enough that the others are there. */
	if (err == -ESRCH && target->flags & NUMAPERF_TRACK_PROCESS)
		return 0;
	return err;
}

/* A thread of @task's process that is not tracked yet, with a reference. */
static struct task_struct *target_find_missing(struct np_target *target,
					       struct task_struct *task)
{
	struct task_struct *thread, *found = NULL;

	rcu_read_lock();
	for_each_thread(task, thread) {
		if (!(READ_ONCE(thread->flags) & PF_EXITING) &&
		    !np_target_has(target, thread)) {
			found = get_task_struct(thread);
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/* Threads that started before the process became known. */
static int target_add_threads(struct np_target *target,
			      struct task_struct *task)
{
	struct task_struct *thread;
	int err = 0;

	if (!(target->flags & NUMAPERF_TRACK_PROCESS))
		return target_add_thread(target, task);
	while (!err && (thread = target_find_missing(target, task))) {
		err = target_add_thread(target, thread);
		put_task_struct(thread);
		cond_resched();
	}
	return err;
}

/* Would the hooks that let go of @mm in time still come? */
static bool task_has_mm(struct task_struct *task, const struct mm_struct *mm)
{
	return atomic_read(&task->signal->live) && READ_ONCE(task->mm) == mm;
}

/* Hold the address space that the process has now. */
static void target_hold_mm(struct np_target *target, struct task_struct *task,
			   struct mm_struct *mm)
{
	struct np_process *process;

	raw_spin_lock_irq(&np_track_lock);
	process = np_process_of(target, task->signal);
	if (process && process->mm != mm && task_has_mm(task, mm))
		np_process_mm_renew(process, mm);
	raw_spin_unlock_irq(&np_track_lock);
}

/*
 * An exec between the first look and the moment the process became known was
 * not noticed (later ones are): another address space, perhaps of a program
 * that may not be looked at.
 */
static int target_look_again(struct np_target *target,
			     struct task_struct *task, u32 *ret_reason)
{
	struct mm_struct *mm = get_task_mm(task);
	int err;

	if (!mm)
		return 0;	/* it exits */
	err = np_target_permitted(task, mm);
	if (err)
		*ret_reason = NUMAPERF_REASON_PRIVILEGE;
	else
		target_hold_mm(target, task, mm);
	mmput(mm);
	return err;
}

static int target_start(struct np_session *session, struct np_target *target,
			struct task_struct *task, struct mm_struct *mm,
			struct numaperf_ioc_track *arg)
{
	int err;

	err = np_target_hooks_get(target);
	if (err) {
		np_target_put(target);
		return err;
	}
	mutex_lock(&session->lock);
	target->running = true;
	list_add_tail(&target->of_session, &session->targets);
	err = np_target_reserve_id(target);
	if (!err)
		err = target_add_process(target, task, mm);
	if (!err)
		err = target_add_threads(target, task);
	if (err == -EDQUOT)
		arg->reason = NUMAPERF_REASON_THREAD_QUOTA;
	if (!err)
		err = target_look_again(target, task, &arg->reason);
	if (err) {
		np_target_end(target);
	} else {
		np_target_publish(target);
		arg->target = target->id;
	}
	mutex_unlock(&session->lock);
	return err;
}

static int track_task(struct np_session *session, struct task_struct *task,
		      struct numaperf_ioc_track *arg)
{
	struct mm_struct *mm = get_task_mm(task);
	struct np_target *target;
	int err;

	if (!mm)
		return -ESRCH;	/* a kernel thread, or exiting */
	err = np_target_permitted(task, mm);
	if (err) {
		arg->reason = NUMAPERF_REASON_PRIVILEGE;
		goto out;
	}
	target = np_target_create(session, task, arg);
	if (!target) {
		err = -ENOMEM;
		goto out;
	}
	arg->sources = target->sources;
	if (arg->flags & NUMAPERF_DRY_RUN)
		np_target_put(target);
	else
		err = target_start(session, target, task, mm, arg);
out:
	mmput(mm);
	return err;
}

static int track_check(const struct numaperf_ioc_track *arg)
{
	if (arg->flags & ~TRACK_FLAGS || arg->pad)
		return -EOPNOTSUPP;
	if (!arg->sources || arg->sources & ~ALL_SOURCES || arg->pid < 0 ||
	    arg->fault_period > PERIOD_MAX)
		return -EINVAL;
	/* Children are followed by process. */
	if (arg->flags & NUMAPERF_TRACK_CHILDREN &&
	    !(arg->flags & NUMAPERF_TRACK_PROCESS))
		return -EINVAL;
	return np_lifecycle_works() ? 0 : -EOPNOTSUPP;
}

/* TRACK */
int np_target_track(struct np_session *session, struct numaperf_ioc_track *arg)
{
	struct task_struct *task;
	struct pid *pid;
	int err;

	err = track_check(arg);
	if (err)
		return err;
	arg->target = 0;
	arg->reason = NUMAPERF_REASON_NONE;
	if (!arg->pid)
		return track_task(session, current, arg);

	pid = find_get_pid(arg->pid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return -ESRCH;
	err = track_task(session, task, arg);
	put_task_struct(task);
	return err;
}
