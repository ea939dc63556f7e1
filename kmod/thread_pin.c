// SPDX-License-Identifier: GPL-2.0
/*
 * A strict thread pin locks the affinity that the thread has, by
 * PF_NO_SETAFFINITY: sched_setaffinity(2) and cpuset attach refuse such a task.
 * pin.c has the pinned threads; the kernel itself may rewrite a mask all the
 * same: see pin_guard.c.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "choice.h"
#include "exclusive.h"
#include "lifecycle.h"
#include "refusal.h"
#include "session.h"
#include "set.h"
#include "task_flag.h"
#include "thread_pin.h"

#define INHERIT_FLAGS \
	(NUMAPERF_PIN_INHERIT_THREADS | NUMAPERF_PIN_INHERIT_CHILDREN)
#define PIN_FLAGS \
	(INHERIT_FLAGS | NUMAPERF_PIN_KEEP_ON_EXEC | NUMAPERF_PIN_EXCLUSIVE | \
	 NUMAPERF_DRY_RUN)

enum { STRICT_PIN_ANY, STRICT_PIN_CAP };

static const char *const strict_pin_words[] = { "any", "cap" };

static struct np_choice strict_pin = {
	.words = strict_pin_words,
	.count = ARRAY_SIZE(strict_pin_words),
};

module_param_cb(strict_pin, &np_choice_ops, &strict_pin, 0444);
MODULE_PARM_DESC(strict_pin,
		 "Who may take strict thread pins: any (default) or cap (CAP_SYS_NICE)");

static struct np_thread_lease *to_thread_lease(struct np_lease *lease)
{
	return container_of(lease, struct np_thread_lease, lease);
}

static bool lease_is_exclusive(struct np_thread_lease *lease)
{
	return lease->lease.flags & NUMAPERF_PIN_EXCLUSIVE;
}

static int lease_claim(struct np_thread_lease *lease, u32 *ret_reason)
{
	int err;

	err = np_cpus_claim(&lease->want, lease_is_exclusive(lease));
	if (err)
		*ret_reason = NUMAPERF_REASON_EXCLUSIVE;
	lease->claimed = !err;
	return err;
}

static void lease_unclaim(struct np_thread_lease *lease)
{
	if (lease->claimed)
		np_cpus_unclaim(&lease->want, lease_is_exclusive(lease));
	lease->claimed = false;
}

static void lease_unpin_all(struct np_thread_lease *lease)
{
	struct np_pin *pin, *next;
	LIST_HEAD(changes);
	LIST_HEAD(gone);

	/* Its promise ends at once, whatever the threads are doing. */
	lease_unclaim(lease);
	np_pins_take(lease, &gone);
	/* The guard must not put back a mask that is free to change again. */
	np_pin_guard_sync();
	list_for_each_entry(pin, &gone, of_lease) {
		if (pin->flagged)
			list_add_tail(&pin->disarm.list, &changes);
	}
	np_task_flags_clear(&changes);
	list_for_each_entry_safe(pin, next, &gone, of_lease)
		np_pin_put(pin);
	np_refusals_put();
	np_lifecycle_put();
	np_pin_guard_put();
}

static void thread_lease_undo(struct np_lease *lease)
{
	lease_unpin_all(to_thread_lease(lease));
}

static void thread_lease_free(struct np_lease *lease)
{
	kfree(to_thread_lease(lease));
}

static void thread_lease_fill(struct np_lease *base,
			      struct numaperf_lease_record *record)
{
	struct np_thread_lease *lease = to_thread_lease(base);

	record->threads = READ_ONCE(lease->threads);
	record->reasserted = atomic64_read(&lease->reasserted);
}

static const unsigned long *thread_lease_set(struct np_lease *lease,
					     unsigned int *bits)
{
	*bits = nr_cpu_ids;
	return cpumask_bits(&to_thread_lease(lease)->want);
}

/* The same for a pin that is refused for what a held one would be lost for. */
static int loss_errno(enum numaperf_reason reason)
{
	switch (reason) {
	case NUMAPERF_REASON_NONE:
		return 0;
	case NUMAPERF_REASON_DEADLINE:
		return -EBUSY;
	case NUMAPERF_REASON_NO_MEMORY:
		return -ENOMEM;
	default:
		return -EXDEV;
	}
}

static int thread_lease_rearm(struct np_lease *base,
			      struct numaperf_ioc_rearm *arg)
{
	struct np_thread_lease *lease = to_thread_lease(base);
	struct np_pin **pins;
	unsigned int n, i;

