/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracked thread: its counters, and the state that sources keep per thread.
 *
 * Found by task under RCU, in the fault path; added and removed under
 * np_track_lock. A task may be tracked by several targets.
 */
#ifndef NP_THREAD_H
#define NP_THREAD_H

#include <linux/hashtable.h>
#include <linux/numaperf.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/task_work.h>

#include "counter.h"

struct np_process;
struct np_sample;
struct np_target;
struct np_watch_counter;

/**
 * struct np_fault_state - what source "fault" keeps per thread
 * @faults: user-mode page faults
 * @unresolved: samples whose page had no node
 * @always: faults count, whatever the thread's credentials
 * @kuid: they count as long as the thread has this one's credentials
 * @random: of the generator of periods
 * @left: faults until the next sample
 * @busy: bit 0: a sample is under way in @work
 * @addr: its address
 * @cpu: where the fault came from
 * @work: looks, on the way back to user mode, where the page landed
 */
struct np_fault_state {
	u64 faults;
	u64 unresolved;
	bool always;
	kuid_t kuid;
	u32 random;
	u32 left;
	unsigned long busy;
	unsigned long addr;
	unsigned int cpu;
	struct callback_head work;
};

/**
 * struct np_thread - a thread as one target tracks it
 * @ref: the target's list's, and one for a fault sample under way
 * @hash: by @task, while it is counted
 * @of_target: in the target's list
 * @target: whose (a reference)
 * @process: its process there (a reference); NULL in the sum of exited ones
 * @serial: number within the target; 0: the sum of exited ones
 * @task: the thread (a reference), NULL when no longer counted
 * @flags: NUMAPERF_THREAD_EXITED, _LOST, and what was seen at exit
 * @pid: its process
 * @tid: itself
 * @comm: name, when it exited
 * @cpu_node: node it last ran on, when it exited
 * @counter: written by the thread itself only
 * @watched: by slot of a range, what was counted there; written likewise
 * @missed: samples lost, written likewise
 * @migrations: to another CPU, written under the lock that guards task_cpu()
 * @node_switches: of these, to another node
 * @execs: written by the thread itself
 * @fault: see above
 * @rcu: for freeing
 */
struct np_thread {
	refcount_t ref;
	struct hlist_node hash;
	struct list_head of_target;
	struct np_target *target;
	struct np_process *process;
	u64 serial;
	struct task_struct *task;
	u32 flags;
	struct pid *pid;
	struct pid *tid;
	char comm[TASK_COMM_LEN];
	int cpu_node;
	struct np_counter counter;
	struct np_watch_counter **watched;
	u64 missed;
	u64 migrations;
	u64 node_switches;
	u64 execs;
	struct np_fault_state fault;
	struct rcu_head rcu;
};

#define NP_THREADS_BITS	12

extern struct hlist_head np_threads[1 << NP_THREADS_BITS];
extern raw_spinlock_t np_track_lock;

static inline struct np_thread *np_thread_match(struct hlist_node *node,
						struct task_struct *task)
{
	struct np_thread *thread;

	for (; node; node = rcu_dereference_raw(hlist_next_rcu(node))) {
		thread = hlist_entry(node, struct np_thread, hash);
		if (READ_ONCE(thread->task) == task)
			return thread;
	}
	return NULL;
}

static inline struct hlist_head *np_thread_bucket(const struct task_struct *task)
{
	return &np_threads[hash_min((unsigned long)task, NP_THREADS_BITS)];
}

/*
 * All tracked threads that are @task, one a target: under RCU (in the fault
 * path: hence inline) or np_track_lock.
 */
static inline struct np_thread *np_thread_first(struct task_struct *task)
{
	return np_thread_match(rcu_dereference_raw(hlist_first_rcu(np_thread_bucket(task))),
			       task);
}

static inline struct np_thread *np_thread_next(struct np_thread *thread,
					       struct task_struct *task)
{
	return np_thread_match(rcu_dereference_raw(hlist_next_rcu(&thread->hash)),
			       task);
}

struct np_thread *np_thread_create(struct np_target *target,
				   struct task_struct *task, gfp_t gfp);
void np_thread_get(struct np_thread *thread);
void np_thread_put(struct np_thread *thread);
void np_thread_stop(struct np_thread *thread, u32 why);
bool np_thread_visible(const struct np_thread *thread, const struct cred *cred);
bool np_thread_counts(struct np_thread *thread, enum numaperf_source source);
void np_thread_fill(struct np_thread *thread,
		    struct numaperf_thread_record *record);
int np_thread_reserve(struct np_thread *to, const struct np_thread *from);
void np_thread_merge(struct np_thread *to, const struct np_thread *from);

void np_thread_sample(struct np_thread *thread, const struct np_sample *sample);
void np_threads_sample(const struct np_sample *sample);

#endif /* NP_THREAD_H */
