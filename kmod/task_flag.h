/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PF_NO_SETAFFINITY of any thread, safely.
 */
#ifndef NP_TASK_FLAG_H
#define NP_TASK_FLAG_H

struct task_struct;

int np_task_flag_set(struct task_struct *task);
int np_task_flag_clear(struct task_struct *task);

#endif /* NP_TASK_FLAG_H */
