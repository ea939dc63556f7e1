/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work for later, never by a timer on an isolated CPU. The workers themselves
 * are unbound: the kernel keeps those away from isolated CPUs.
 */
#ifndef NP_QUIET_H
#define NP_QUIET_H

#include <linux/workqueue.h>

bool np_queue_delayed(struct delayed_work *work, unsigned long delay);
bool np_mod_delayed(struct delayed_work *work, unsigned long delay);

#endif /* NP_QUIET_H */
