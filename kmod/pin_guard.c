// SPDX-License-Identifier: GPL-2.0
/*
 * The guard of strict thread pins. PF_NO_SETAFFINITY keeps others from changing
 * a mask, not the kernel: on 6.1 any write to the cpuset and any CPU coming
 * online gives a pinned thread the whole cpuset. Every real change of a mask
 * goes once through set_cpus_allowed_common(), with pi_lock and the runqueue
 * lock held: the hook there only remembers the thread and the mask; a worker
 * puts back what both the lease and the kernel allow, or says that the lease is
 * lost. Asking for no more than the kernel set last can't escape the cpuset.
 *
 * SCHED_DEADLINE and a strict pin exclude each other, but a pinned thread whose
 * mask covers its root domain may become one all the same: seen where the kernel
 * reserves the bandwidth, the lease is lost.
 *
 * Between the kernel's write and the worker's the thread may run elsewhere:
 * each time is counted (reasserted).
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "debug.h"
#include "compat.h"
#include "hook.h"
#include "thread_pin.h"

/* kernel/sched/sched.h: SCA_MIGRATE_DISABLE | SCA_MIGRATE_ENABLE */
#define SCA_MIGRATE	(0x02 | 0x04)

static LLIST_HEAD(dirty_pins);	/* each holding a reference */
/* Who judges threads: the worker, and who re-arms a lease. */
static DEFINE_MUTEX(guard_mutex);
static struct cpumask guard_scratch;	/* under it */
static struct task_struct *guard_task;	/* who sets a mask, under it */

static void guard_worker(struct work_struct *work);
static DECLARE_WORK(guard_work, guard_worker);

/*
 * Its own: ends of leases wait for the guard on np_wq, and as many of them as
 * that runs at once would leave no room for what they wait for.
 */
static struct workqueue_struct *guard_wq;

static void guard_irq(struct irq_work *work)
{
	queue_work(guard_wq, &guard_work);
}

static DEFINE_IRQ_WORK(guard_irq_work, guard_irq);

/**
 * np_pin_guard_look() - have the worker look at a pinned thread
 *
 * Context: any, under a runqueue lock too. @pin is found under RCU.
 */
void np_pin_guard_look(struct np_pin *pin)
{
	if (test_and_set_bit(0, &pin->dirty))
		return;
	if (!refcount_inc_not_zero(&pin->ref))
		return;		/* it is gone, and its dirty bit with it */
	llist_add(&pin->of_guard, &dirty_pins);
	irq_work_queue(&guard_irq_work);
}

/* pi_lock is held: what the kernel wants is remembered in order. */
static void guard_remember(struct np_pin *pin, const struct cpumask *mask)
{
	cpumask_copy(&pin->kernel, mask);
	pin->told = true;
	np_pin_guard_look(pin);
}

static void guard_entry(unsigned long a0, unsigned long a1,
			unsigned long a2, unsigned long a3)
{
	const struct cpumask *mask;
	unsigned int flags;
	struct np_pin *pin;

	if (current == READ_ONCE(guard_task))
		return;		/* our own doing */
	rcu_read_lock();
	pin = np_pin_find((struct task_struct *)a0);
	if (pin) {
		mask = np_affinity_arguments(a1, a2, &flags);
		if (!(flags & SCA_MIGRATE))
			guard_remember(pin, mask);
	}
	rcu_read_unlock();
}

static struct np_hook guard_hook = {
	.symbol = "set_cpus_allowed_common",
	.entry = guard_entry,
};

/* sched_dl_overflow(task, ...): pi_lock and the runqueue lock are held */
static void deadline_entry(unsigned long a0, unsigned long a1,
			   unsigned long a2, unsigned long a3)
{
	struct np_pin *pin;

	rcu_read_lock();
	pin = np_pin_find((struct task_struct *)a0);
	if (pin)
		np_pin_guard_look(pin);
	rcu_read_unlock();
}

static struct np_hook deadline_hook = {
	.symbol = "sched_dl_overflow",
	.entry = deadline_entry,
};

