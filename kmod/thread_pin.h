/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strict thread pins: a lease on the affinity of a thread and, by inheritance,
 * of those it starts.
 */
#ifndef NP_THREAD_PIN_H
#define NP_THREAD_PIN_H

#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/refcount.h>

#include "lease.h"
#include "task_flag.h"

/**
 * struct np_refusals - refused moves of a lease's threads
 * @second: in which @told are counted
 * @told: by events
 * @untold: since the last event
 */
struct np_refusals {
	unsigned long second;
	atomic_t told;
	atomic64_t untold;
};

/**
 * struct np_thread_lease - a lease on the affinity of threads
 * @lease: the common part
 * @pins: struct np_pin of its threads, under np_pins_lock
 * @threads: how many
 * @missed: a thread that should have inherited the pin has none
 * @claimed: counted at its CPUs (exclusive.c)
 * @reasserted: times a mask was put back
 * @refusals: what others tried
 * @want: the affinity its threads are held to
 */
struct np_thread_lease {
	struct np_lease lease;
	struct list_head pins;
	unsigned int threads;
	bool missed;
	bool claimed;
	atomic64_t reasserted;
	struct np_refusals refusals;
	struct cpumask want;
};

/**
 * struct np_pin - one strictly pinned thread
 * @ref: the hash's, the guard's while @dirty, and that of a pending change
 * @hash: by @task; looked up under RCU
 * @of_lease: in its lease's list, under np_pins_lock
 * @lease: its lease (a reference)
 * @task: the thread (a reference)
 * @kernel: the mask that the kernel gave the thread last, under its pi_lock
 * @told: the guard's hook has written @kernel, likewise
 * @lost: it is not where the lease wants it; under the guard's mutex
 * @first: the lease was taken on it
 * @flagged: PF_NO_SETAFFINITY was set for it
 * @gone: no longer in the hash
 * @dirty: bit 0: queued for the guard's worker at @of_guard
 * @arm: sets the flag
 * @disarm: clears it
 * @rcu: for freeing
 */
struct np_pin {
	refcount_t ref;
	struct hlist_node hash;
	struct list_head of_lease;
	struct np_thread_lease *lease;
	struct task_struct *task;
	struct cpumask kernel;
	bool told;
	bool lost;
	bool first;
	bool flagged;
	bool gone;
	unsigned long dirty;
	struct llist_node of_guard;
	struct np_flag_change arm;
	struct np_flag_change disarm;
	struct rcu_head rcu;
};

/* pin.c */
struct np_pin *np_pin_create(struct np_thread_lease *lease,
			     struct task_struct *task, gfp_t gfp);
int np_pin_publish(struct np_pin *pin);
struct np_pin *np_pin_find(struct task_struct *task);
bool np_pin_is_gone(struct np_pin *pin);
void np_pin_get(struct np_pin *pin);
void np_pin_put(struct np_pin *pin);
void np_pins_take(struct np_thread_lease *lease, struct list_head *ret_pins);
struct np_pin **np_pins_collect(struct np_thread_lease *lease,
				unsigned int *ret_count);
void np_pins_cpu_down(unsigned int cpu);

int np_thread_pin(struct np_session *session,
		  struct numaperf_ioc_thread_pin *arg);
u16 np_thread_pin_reason(void);

/* for lifecycle.c */
void np_pins_fork(struct task_struct *parent, struct task_struct *child);
void np_pins_exec(struct task_struct *task, bool secure);
void np_pins_exit(struct task_struct *task);

/* pin_guard.c */
int np_pin_guard_init(void);
void np_pin_guard_exit(void);
bool np_pin_guard_works(void);
int np_pin_guard_get(void);
void np_pin_guard_put(void);
void np_pin_guard_look(struct np_pin *pin);
void np_pin_guard_sync(void);
enum numaperf_reason np_pin_guard_rearm(struct np_thread_lease *lease,
					struct np_pin **pins, unsigned int n,
					bool dry);

#endif /* NP_THREAD_PIN_H */
