// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints sched_process_{fork,exec,exit}. All run with preemption off:
 *	fork	in the parent; the child is complete but has not run yet
 *	exec	in the task; the new image is there, user mode not yet entered
 *	exit	in the task, after exit_mm(); signal->live is 0 for the last
 */
#include <linux/binfmts.h>
#include <linux/sched/signal.h>

#include "hook.h"
#include "lease.h"
#include "lifecycle.h"
#include "linger.h"
#include "target.h"
#include "thread_pin.h"

static void on_fork(void *data, struct task_struct *parent,
		    struct task_struct *child)
{
	np_pins_fork(parent, child);
	np_targets_fork(parent, child);
}

static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	np_pins_exec(task, bprm->secureexec);
	np_leases_exec(task);
	np_targets_exec(task, bprm->secureexec);
}

/* 6.16 on there is a second argument; it is not needed. */
static void on_exit(void *data, struct task_struct *task)
{
	np_pins_exit(task);
	if (!atomic_read(&task->signal->live))
		np_leases_exit(task);
	np_targets_exit(task);
}

static struct {
	const char *name;
	void *callback;
	struct tracepoint *tracepoint;
} points[] = {
	{ "sched_process_fork", on_fork },
	{ "sched_process_exec", on_exec },
	{ "sched_process_exit", on_exit },
};

static struct np_linger linger = { .name = "sched_process_*" };

bool np_lifecycle_works(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		if (!points[i].tracepoint)
			return false;
	}
	return true;
}

static void points_unregister(int n)
{
	while (n--)
		tracepoint_probe_unregister(points[n].tracepoint,
					    points[n].callback, NULL);
	tracepoint_synchronize_unregister();
}

static int points_start(void *data)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		err = tracepoint_probe_register(points[i].tracepoint,
						points[i].callback, NULL);
		if (err) {
			points_unregister(i);
			return err;
		}
	}
	return 0;
}

static void points_stop(void *data)
{
	points_unregister(ARRAY_SIZE(points));
}

/* Find the tracepoints: 0 or -EOPNOTSUPP. */
int np_lifecycle_init(void)
{
	int i;

	np_linger_init(&linger, points_start, points_stop, NULL);
	for (i = 0; i < ARRAY_SIZE(points); i++)
		points[i].tracepoint = np_tracepoint_find(points[i].name);
	return np_lifecycle_works() ? 0 : -EOPNOTSUPP;
}

/* From here on, until the matching put, no fork, exec or exit is missed. */
int np_lifecycle_get(void)
{
	if (!np_lifecycle_works())
		return -EOPNOTSUPP;
	return np_linger_get(&linger);
}

void np_lifecycle_put(void)
{
	np_linger_put(&linger);
}

void np_lifecycle_exit(void)
{
	np_linger_end(&linger);
}
