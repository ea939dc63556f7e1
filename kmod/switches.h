/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Migrations of tracked threads from CPU to CPU, and from node to node.
 */
#ifndef NP_SWITCHES_H
#define NP_SWITCHES_H

#include <linux/types.h>

void np_switches_init(void);
void np_switches_exit(void);
u16 np_switches_reason(void);

/* Does nothing where it can't work. */
int np_switches_get(void);
void np_switches_put(void);

#endif /* NP_SWITCHES_H */
