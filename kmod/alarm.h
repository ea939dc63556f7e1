/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Alarms: an event when the locality of a target falls below a threshold, and
 * when it is back, judged once a window.
 */
#ifndef NP_ALARM_H
#define NP_ALARM_H

#include <linux/numaperf.h>
#include <linux/workqueue.h>

#include "counter_map.h"

struct np_session;
struct np_target;

/**
 * struct np_alarm - of one source of a target
 * @target: that it is part of
 * @work: judges, and comes again
 * @below: permille; below it is low
 * @above: permille; from here on it is back
 * @samples: that a window needs to say anything
 * @window: jiffies
 * @low: judged last
 * @before: counts at the end of the window before
 *
 * Changed under the session's lock while @work is not queued, else by @work.
 */
struct np_alarm {
	struct np_target *target;
	struct delayed_work work;
	u32 below;
	u32 above;
	u32 samples;
	unsigned long window;
	bool low;
	struct np_locality before;
};

void np_alarms_init(struct np_target *target);
void np_alarms_end(struct np_target *target);

/* ALARM */
int np_alarm(struct np_session *session, const struct numaperf_ioc_alarm *arg);

#endif /* NP_ALARM_H */
