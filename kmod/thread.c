// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/mempolicy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "counter_map.h"
#include "fault.h"
#include "process.h"
#include "sample.h"
#include "session.h"
#include "target.h"
#include "thread.h"
#include "user.h"
#include "watch.h"

DEFINE_HASHTABLE(np_threads, NP_THREADS_BITS);

/*
 * Membership of np_threads, of the hash of processes and of the lists of all
 * targets. Raw and with interrupts off: taken in tracepoints.
 */
DEFINE_RAW_SPINLOCK(np_track_lock);

/**
 * np_thread_create() - a thread record for one target, not yet visible
 * @target: whose user is charged
 * @task: the thread, or NULL: for np_thread_merge() only
 * @gfp: may be GFP_ATOMIC
 *
 * Return: with one reference, or -EDQUOT, -ENOMEM.
 */
struct np_thread *np_thread_create(struct np_target *target,
				   struct task_struct *task, gfp_t gfp)
{
	struct np_user *user = target->session->user;
	struct np_thread *thread;

	gfp |= __GFP_NOWARN | __GFP_ACCOUNT;
	if (np_user_charge(&user->threads, READ_ONCE(np_threads_max)))
		return ERR_PTR(-EDQUOT);
	thread = kzalloc(sizeof(*thread), gfp);
	if (!thread || np_counter_init(&thread->counter, gfp)) {
		kfree(thread);
		np_user_uncharge(&user->threads);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&thread->ref, 1);
	INIT_HLIST_NODE(&thread->hash);
	INIT_LIST_HEAD(&thread->of_target);
	thread->target = np_target_get(target);
	np_fault_init(&thread->fault, target);
	if (task) {
		thread->task = get_task_struct(task);
		thread->pid = get_task_pid(task, PIDTYPE_TGID);
		thread->tid = get_task_pid(task, PIDTYPE_PID);
	}
	return thread;
}

void np_thread_get(struct np_thread *thread)
{
	refcount_inc(&thread->ref);
}

static void thread_free(struct rcu_head *rcu)
{
	struct np_thread *thread = container_of(rcu, struct np_thread, rcu);

	np_user_uncharge(&thread->target->session->user->threads);
	if (thread->task)
		put_task_struct(thread->task);
	put_pid(thread->pid);
	put_pid(thread->tid);
	np_counter_destroy(&thread->counter);
	np_watch_counts_free(thread);
	np_process_put(thread->process);
	np_target_put(thread->target);
	kfree(thread);
}

/* Any context. */
void np_thread_put(struct np_thread *thread)
{
	if (refcount_dec_and_test(&thread->ref))
		call_rcu(&thread->rcu, thread_free);
}

/*
 * Does the thread's own policy keep the balancing scanner away? It arms memory
 * without a policy of its own only if the task's has MPOL_F_MOF: the default,
 * or MPOL_BIND with MPOL_F_NUMA_BALANCING (vma_policy_mof()).
 */
static bool policy_is_blind(struct mempolicy *policy)
{
	return policy && !(policy->flags & MPOL_F_MOF);
}

/**
 * np_thread_stop() - count no more
 * @thread: visible so far
 * @why: NUMAPERF_THREAD_EXITED or _LOST: by the thread itself; 0: by anyone
 *
 * np_track_lock held.
 */
void np_thread_stop(struct np_thread *thread, u32 why)
{
	struct task_struct *task = thread->task;

	lockdep_assert_held(&np_track_lock);
	if (!task)
		return;
	hash_del_rcu(&thread->hash);
	/* Not 0: by the thread itself, so its own writes don't interfere. */
	if (why && policy_is_blind(task->mempolicy))
		why |= NUMAPERF_THREAD_HINT_BLIND;
	if (why)
		thread->flags |= why;
	strscpy(thread->comm, task->comm, sizeof(thread->comm));
	thread->cpu_node = cpu_to_node(task_cpu(task));
	WRITE_ONCE(thread->task, NULL);
	put_task_struct(task);
}

/* A reader without CAP_PERFMON sees only what runs with the reader's credentials. */
bool np_thread_visible(const struct np_thread *thread, const struct cred *cred)
{
	const struct np_target *target = thread->target;

	return target->session->perfmon ||
	       (uid_eq(cred->euid, target->kuid) &&
		uid_eq(cred->uid, target->kuid));
}

