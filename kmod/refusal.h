/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moves of strictly pinned threads that the kernel refuses, told to the holder.
 */
#ifndef NP_REFUSAL_H
#define NP_REFUSAL_H

void np_refusals_init(void);
void np_refusals_exit(void);
bool np_refusals_work(void);
int np_refusals_get(void);
void np_refusals_put(void);

#endif /* NP_REFUSAL_H */
