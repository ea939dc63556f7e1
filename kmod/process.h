/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracked process: by whom its new threads and children are tracked, and the
 * hold on its address space.
 *
 * The balancing scanner skips local pages while mm_users is 1
 * (change_pte_range()), so a single-threaded process would show remote hint
 * faults only. An extra mm_users reference cures that. It must go before the
 * process's own last one does, or exit and exec would tear the address space
 * down late and elsewhere: hooks at exit_mm_release() and exec_mm_release()
 * drop it.
 */
#ifndef NP_PROCESS_H
#define NP_PROCESS_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sched.h>

struct np_target;
struct np_watch_table;

/**
 * struct np_process - a process as one target tracks it
 * @ref: the target's list's, and one for each record of a thread of it
 * @hash: by @signal
 * @of_target: in the target's list
 * @target: which holds it in its list
 * @signal: identity of the process, from fork to the exit of its last thread
 * @mm: held, or NULL
 * @watched: ranges of its address space, or NULL; read under RCU
 *
 * All under np_track_lock.
 */
struct np_process {
	refcount_t ref;
	struct hlist_node hash;
	struct list_head of_target;
	struct np_target *target;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct np_watch_table __rcu *watched;
};

void np_mm_hold_init(void);
void np_mm_hold_exit(void);
bool np_mm_hold_works(void);
int np_mm_hold_get(void);
void np_mm_hold_put(void);

struct np_process *np_process_create(struct np_target *target, gfp_t gfp);
struct np_process *np_process_get(struct np_process *process);
void np_process_put(struct np_process *process);
bool np_process_add(struct np_process *process, struct task_struct *task);
bool np_process_is_known(const struct np_process *process);
struct mm_struct *np_process_remove(struct np_process *process);
void np_process_mm_drop(struct mm_struct *mm);
void np_process_mm_renew(struct np_process *process, struct mm_struct *mm);
struct np_process *np_process_next(struct signal_struct *signal,
				   struct np_process *prev);
struct np_process *np_process_of(struct np_target *target,
				 struct signal_struct *signal);

#endif /* NP_PROCESS_H */
