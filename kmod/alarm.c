// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/math64.h>

#include "alarm.h"
#include "quiet.h"
#include "session.h"
#include "target.h"
#include "thread.h"

#define WINDOW_MS_MIN	100
#define WINDOW_MS_MAX	3600000

static enum numaperf_source alarm_source(const struct np_alarm *alarm)
{
	return alarm - alarm->target->alarms;
}

static void alarm_post(struct np_alarm *alarm, u64 permille, u64 samples)
{
	struct np_target *target = alarm->target;
	struct np_event event = {
		.record = {
			.type = alarm->low ? NUMAPERF_EVENT_LOCALITY_LOW :
					     NUMAPERF_EVENT_LOCALITY_BACK,
			.reason = alarm_source(alarm),
			.id = target->id,
			.addr = samples,
			.value = permille,
		},
	};

	np_event_post(&target->session->events, &event);
}

/* At the end of a window: between the thresholds all stays as it was. */
static void alarm_judge(struct np_alarm *alarm)
{
	struct np_locality now, window;
	u64 permille;
	bool low;

	np_counter_map_locality(alarm->target->map, alarm_source(alarm), &now);
	window.samples = now.samples - alarm->before.samples;
	window.pages = now.pages - alarm->before.pages;
	window.local = now.local - alarm->before.local;
	alarm->before = now;
	if (window.samples < alarm->samples)
		return;
	permille = div64_u64(window.local * 1000, window.pages);
	low = permille < (alarm->low ? alarm->above : alarm->below);
	if (low == alarm->low)
		return;
	alarm->low = low;
	alarm_post(alarm, permille, window.samples);
}

static bool target_lives(struct np_target *target)
{
	bool lives;

	raw_spin_lock_irq(&np_track_lock);
	lives = !list_empty(&target->processes);
	raw_spin_unlock_irq(&np_track_lock);
	return lives;
}

static void alarm_work(struct work_struct *work)
{
	struct np_alarm *alarm = container_of(to_delayed_work(work),
					      struct np_alarm, work);
	bool again = target_lives(alarm->target);

	alarm_judge(alarm);
	if (again)
		np_queue_delayed(&alarm->work, alarm->window);
}

void np_alarms_init(struct np_target *target)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(target->alarms); i++) {
		target->alarms[i].target = target;
		INIT_DELAYED_WORK(&target->alarms[i].work, alarm_work);
	}
}

/* None judges any more when this has returned. */
void np_alarms_end(struct np_target *target)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(target->alarms); i++)
		cancel_delayed_work_sync(&target->alarms[i].work);
}

static int alarm_set(struct np_target *target,
		     const struct numaperf_ioc_alarm *arg)
{
	struct np_alarm *alarm = &target->alarms[arg->source];
	u32 reason;
	int err;

	if (!(target->sources & BIT(arg->source)))
		return -EINVAL;
	if (arg->below) {
		if (!target_lives(target))
			return -ESRCH;
		err = np_target_map_make(target, &reason);
		if (err)
			return err;
	}
	cancel_delayed_work_sync(&alarm->work);
	if (!arg->below)
		return 0;
	alarm->below = arg->below;
	alarm->above = arg->above;
	alarm->samples = arg->samples;
	alarm->window = msecs_to_jiffies(arg->window_ms);
	alarm->low = false;
	np_counter_map_locality(target->map, arg->source, &alarm->before);
	np_queue_delayed(&alarm->work, alarm->window);
	return 0;
}

static int alarm_check(const struct numaperf_ioc_alarm *arg)
{
	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->source >= NUMAPERF_SOURCE_COUNT)
		return -EINVAL;
	if (arg->below &&
	    (arg->above < arg->below || arg->above > 1000 || !arg->samples ||
	     arg->window_ms < WINDOW_MS_MIN || arg->window_ms > WINDOW_MS_MAX))
		return -EINVAL;
	return 0;
}

/* ALARM */
int np_alarm(struct np_session *session, const struct numaperf_ioc_alarm *arg)
{
	struct np_target *target;
	int err;

	err = alarm_check(arg);
	if (err)
		return err;
	mutex_lock(&session->lock);
	target = np_target_find(session, arg->target);
	err = target ? alarm_set(target, arg) : -ENOENT;
	mutex_unlock(&session->lock);
	return err;
}