enum verdict {
	GUARD_RIGHT,	/* the thread has what it should */
	GUARD_WRONG,	/* it should have @ret */
	GUARD_EXCLUDED,	/* the cpuset has none of its CPUs; @ret: what that gives */
	GUARD_OFFLINE,	/* none of its CPUs runs */
	GUARD_DEADLINE,	/* it has become SCHED_DEADLINE */
};

/* What a verdict means for the lease; NONE: nothing bad. */
static const enum numaperf_reason guard_losses[] = {
	[GUARD_RIGHT] = NUMAPERF_REASON_NONE,
	[GUARD_WRONG] = NUMAPERF_REASON_NONE,
	[GUARD_EXCLUDED] = NUMAPERF_REASON_CPUSET,
	[GUARD_OFFLINE] = NUMAPERF_REASON_CPU_OFFLINE,
	[GUARD_DEADLINE] = NUMAPERF_REASON_DEADLINE,
};

/* What the thread should have: the lease's CPUs, as far as the kernel wants. */
static enum verdict guard_judge(struct np_pin *pin, struct cpumask *ret)
{
	struct task_struct *task = pin->task;
	unsigned long flags;
	enum verdict verdict;

	raw_spin_lock_irqsave(&task->pi_lock, flags);
	if (task->policy == SCHED_DEADLINE) {
		verdict = GUARD_DEADLINE;
	} else if (!cpumask_and(ret, &pin->lease->want, &pin->kernel)) {
		cpumask_copy(ret, &pin->kernel);
		verdict = GUARD_EXCLUDED;
	} else if (!cpumask_intersects(ret, cpu_active_mask)) {
		verdict = GUARD_OFFLINE;
	} else if (cpumask_equal(ret, &task->cpus_mask)) {
		verdict = GUARD_RIGHT;
	} else {
		verdict = GUARD_WRONG;
	}
	raw_spin_unlock_irqrestore(&task->pi_lock, flags);
	return verdict;
}

/*
 * No SCA_CHECK in set_cpus_allowed_ptr(): works on a flagged thread. The kernel
 * may write meanwhile: that is remembered, and looked at again.
 */
static int guard_set(struct np_pin *pin, const struct cpumask *mask)
{
	int err;

	lockdep_assert_held(&guard_mutex);
	WRITE_ONCE(guard_task, current);
	err = set_cpus_allowed_ptr(pin->task, mask);
	WRITE_ONCE(guard_task, NULL);
	return err;
}

static void guard_lose(struct np_pin *pin, enum numaperf_reason reason)
{
	if (!pin->lost)
		np_lease_lose(&pin->lease->lease, reason, 0, 0);
	pin->lost = true;
}

static void guard_look(struct np_pin *pin, struct cpumask *mask)
{
	struct np_thread_lease *lease = pin->lease;

	enum verdict verdict = guard_judge(pin, mask);

	if (guard_losses[verdict])
		guard_lose(pin, guard_losses[verdict]);
	switch (verdict) {
	case GUARD_EXCLUDED:
		/* A mask that came too late must not stay outside the cpuset. */
		if (!cpumask_subset(&pin->task->cpus_mask, mask))
			guard_set(pin, mask);
		break;
	case GUARD_OFFLINE:
	case GUARD_DEADLINE:
		break;
	case GUARD_WRONG:
		pin->lost = false;
		if (guard_set(pin, mask))
			break;
		atomic64_inc(&lease->reasserted);
		np_lease_post(&lease->lease, NUMAPERF_EVENT_LEASE_REASSERTED,
			      0, 0, 0);
		break;
	case GUARD_RIGHT:
		pin->lost = false;
		break;
	}
}

static void guard_worker(struct work_struct *work)
{
	u64 begin = np_work_begin();
	struct np_pin *pin, *next;

	llist_for_each_entry_safe(pin, next, llist_del_all(&dirty_pins),
				  of_guard) {
		/* Before looking: what comes from here on is looked at again. */
		clear_bit_unlock(0, &pin->dirty);
		mutex_lock(&guard_mutex);
		if (!np_pin_is_gone(pin))
			guard_look(pin, &guard_scratch);
		mutex_unlock(&guard_mutex);
		np_pin_put(pin);
	}
	np_work_end(NP_WORK_PIN_GUARD, begin);
}

