// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "event.h"
#include "netlink.h"

void np_events_init(struct np_events *events, kuid_t kuid)
{
	events->kuid = kuid;
	raw_spin_lock_init(&events->lock);
	init_waitqueue_head(&events->wait);
}

static void event_put(struct np_event *event)
{
	put_pid(event->pid);
	put_pid(event->tid);
}

void np_events_destroy(struct np_events *events)
{
	while (events->tail != events->head)
		event_put(&events->ring[events->tail++ % NP_EVENTS]);
}

/**
 * np_event_post() - append an event; count it as dropped if there is no room
 * @events: of the session
 * @event: copied; its pids get a reference of their own; the time is set here
 *
 * Those who listen for the whole host (netlink) get it, too.
 *
 * Context: any, but under a runqueue lock (it wakes the reader).
 */
void np_event_post(struct np_events *events, const struct np_event *event)
{
	u64 now = ktime_get_ns();
	struct np_event *slot;
	unsigned long flags;

	np_netlink_post(event, events->kuid, now);
	raw_spin_lock_irqsave(&events->lock, flags);
	if (events->head - events->tail == NP_EVENTS) {
		if (events->dropped != U32_MAX)
			events->dropped++;
		raw_spin_unlock_irqrestore(&events->lock, flags);
		return;
	}
	slot = &events->ring[events->head % NP_EVENTS];
	*slot = *event;
	slot->pid = get_pid(event->pid);
	slot->tid = get_pid(event->tid);
	slot->record.size = sizeof(slot->record);
	slot->record.time_ns = now;
	slot->record.dropped = events->dropped;
	events->dropped = 0;
	events->head++;
	raw_spin_unlock_irqrestore(&events->lock, flags);
	wake_up_interruptible(&events->wait);
}

static bool events_pending(struct np_events *events)
{
	return READ_ONCE(events->head) != READ_ONCE(events->tail);
}

static bool event_take(struct np_events *events, struct np_event *ret)
{
	bool some;

	raw_spin_lock_irq(&events->lock);
	some = events->head != events->tail;
	if (some)
		*ret = events->ring[events->tail++ % NP_EVENTS];
	raw_spin_unlock_irq(&events->lock);
	return some;
}

static int event_copy(struct np_event *event, char __user *buf)
{
	struct pid_namespace *ns = task_active_pid_ns(current);

	event->record.pid = pid_nr_ns(event->pid, ns);
	event->record.tid = pid_nr_ns(event->tid, ns);
	if (copy_to_user(buf, &event->record, sizeof(event->record)))
		return -EFAULT;
	return 0;
}

/* As many whole records as there are and fit; one that can't be copied is lost. */
static ssize_t events_copy(struct np_events *events, char __user *buf,
			   size_t count)
{
	struct np_event event;
	ssize_t done = 0;
	int err;

	while (count - done >= sizeof(event.record) &&
	       event_take(events, &event)) {
		err = event_copy(&event, buf + done);
		event_put(&event);
		if (err)
			return done ?: err;
		done += sizeof(event.record);
	}
	return done;
}

ssize_t np_events_read(struct np_events *events, char __user *buf,
		       size_t count, bool nonblock)
{
	ssize_t done;

	if (count < sizeof(struct numaperf_event_record))
		return -EINVAL;
	do {
		done = events_copy(events, buf, count);
		if (done)
			return done;
		if (nonblock)
			return -EAGAIN;
	} while (!wait_event_interruptible(events->wait,
					   events_pending(events)));
	return -ERESTARTSYS;
}

__poll_t np_events_poll(struct np_events *events, struct file *file,
			poll_table *table)
{
	poll_wait(file, &events->wait, table);
	return events_pending(events) ? EPOLLIN | EPOLLRDNORM : 0;
}
