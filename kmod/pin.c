// SPDX-License-Identifier: GPL-2.0
/*
 * The strictly pinned threads: found by task under RCU, by whoever sees a task's
 * mask change; added by THREAD_PIN and by fork, armed anew at exec (fork, clone
 * and exec clear PF_NO_SETAFFINITY: kernel/fork.c, fs/exec.c), removed at exit
 * and at the end of their lease.
 */
#include <linux/hashtable.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "thread_pin.h"

static DEFINE_HASHTABLE(pins, 8);

/*
 * Membership of the hash and of the leases' lists. Raw and with interrupts off,
 * as fork, exec and exit take it in tracepoints. Never under a runqueue lock.
 */
static DEFINE_RAW_SPINLOCK(pins_lock);

/* Under RCU or pins_lock. */
struct np_pin *np_pin_find(struct task_struct *task)
{
	struct np_pin *pin;

	hash_for_each_possible_rcu(pins, pin, hash, (unsigned long)task,
				   lockdep_is_held(&pins_lock)) {
		if (pin->task == task)
			return pin;
	}
	return NULL;
}

/* Its thread has exited, or its lease ended. */
bool np_pin_is_gone(struct np_pin *pin)
{
	return READ_ONCE(pin->gone);
}

static void arm_get(struct np_flag_change *change)
{
	np_pin_get(container_of(change, struct np_pin, arm));
}

static void arm_put(struct np_flag_change *change)
{
	np_pin_put(container_of(change, struct np_pin, arm));
}

static void disarm_get(struct np_flag_change *change)
{
	np_pin_get(container_of(change, struct np_pin, disarm));
}

static void disarm_put(struct np_flag_change *change)
{
	np_pin_put(container_of(change, struct np_pin, disarm));
}

/* Not yet visible; NULL: no memory. */
struct np_pin *np_pin_create(struct np_thread_lease *lease,
			     struct task_struct *task, gfp_t gfp)
{
	struct np_pin *pin = kzalloc(sizeof(*pin), gfp | __GFP_ACCOUNT);

	if (!pin)
		return NULL;
	refcount_set(&pin->ref, 1);
	np_lease_get(&lease->lease);
	pin->lease = lease;
	pin->task = get_task_struct(task);
	cpumask_copy(&pin->kernel, &task->cpus_mask);
	np_flag_change_init(&pin->arm, task, true, arm_get, arm_put);
	np_flag_change_init(&pin->disarm, task, false, disarm_get, disarm_put);
	return pin;
}

static void pin_free(struct rcu_head *rcu)
{
	struct np_pin *pin = container_of(rcu, struct np_pin, rcu);

	put_task_struct(pin->task);
	np_lease_put(&pin->lease->lease);
	kfree(pin);
}

void np_pin_get(struct np_pin *pin)
{
	refcount_inc(&pin->ref);
}

/* Any context but under a runqueue lock. Its lease is looked at under RCU, too. */
void np_pin_put(struct np_pin *pin)
{
	if (refcount_dec_and_test(&pin->ref))
		call_rcu(&pin->rcu, pin_free);
}

/*
 * From here on the guard watches the thread, and the hash has the caller's
 * reference, which on failure is dropped, too. -EBUSY: it has a pin; -ESRCH: it
 * exits, and its pin would not be removed any more.
 */
int np_pin_publish(struct np_pin *pin)
{
	unsigned long flags;
	int err = 0;

	raw_spin_lock_irqsave(&pins_lock, flags);
	if (np_pin_find(pin->task)) {
		err = -EBUSY;
	} else if (READ_ONCE(pin->task->flags) & PF_EXITING) {
		err = -ESRCH;
	} else {
		hash_add_rcu(pins, &pin->hash, (unsigned long)pin->task);
		list_add_tail(&pin->of_lease, &pin->lease->pins);
		pin->lease->threads++;
	}
	raw_spin_unlock_irqrestore(&pins_lock, flags);
	if (err)
		np_pin_put(pin);
	return err;
}

/* pins_lock held; the caller drops the hash's reference afterwards. */
static void pin_unpublish(struct np_pin *pin)
{
	lockdep_assert_held(&pins_lock);
	hash_del_rcu(&pin->hash);
	list_del(&pin->of_lease);
	pin->lease->threads--;
	WRITE_ONCE(pin->gone, true);
}

/* Remove the pin of a thread that exits, or is no longer covered, if any. */
static bool pin_remove(struct task_struct *task, enum numaperf_reason reason)
{
	unsigned int left = 0;
	struct np_pin *pin;
	unsigned long flags;

	raw_spin_lock_irqsave(&pins_lock, flags);
	pin = np_pin_find(task);
	if (pin) {
		pin_unpublish(pin);
		left = pin->lease->threads;
	}
	raw_spin_unlock_irqrestore(&pins_lock, flags);
	if (!pin)
		return false;
	if (!left)
		np_lease_end_later(&pin->lease->lease, reason);
	np_pin_put(pin);
	return true;
}

/*
 * Take all pins of a lease, whose end has begun, so that nobody adds any (see
 * pin_inherit()). The caller clears flags and puts them.
 */