	np_pin_guard_sync();
	if (!atomic_read(&base->lost_reason))
		return 0;
	pins = np_pins_collect(lease, &n);
	if (!pins)
		return -ENOMEM;
	if (np_lease_is_ending(base))
		arg->reason = NUMAPERF_REASON_NONE;
	else if (READ_ONCE(lease->missed))
		arg->reason = NUMAPERF_REASON_NO_MEMORY;
	else
		arg->reason = np_pin_guard_rearm(lease, pins, n,
						 arg->flags & NUMAPERF_DRY_RUN);
	for (i = 0; i < n; i++)
		np_pin_put(pins[i]);
	kvfree(pins);
	/* It holds nothing any more, whatever was found above. */
	if (np_lease_is_ending(base))
		return -ENOENT;
	return loss_errno(arg->reason);
}

static const struct np_lease_ops thread_lease_ops = {
	.rearm = thread_lease_rearm,
	.undo = thread_lease_undo,
	.free = thread_lease_free,
	.fill = thread_lease_fill,
	.set = thread_lease_set,
};

/*
 * The affinity a thread has, stable against concurrent changes; if the guard
 * has seen none yet, it is also what the kernel wants.
 */
static void task_affinity(struct task_struct *task, struct cpumask *ret)
{
	struct np_pin *pin;
	unsigned long flags;

	raw_spin_lock_irqsave(&task->pi_lock, flags);
	cpumask_copy(ret, &task->cpus_mask);
	pin = np_pin_find(task);
	if (pin && !pin->told)
		cpumask_copy(&pin->kernel, ret);
	raw_spin_unlock_irqrestore(&task->pi_lock, flags);
}

static int pin_check(struct task_struct *task, const struct cpumask *asked,
		     bool exclusive, u32 *ret_reason)
{
	if (task->policy == SCHED_DEADLINE) {
		*ret_reason = NUMAPERF_REASON_DEADLINE;
		return -EBUSY;
	}
	if (READ_ONCE(task->flags) & PF_NO_SETAFFINITY) {
		*ret_reason = NUMAPERF_REASON_ALREADY_PINNED;
		return -EBUSY;
	}
	if (!cpumask_subset(&task->cpus_mask, asked)) {
		*ret_reason = NUMAPERF_REASON_OUTSIDE_SET;
		return -EXDEV;
	}
	if (np_cpus_may_claim(&task->cpus_mask, exclusive)) {
		*ret_reason = NUMAPERF_REASON_EXCLUSIVE;
		return -EBUSY;
	}
	return 0;
}

/*
 * Lock what the thread has. The order matters: the guard watches first, then
 * the flag stops others, and only then is the mask read that will be held.
 */
static int pin_arm(struct np_pin *pin, struct cpumask *scratch, u32 *ret_reason)
{
	struct np_thread_lease *lease = pin->lease;
	int err;

	err = np_task_flag_set(&pin->arm);
	pin->flagged = !err;
	if (err == -EINPROGRESS) {
		*ret_reason = NUMAPERF_REASON_UNREACHABLE;
		return -EBUSY;
	}
	if (err)
		return err;
	task_affinity(pin->task, scratch);
	if (!cpumask_subset(scratch, &lease->want)) {
		*ret_reason = NUMAPERF_REASON_OUTSIDE_SET;
		return -EXDEV;
	}
	cpumask_copy(&lease->want, scratch);
	/* The kernel may have written since: measured by what is held now. */
	np_pin_guard_look(pin);
	return 0;
}

static int lease_arm(struct np_thread_lease *lease, struct task_struct *task,
		     struct cpumask *scratch, u32 *ret_reason)
{
	struct np_pin *pin = np_pin_create(lease, task, GFP_KERNEL);
	int err;

	if (!pin)
		return -ENOMEM;
	pin->first = true;
	/* Its thread's exit may take the hash's reference away at any moment. */
	np_pin_get(pin);
	err = np_pin_publish(pin);
	if (!err)
		err = pin_arm(pin, scratch, ret_reason);
	else if (err == -EBUSY)
		*ret_reason = NUMAPERF_REASON_ALREADY_PINNED;
	np_pin_put(pin);
	return err;
}

/* What the kernel did to the mask since the guard watches must not be a loss. */
static int lease_verify(struct np_thread_lease *lease, u32 *ret_reason)
{
	np_pin_guard_sync();
	*ret_reason = atomic_read(&lease->lease.lost_reason);
	return loss_errno(*ret_reason);
}

/* The caller's, or one of its process: with a reference. */
static struct task_struct *pin_find_task(s32 tid, u32 *ret_reason)
{
	struct task_struct *task;
	struct pid *pid;