/* What was noticed before is dealt with when this returns. Sleeps. */
void np_pin_guard_sync(void)
{
	irq_work_sync(&guard_irq_work);
	flush_work(&guard_work);
}

/* Could every thread be where the lease wants it? Why not. */
static enum numaperf_reason guard_judge_all(struct np_pin **pins,
					    unsigned int n)
{
	enum verdict verdict;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (np_pin_is_gone(pins[i]))
			continue;
		verdict = guard_judge(pins[i], &guard_scratch);
		if (guard_losses[verdict])
			return guard_losses[verdict];
		cond_resched();
	}
	return NUMAPERF_REASON_NONE;
}

/**
 * np_pin_guard_rearm() - put every thread of a lease back to its CPUs
 * @pins: its threads
 * @n: how many
 * @dry: only say whether that could be
 *
 * What happens to a thread after it was judged, or to one that came later, is
 * seen by the hook, and looked at by the worker after this.
 *
 * Return: why a thread can't be held, or NONE.
 */
enum numaperf_reason np_pin_guard_rearm(struct np_thread_lease *lease,
					struct np_pin **pins, unsigned int n,
					bool dry)
{
	enum numaperf_reason reason;
	unsigned int i;

	mutex_lock(&guard_mutex);
	reason = guard_judge_all(pins, n);
	if (!reason && !dry) {
		np_lease_rearmed(&lease->lease);
		/* A thread without a pin: found out since this was asked. */
		if (READ_ONCE(lease->missed))
			np_lease_lose(&lease->lease, NUMAPERF_REASON_NO_MEMORY,
				      0, 0);
		for (i = 0; i < n; i++) {
			pins[i]->lost = false;
			if (!np_pin_is_gone(pins[i]))
				guard_look(pins[i], &guard_scratch);
			cond_resched();
		}
		reason = atomic_read(&lease->lease.lost_reason);
	}
	mutex_unlock(&guard_mutex);
	return reason;
}

/*
 * A CPU is going down: cpu_active_mask lacks it already. No mask changes for
 * a thread that sleeps, so the hook would tell nothing.
 */
static int guard_cpu_down(unsigned int cpu)
{
	np_pins_cpu_down(cpu);
	np_pin_guard_sync();
	return 0;
}

static enum cpuhp_state guard_cpuhp = CPUHP_INVALID;

int np_pin_guard_init(void)
{
	int err;

	if (np_hook_probe(&guard_hook, NP_TRY_ALL) ||
	    np_hook_probe(&deadline_hook, NP_TRY_ALL))
		return -EOPNOTSUPP;
	guard_wq = alloc_workqueue("numaperf_guard", WQ_UNBOUND | WQ_HIGHPRI, 1);
	if (!guard_wq)
		return -ENOMEM;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "numaperf:online",
					NULL, guard_cpu_down);
	if (err < 0) {
		destroy_workqueue(guard_wq);
		return err;
	}
	guard_cpuhp = err;
	return 0;
}

void np_pin_guard_exit(void)
{
	if (!np_pin_guard_works())
		return;
	cpuhp_remove_state_nocalls(guard_cpuhp);
	np_hook_end(&deadline_hook);
	np_hook_end(&guard_hook);
	np_pin_guard_sync();
	destroy_workqueue(guard_wq);
}

bool np_pin_guard_works(void)
{
	return guard_cpuhp != CPUHP_INVALID;
}

int np_pin_guard_get(void)
{
	int err;

	err = np_hook_get(&guard_hook);
	if (err)
		return err;
	err = np_hook_get(&deadline_hook);
	if (err)
		np_hook_put(&guard_hook);
	return err;
}

void np_pin_guard_put(void)
{
	np_hook_put(&deadline_hook);
	np_hook_put(&guard_hook);
}
