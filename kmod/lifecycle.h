/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fork, exec and exit of tasks, told to those who follow tasks.
 */
#ifndef NP_LIFECYCLE_H
#define NP_LIFECYCLE_H

int np_lifecycle_init(void);
void np_lifecycle_exit(void);
bool np_lifecycle_works(void);
int np_lifecycle_get(void);
void np_lifecycle_put(void);

#endif /* NP_LIFECYCLE_H */
