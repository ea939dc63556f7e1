/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strict range pins: a lease on pages of the caller, held where they are.
 */
#ifndef NP_RANGE_PIN_H
#define NP_RANGE_PIN_H

#include <linux/numaperf.h>

struct np_session;

int np_range_pin(struct np_session *session, struct numaperf_ioc_range_pin *arg);

#endif /* NP_RANGE_PIN_H */