	if (!tid)
		return get_task_struct(current);
	if (tid < 0)
		return ERR_PTR(-EINVAL);
	pid = find_get_pid(tid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	if (!same_thread_group(task, current)) {
		put_task_struct(task);
		*ret_reason = NUMAPERF_REASON_FOREIGN_THREAD;
		return ERR_PTR(-EPERM);
	}
	return task;
}

/* Everything armed and visible, or nothing taken. */
static int lease_take(struct np_thread_lease *lease, struct task_struct *task,
		      struct cpumask *scratch, u32 *ret_reason)
{
	int err;

	err = np_pin_guard_get();
	if (err)
		return err;
	err = np_lifecycle_get();
	if (err) {
		np_pin_guard_put();
		return err;
	}
	err = np_refusals_get();
	if (err) {
		np_lifecycle_put();
		np_pin_guard_put();
		return err;
	}
	err = lease_arm(lease, task, scratch, ret_reason);
	if (!err)
		err = lease_verify(lease, ret_reason);
	if (!err)
		err = lease_claim(lease, ret_reason);
	if (!err)
		err = np_lease_publish(&lease->lease);
	if (err)
		lease_unpin_all(lease);
	return err;
}

/* @lease is initialised: on failure the caller's put takes it away. */
static int lease_pin(struct np_thread_lease *lease, struct task_struct *task,
		     struct numaperf_ioc_thread_pin *arg)
{
	cpumask_var_t scratch;
	int err;

	if (!zalloc_cpumask_var(&scratch, GFP_KERNEL))
		return -ENOMEM;
	err = lease_take(lease, task, scratch, &arg->reason);
	free_cpumask_var(scratch);
	if (err)
		return err;
	/* What happened before the lease was visible could not end it. */
	if (!READ_ONCE(lease->threads))
		err = -ESRCH;
	else if (atomic_read(&lease->lease.lost_reason))
		err = loss_errno(atomic_read(&lease->lease.lost_reason));
	if (err) {
		arg->reason = atomic_read(&lease->lease.lost_reason);
		np_lease_end(&lease->lease, NUMAPERF_REASON_RELEASED);
		return err;
	}
	arg->lease = lease->lease.id;
	return 0;
}

static int pin_task(struct np_session *session, struct task_struct *task,
		    struct np_thread_lease *lease,
		    struct numaperf_ioc_thread_pin *arg)
{
	int err;

	err = pin_check(task, &lease->want,
			arg->flags & NUMAPERF_PIN_EXCLUSIVE, &arg->reason);
	if (!err)
		err = np_lease_init(&lease->lease, &thread_lease_ops,
				    NUMAPERF_LEASE_THREAD, arg->flags, session,
				    task, &arg->reason);
	if (err) {
		kfree(lease);
		return err;
	}
	if (!(arg->flags & NUMAPERF_DRY_RUN))
		err = lease_pin(lease, task, arg);
	np_lease_put(&lease->lease);
	return err;
}

/* Why there are no strict thread pins here (enum numaperf_reason), or 0. */
u16 np_thread_pin_reason(void)
{
	if (!np_lifecycle_works() || !np_pin_guard_works())
		return NUMAPERF_REASON_NO_HOOK;
	return NUMAPERF_REASON_NONE;
}

static bool pin_permitted(u32 flags)
{
	if (strict_pin.chosen == STRICT_PIN_ANY &&
	    !(flags & NUMAPERF_PIN_EXCLUSIVE))
		return true;
	return capable(CAP_SYS_NICE);
}

/* THREAD_PIN */
int np_thread_pin(struct np_session *session,
		  struct numaperf_ioc_thread_pin *arg)
{
	struct np_thread_lease *lease;
	struct task_struct *task;
	int err;

	if (arg->flags & ~PIN_FLAGS || arg->pad)
		return -EOPNOTSUPP;
	arg->lease = 0;
	arg->reason = np_thread_pin_reason();
	if (arg->reason)
		return -EOPNOTSUPP;
	if (!pin_permitted(arg->flags)) {
		arg->reason = NUMAPERF_REASON_PRIVILEGE;
		return -EPERM;
	}
	lease = kzalloc(sizeof(*lease), GFP_KERNEL_ACCOUNT);
	if (!lease)
		return -ENOMEM;
	INIT_LIST_HEAD(&lease->pins);
	err = np_set_from_user(arg->cpus, arg->cpus_bits,
			       cpumask_bits(&lease->want), nr_cpu_ids);
	if (err) {
		kfree(lease);
		return err;
	}
	task = pin_find_task(arg->tid, &arg->reason);
	if (IS_ERR(task)) {
		kfree(lease);
		return PTR_ERR(task);
	}
	err = pin_task(session, task, lease, arg);
	put_task_struct(task);
	return err;
}
