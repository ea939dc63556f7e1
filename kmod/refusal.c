// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel refuses to move a thread that has PF_NO_SETAFFINITY at three
 * places, the first thing each does:
 *	sched_setaffinity()		the system call
 *	cgroup_procs_write_start()	a pid written to cgroup.procs and the like
 *	task_can_attach()		one of a whole process being moved, or the
 *					cpuset controller being enabled above it
 * The hooks stand at their entries, in whoever tries. They are there while any
 * strict thread pin is.
 */
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "hook.h"
#include "refusal.h"
#include "thread_pin.h"

#define TOLD_A_SECOND	8

/* Should this one be told? The others are only counted; racy by a few. */
static bool refusal_is_due(struct np_refusals *refusals)
{
	unsigned long second = jiffies / HZ;

	if (xchg(&refusals->second, second) != second)
		atomic_set(&refusals->told, 0);
	if (atomic_read(&refusals->told) < TOLD_A_SECOND &&
	    atomic_inc_return(&refusals->told) <= TOLD_A_SECOND)
		return true;
	atomic64_inc(&refusals->untold);
	return false;
}

/* Under RCU. @task is what the caller wants to move. */
static void refusal_look(struct task_struct *task)
{
	struct np_thread_lease *lease;
	struct np_pin *pin;

	if (!task || !(READ_ONCE(task->flags) & PF_NO_SETAFFINITY))
		return;
	pin = np_pin_find(task);
	if (!pin)
		return;
	lease = pin->lease;
	if (refusal_is_due(&lease->refusals))
		np_lease_post_by(&lease->lease, task_tgid(current),
				 task_pid(current), NUMAPERF_EVENT_MOVE_REFUSED,
				 0, 0, atomic64_xchg(&lease->refusals.untold, 0));
}

/* As the caller numbers it; 0: itself. Under RCU. */
static struct task_struct *task_of(pid_t nr)
{
	return nr ? pid_task(find_vpid(nr), PIDTYPE_PID) : current;
}

/* sched_setaffinity(pid, mask) */
static void on_setaffinity(unsigned long a0, unsigned long a1,
			   unsigned long a2, unsigned long a3)
{
	rcu_read_lock();
	refusal_look(task_of((pid_t)a0));
	rcu_read_unlock();
}

/* cgroup_procs_write_start(text, threadgroup, ...): the text is the kernel's */
static void on_cgroup_write(unsigned long a0, unsigned long a1,
			    unsigned long a2, unsigned long a3)
{
	struct task_struct *task;
	char text[16];
	pid_t nr;

	if (strscpy(text, skip_spaces((const char *)a0), sizeof(text)) < 0 ||
	    kstrtoint(strim(text), 0, &nr) || nr < 0)
		return;
	rcu_read_lock();
	task = task_of(nr);
	refusal_look(task && (bool)a1 ? task->group_leader : task);
	rcu_read_unlock();
}

/* task_can_attach(task) */
static void on_attach(unsigned long a0, unsigned long a1,
		      unsigned long a2, unsigned long a3)
{
	rcu_read_lock();
	refusal_look((struct task_struct *)a0);
	rcu_read_unlock();
}

static struct np_hook hooks[] = {
	{ .symbol = "sched_setaffinity", .entry = on_setaffinity },
	{ .symbol = "cgroup_procs_write_start", .entry = on_cgroup_write },
	{ .symbol = "task_can_attach", .entry = on_attach },
};

static bool works;

/* All or none: a holder that is told of some moves would trust the silence. */
void np_refusals_init(void)
{
	int i;

	works = true;
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (np_hook_probe(&hooks[i], NP_TRY_ALL))
			works = false;
	}
}

void np_refusals_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		np_hook_end(&hooks[i]);
}

bool np_refusals_work(void)
{
	return works;
}

static void hooks_put(int n)
{
	while (n--)
		np_hook_put(&hooks[n]);
}

/* Does nothing where it can't work. */
int np_refusals_get(void)
{
	int i, err;

	for (i = 0; works && i < ARRAY_SIZE(hooks); i++) {
		err = np_hook_get(&hooks[i]);
		if (err) {
			hooks_put(i);
			return err;
		}
	}
	return 0;
}

void np_refusals_put(void)
{
	if (works)
		hooks_put(ARRAY_SIZE(hooks));
}
