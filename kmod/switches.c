// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoint sched_migrate_task: just before a task gets another CPU (or
 * the same one again), under its pi_lock or its runqueue's lock. Nothing may be
 * locked, woken or allocated there: two additions, and by one CPU at a time.
 */
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "hook.h"
#include "linger.h"
#include "switches.h"
#include "thread.h"

static struct tracepoint *tracepoint;
static struct np_linger linger = { .name = "sched_migrate_task" };

static void switch_count(struct np_thread *thread, struct task_struct *task,
			 bool to_other_node)
{
	if (READ_ONCE(thread->flags) & NUMAPERF_THREAD_LOST ||
	    !np_thread_visible(thread, __task_cred(task)))
		return;
	WRITE_ONCE(thread->migrations, thread->migrations + 1);
	if (to_other_node)
		WRITE_ONCE(thread->node_switches, thread->node_switches + 1);
}

static void on_migrate(void *data, struct task_struct *task, int cpu)
{
	struct np_thread *thread;
	int from = task_cpu(task);

	if (from == cpu)
		return;
	rcu_read_lock();
	for (thread = np_thread_first(task); thread;
	     thread = np_thread_next(thread, task))
		switch_count(thread, task, cpu_to_node(from) != cpu_to_node(cpu));
	rcu_read_unlock();
}

static int switches_start(void *data)
{
	return tracepoint_probe_register(tracepoint, on_migrate, NULL);
}

static void switches_stop(void *data)
{
	tracepoint_probe_unregister(tracepoint, on_migrate, NULL);
	tracepoint_synchronize_unregister();
}

void np_switches_init(void)
{
	tracepoint = np_tracepoint_find("sched_migrate_task");
	if (!tracepoint) {
		pr_notice("numaperf: no counts of migrations: this kernel lacks the tracepoint sched_migrate_task\n");
		return;
	}
	np_linger_init(&linger, switches_start, switches_stop, NULL);
}

void np_switches_exit(void)
{
	np_linger_end(&linger);
}

u16 np_switches_reason(void)
{
	return tracepoint ? NUMAPERF_REASON_NONE : NUMAPERF_REASON_NO_HOOK;
}

int np_switches_get(void)
{
	return tracepoint ? np_linger_get(&linger) : 0;
}

void np_switches_put(void)
{
	if (tracepoint)
		np_linger_put(&linger);
}