void np_pins_take(struct np_thread_lease *lease, struct list_head *ret_pins)
{
	struct np_pin *pin, *next;

	raw_spin_lock_irq(&pins_lock);
	list_for_each_entry_safe(pin, next, &lease->pins, of_lease) {
		pin_unpublish(pin);
		list_add_tail(&pin->of_lease, ret_pins);
	}
	raw_spin_unlock_irq(&pins_lock);
}

/*
 * References to those there are at this moment, for the caller to put; the array
 * is for kvfree(). NULL: no memory.
 */
struct np_pin **np_pins_collect(struct np_thread_lease *lease,
				unsigned int *ret_count)
{
	unsigned int room = READ_ONCE(lease->threads) + 1, n;
	struct np_pin **found, *pin;

	for (;;) {
		found = kvmalloc_array(room, sizeof(*found), GFP_KERNEL_ACCOUNT);
		if (!found)
			return NULL;
		raw_spin_lock_irq(&pins_lock);
		n = lease->threads;
		if (n <= room)
			break;
		raw_spin_unlock_irq(&pins_lock);
		kvfree(found);
		room = 2 * n;
	}
	n = 0;
	list_for_each_entry(pin, &lease->pins, of_lease) {
		np_pin_get(pin);
		found[n++] = pin;
	}
	raw_spin_unlock_irq(&pins_lock);
	*ret_count = n;
	return found;
}

/* Preemption is off: the child gets its flag before it can run. */
static void pin_inherit(struct np_thread_lease *lease,
			struct task_struct *child)
{
	struct np_pin *pin = np_pin_create(lease, child, GFP_ATOMIC | __GFP_NOWARN);
	unsigned long flags;
	bool ending;

	if (!pin) {
		/* A thread that should be held is not, and never will be. */
		WRITE_ONCE(lease->missed, true);
		np_lease_lose(&lease->lease, NUMAPERF_REASON_NO_MEMORY, 0, 0);
		return;
	}
	child->flags |= PF_NO_SETAFFINITY;
	pin->flagged = true;
	/* A lease's end walks the list after its bit is set: not both miss. */
	raw_spin_lock_irqsave(&pins_lock, flags);
	ending = np_lease_is_ending(&lease->lease);
	/* Its parent's other threads know its id already: one has pinned it. */
	if (np_pin_find(child)) {
		raw_spin_unlock_irqrestore(&pins_lock, flags);
		np_pin_put(pin);
		return;
	}
	if (!ending) {
		hash_add_rcu(pins, &pin->hash, (unsigned long)child);
		list_add_tail(&pin->of_lease, &lease->pins);
		lease->threads++;
		np_pin_guard_look(pin);
	} else {
		/* Inside, as afterwards another thread may pin it. */
		child->flags &= ~PF_NO_SETAFFINITY;
	}
	raw_spin_unlock_irqrestore(&pins_lock, flags);
	if (ending)
		np_pin_put(pin);
}

void np_pins_fork(struct task_struct *parent, struct task_struct *child)
{
	u32 flag = same_thread_group(parent, child) ?
		   NUMAPERF_PIN_INHERIT_THREADS : NUMAPERF_PIN_INHERIT_CHILDREN;
	struct np_thread_lease *lease = NULL;
	struct np_pin *pin;

	rcu_read_lock();
	pin = np_pin_find(parent);
	if (pin && pin->lease->lease.flags & flag) {
		lease = pin->lease;	/* @parent is current: its pin stays */
		np_lease_get(&lease->lease);
	}
	rcu_read_unlock();
	if (!lease)
		return;
	pin_inherit(lease, child);
	np_lease_put(&lease->lease);
}

/*
 * Why the new image isn't held, or NONE. A program with more rights isn't by
 * someone with fewer.
 */
static enum numaperf_reason exec_end_reason(struct np_lease *lease, bool secure)
{
	if (!(lease->flags & NUMAPERF_PIN_KEEP_ON_EXEC))
		return NUMAPERF_REASON_EXECED;
	if (secure && !lease->privileged)
		return NUMAPERF_REASON_CREDENTIALS;
	return NUMAPERF_REASON_NONE;
}

/* Runs before np_leases_exec(), which ends the leases of the process itself. */
void np_pins_exec(struct task_struct *task, bool secure)
{
	enum numaperf_reason reason = NUMAPERF_REASON_NONE;
	struct np_pin *pin;

	rcu_read_lock();
	pin = np_pin_find(task);
	if (pin) {
		reason = exec_end_reason(&pin->lease->lease, secure);
		if (!reason) {
			task->flags |= PF_NO_SETAFFINITY;
			if (pin->first)
				np_lease_rename(&pin->lease->lease, task);
		}
	}
	rcu_read_unlock();
	if (reason)
		pin_remove(task, reason);
}

void np_pins_exit(struct task_struct *task)
{
	if (pin_remove(task, NUMAPERF_REASON_EXITED))
		task->flags &= ~PF_NO_SETAFFINITY;
}

/* @cpu is going away: nothing tells about those that sleep on it. */
void np_pins_cpu_down(unsigned int cpu)
{
	struct np_pin *pin;
	int bucket;

	rcu_read_lock();
	hash_for_each_rcu(pins, bucket, pin, hash) {
		if (cpumask_test_cpu(cpu, &pin->lease->want))
			np_pin_guard_look(pin);
	}
	rcu_read_unlock();
}
