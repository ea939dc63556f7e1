/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NP_FAULT_H
#define NP_FAULT_H

#include "thread.h"

/* Faults from one sample to the next, on average, if a target names none. */
#define NP_FAULT_PERIOD	200

void np_fault_init(struct np_fault_state *state, u32 period);

#endif /* NP_FAULT_H */
