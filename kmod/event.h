/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events of one session: a bounded ring, read and polled on its descriptor.
 */
#ifndef NP_EVENT_H
#define NP_EVENT_H

#include <linux/fs.h>
#include <linux/numaperf.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

#define NP_EVENTS	128	/* power of two */

struct pid;

/* An event as kept: pids are translated for the reader when it reads. */
struct np_event {
	struct numaperf_event_record record;
	struct pid *pid;
	struct pid *tid;
};

struct np_events {
	raw_spinlock_t lock;
	kuid_t kuid;		/* whose session */
	unsigned int head;	/* next to write */
	unsigned int tail;	/* next to read */
	u32 dropped;		/* since the last that was stored */
	wait_queue_head_t wait;
	struct np_event ring[NP_EVENTS];
};

void np_events_init(struct np_events *events, kuid_t kuid);
void np_events_destroy(struct np_events *events);
void np_event_post(struct np_events *events, const struct np_event *event);
ssize_t np_events_read(struct np_events *events, char __user *buf,
		       size_t count, bool nonblock);
__poll_t np_events_poll(struct np_events *events, struct file *file,
			poll_table *table);

#endif /* NP_EVENT_H */
