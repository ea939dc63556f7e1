/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PF_NO_SETAFFINITY of any thread, safely.
 */
#ifndef NP_TASK_FLAG_H
#define NP_TASK_FLAG_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/types.h>

struct task_struct;

/**
 * struct np_flag_change - a change under way, by two who may come first
 * @list: of a batch
 * @task: whose flag
 * @set: set or clear
 * @claimed: bit 0: one of them does it, or the waiter gave up
 * @work: runs in the task
 * @done: by @work
 * @get: keep this structure for @work
 * @put: @work is over; any context
 *
 * Part of something larger, so that a change needs no memory. For one change
 * only: its work may be pending long after.
 */
struct np_flag_change {
	struct list_head list;
	struct task_struct *task;
	bool set;
	unsigned long claimed;
	struct callback_head work;
	struct completion done;
	void (*get)(struct np_flag_change *change);
	void (*put)(struct np_flag_change *change);
};

void np_flag_change_init(struct np_flag_change *change,
			 struct task_struct *task, bool set,
			 void (*get)(struct np_flag_change *change),
			 void (*put)(struct np_flag_change *change));
int np_task_flag_set(struct np_flag_change *change);
void np_task_flags_clear(struct list_head *changes);

#endif /* NP_TASK_FLAG_H */
