/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target: what one TRACK asked for. A thread, or processes with all their
 * threads, those that start later included.
 */
#ifndef NP_TARGET_H
#define NP_TARGET_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/numaperf.h>
#include <linux/refcount.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "alarm.h"

struct np_counter_map;
struct np_process;
struct np_session;
struct np_thread;
struct np_watches;
struct task_struct;

/**
 * struct np_target - what is counted together
 * @ref: the session's, and one for each thread record
 * @of_session: in the session's list, under its lock
 * @session: whose (a reference)
 * @id: handle; of all targets of the host, only this one has it
 * @flags: NUMAPERF_TRACK_*
 * @wanted: sources asked for
 * @sources: of these, those that count
 * @fault_period: mean
 * @pid: process that TRACK named
 * @tid: the thread, NULL: all of them
 * @kuid: whose credentials the tracked tasks must have
 * @since_ns: CLOCK_MONOTONIC when it began
 * @missed_before: missed hits of its sources by then
 * @running: not stopped yet, under the session's lock
 * @processes: struct np_process, under np_track_lock
 * @threads: struct np_thread, added under np_track_lock
 * @last_serial: given to the last of @threads, under np_track_lock
 * @exited: how many of these have exited, under np_track_lock
 * @untracked: threads that could not be added
 * @fold_lock: removal from @threads; @rest; inside of the session's lock
 * @fold_work: folds exited threads into @rest
 * @rest: the sum of exited threads that are no longer in @threads, or NULL
 * @map: mapped counters, or NULL; set once, under the session's lock
 * @watches: watched ranges, or NULL; set once, likewise
 * @alarms: by source
 */
struct np_target {
	refcount_t ref;
	struct list_head of_session;
	struct np_session *session;
	u32 id;
	u32 flags;
	u32 wanted;
	u32 sources;
	u32 fault_period;
	struct pid *pid;
	struct pid *tid;
	kuid_t kuid;
	u64 since_ns;
	u64 missed_before;
	bool running;
	struct list_head processes;
	struct list_head threads;
	u64 last_serial;
	unsigned int exited;
	atomic64_t untracked;
	struct mutex fold_lock;	/* removal from @threads; @rest */
	struct work_struct fold_work;
	struct np_thread *rest;
	struct np_counter_map *map;
	struct np_watches *watches;
	struct np_alarm alarms[NUMAPERF_SOURCE_COUNT];
};

/* Where samples are counted for mappings, or NULL. From the fault path. */
static inline struct np_counter_map *np_target_map(struct np_target *target)
{
	/* Pairs with np_target_map_set(). */
	return smp_load_acquire(&target->map);
}

struct np_target *np_target_get(struct np_target *target);
void np_target_put(struct np_target *target);
unsigned int np_target_count(void);

/* np_track_lock held: */
int np_target_add(struct np_target *target, struct np_process *process,
		  struct np_thread *thread, struct task_struct *task);
struct mm_struct *np_target_remove_process(struct np_target *target,
					   struct np_process *process);
void np_target_thread_exited(struct np_target *target);

bool np_target_has(struct np_target *target, struct task_struct *task);
void np_target_post(struct np_target *target, enum numaperf_event_type type,
		    enum numaperf_reason reason, struct task_struct *task);

struct np_target *np_target_create(struct np_session *session,
				   struct task_struct *task,
				   const struct numaperf_ioc_track *arg);
void np_target_map_set(struct np_target *target, struct np_counter_map *map);
int np_target_map_make(struct np_target *target, u32 *ret_reason);
int np_target_hooks_get(struct np_target *target);
struct np_target *np_target_find(struct np_session *session, u32 id);
void np_target_stop(struct np_target *target);
void np_target_end(struct np_target *target);
void np_target_forget(struct np_session *session, u32 id);
void np_targets_end_session(struct np_session *session);

/* track.c and target_read.c: the ioctls */
int np_target_track(struct np_session *session,
		    struct numaperf_ioc_track *arg);
int np_target_permitted(struct task_struct *task, struct mm_struct *mm);
int np_target_read(struct np_session *session, struct numaperf_ioc_read *arg);

/* target_life.c, for lifecycle.c */
void np_targets_fork(struct task_struct *parent, struct task_struct *child);
void np_targets_exec(struct task_struct *task, bool secure);
void np_targets_exit(struct task_struct *task);

#endif /* NP_TARGET_H */