/* May a sample of the current task be counted here? Not after a stop. */
bool np_thread_counts(struct np_thread *thread, enum numaperf_source source)
{
	struct np_target *target = thread->target;

	if (!(target->sources & BIT(source)) || !READ_ONCE(thread->task) ||
	    READ_ONCE(thread->flags) & NUMAPERF_THREAD_LOST)
		return false;
	if (np_thread_visible(thread, current_cred()))
		return true;
	WRITE_ONCE(thread->flags, thread->flags | NUMAPERF_THREAD_LOST);
	thread->fault.kuid = INVALID_UID;
	np_target_post(target, NUMAPERF_EVENT_TARGET_LOST,
		       NUMAPERF_REASON_CREDENTIALS, current);
	return false;
}

/* By the thread itself, under RCU, if np_thread_counts(): in all that it adds to. */
void np_thread_sample(struct np_thread *thread, const struct np_sample *sample)
{
	int err;

	err = np_counter_add(&thread->counter, sample);
	if (!err) {
		np_counter_map_add(np_target_map(thread->target), sample);
		err = np_watch_count(thread, sample);
	}
	if (err)
		WRITE_ONCE(thread->missed, thread->missed + 1);
}

/* From the sources: count an access of the current task wherever it is tracked. */
void np_threads_sample(const struct np_sample *sample)
{
	struct np_thread *thread;

	rcu_read_lock();
	for (thread = np_thread_first(current); thread;
	     thread = np_thread_next(thread, current)) {
		if (np_thread_counts(thread, sample->source))
			np_thread_sample(thread, sample);
	}
	rcu_read_unlock();
}

/* The thread, if it is counted still, and its id, which exec may change. */
static struct task_struct *thread_task_get(struct np_thread *thread,
					   struct pid **ret_tid)
{
	struct task_struct *task;

	raw_spin_lock_irq(&np_track_lock);
	task = thread->task;
	if (task)
		get_task_struct(task);
	*ret_tid = get_pid(thread->tid);
	raw_spin_unlock_irq(&np_track_lock);
	return task;
}

static void fill_live(struct task_struct *task,
		      struct numaperf_thread_record *record)
{
	task_lock(task);
	strscpy(record->comm, task->comm, sizeof(record->comm));
	if (policy_is_blind(task->mempolicy))
		record->flags |= NUMAPERF_THREAD_HINT_BLIND;
	task_unlock(task);
	record->cpu_node = cpu_to_node(task_cpu(task));
}

/* What READ tells about a thread but its cells. Process context. */
void np_thread_fill(struct np_thread *thread,
		    struct numaperf_thread_record *record)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct task_struct *task;
	struct pid *tid;

	task = thread_task_get(thread, &tid);
	memset(record, 0, sizeof(*record));
	record->pid = pid_nr_ns(thread->pid, ns);
	record->tid = pid_nr_ns(tid, ns);
	put_pid(tid);
	record->flags = READ_ONCE(thread->flags);
	if (task) {
		fill_live(task, record);
		put_task_struct(task);
	} else {
		memcpy(record->comm, thread->comm, sizeof(record->comm));
		record->cpu_node = thread->cpu_node;
	}
	if (!np_mm_hold_works())
		record->flags |= NUMAPERF_THREAD_SINGLE_BLIND;
	record->faults = READ_ONCE(thread->fault.faults);
	record->unresolved = READ_ONCE(thread->fault.unresolved);
	record->missed = READ_ONCE(thread->missed);
	record->migrations = READ_ONCE(thread->migrations);
	record->node_switches = READ_ONCE(thread->node_switches);
	record->execs = READ_ONCE(thread->execs);
	record->serial = thread->serial;
}

/* Memory for np_thread_merge(): 0 or -ENOMEM. */
int np_thread_reserve(struct np_thread *to, const struct np_thread *from)
{
	return np_counter_reserve(&to->counter, &from->counter) ?:
	       np_watch_counts_reserve(to, from);
}

/* Add the counts of a thread that is no longer counted, all of them. */
void np_thread_merge(struct np_thread *to, const struct np_thread *from)
{
	np_counter_merge(&to->counter, &from->counter);
	np_watch_counts_merge(to, from);
	to->missed += from->missed;
	to->fault.faults += from->fault.faults;
	to->fault.unresolved += from->fault.unresolved;
	to->migrations += from->migrations;
	to->node_switches += from->node_switches;
	to->execs += from->execs;
	to->flags |= from->flags;
}
