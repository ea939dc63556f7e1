// SPDX-License-Identifier: GPL-2.0
/*
 * Events for those who listen for the whole host. An event may happen under any
 * lock, so it is only noted in a ring there; from there irq_work leads to a work
 * item, which makes messages of what it finds. While nobody listens nothing is
 * noted.
 *
 * irq_work runs on the CPU on which the event happened, by its own doing; the
 * work item on a CPU that unbound work may run on (none that is isolated or
 * nohz_full).
 */
#include <linux/irq_work.h>
#include <linux/pid.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "event.h"
#include "lease.h"
#include "netlink.h"

#define POSTED	512	/* power of two */

/* An event as noted: nothing in it has to be put. */
struct posted {
	struct numaperf_event_record record;
	u64 sequence;
	kuid_t kuid;
};

static struct posted ring[POSTED];
static unsigned int head;		/* next to write */
static unsigned int tail;		/* next to read */
static u32 dropped;			/* since the last that was noted */
static u64 last_sequence;
static struct np_netlink_counts counts;
static DEFINE_RAW_SPINLOCK(ring_lock);	/* all of the above */
static bool opened;

static bool anyone_listens(void)
{
	return genl_has_listeners(&np_netlink_family, &init_net, 0);
}

/* What would be an address is left out: a listener need not have CAP_PERFMON. */
static bool tells_address(u32 type)
{
	return type != NUMAPERF_EVENT_LOCALITY_LOW &&
	       type != NUMAPERF_EVENT_LOCALITY_BACK;
}

/* ring_lock held. */
static void count_dropped(void)
{
	lockdep_assert_held(&ring_lock);
	counts.dropped++;
	if (dropped != U32_MAX)
		dropped++;
}

/* ring_lock held. False: there is no room. */
static bool note(const struct np_event *event, kuid_t kuid, u64 time_ns)
{
	struct posted *slot = &ring[head % POSTED];

	lockdep_assert_held(&ring_lock);
	last_sequence++;
	if (head - tail == POSTED) {
		count_dropped();
		return false;
	}
	slot->record = event->record;
	slot->record.time_ns = time_ns;
	slot->record.dropped = dropped;
	slot->record.pid = pid_nr(event->pid);
	slot->record.tid = pid_nr(event->tid);
	slot->sequence = last_sequence;
	slot->kuid = kuid;
	dropped = 0;
	counts.queued++;
	head++;
	return true;
}

static bool take(struct posted *ret)
{
	bool some;

	raw_spin_lock_irq(&ring_lock);
	some = head != tail;
	if (some)
		*ret = ring[tail++ % POSTED];
	raw_spin_unlock_irq(&ring_lock);
	return some;
}

/* Exact: a listener's socket is charged for what the message could hold. */
static size_t message_size(const struct posted *posted)
{
	/* sequence, time, id, value */
	size_t size = 4 * nla_total_size_64bit(sizeof(u64));

	/* type, reason, dropped, uid, pid, tid */
	size += 6 * nla_total_size(sizeof(u32));
	if (!tells_address(posted->record.type))
		size += nla_total_size_64bit(sizeof(u64));
	return size;
}

static int put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, NUMAPERF_GENL_EVENT_PAD);
}

static int encode(struct sk_buff *skb, const struct posted *posted)
{
	const struct numaperf_event_record *record = &posted->record;
	void *message = genlmsg_put(skb, 0, lower_32_bits(posted->sequence),
				    &np_netlink_family, 0,
				    NUMAPERF_GENL_CMD_EVENT);

	if (!message ||
	    put_u64(skb, NUMAPERF_GENL_EVENT_SEQUENCE, posted->sequence) ||
	    nla_put_u32(skb, NUMAPERF_GENL_EVENT_TYPE, record->type) ||
	    nla_put_u32(skb, NUMAPERF_GENL_EVENT_REASON, record->reason) ||
	    nla_put_u32(skb, NUMAPERF_GENL_EVENT_DROPPED, record->dropped) ||
	    put_u64(skb, NUMAPERF_GENL_EVENT_TIME, record->time_ns) ||
	    put_u64(skb, NUMAPERF_GENL_EVENT_ID, record->id) ||
	    nla_put_u32(skb, NUMAPERF_GENL_EVENT_UID,
			from_kuid(&init_user_ns, posted->kuid)) ||
	    nla_put_u32(skb, NUMAPERF_GENL_EVENT_PID, record->pid) ||
	    nla_put_u32(skb, NUMAPERF_GENL_EVENT_TID, record->tid) ||
	    put_u64(skb, NUMAPERF_GENL_EVENT_VALUE, record->value))
		return -EMSGSIZE;
	if (!tells_address(record->type) &&
	    put_u64(skb, NUMAPERF_GENL_EVENT_ADDR, record->addr))
		return -EMSGSIZE;
	genlmsg_end(skb, message);
	return 0;
}

static struct sk_buff *message_new(const struct posted *posted)
{
	struct sk_buff *skb = genlmsg_new(message_size(posted), GFP_KERNEL);

	if (skb && WARN_ON_ONCE(encode(skb, posted))) {
		nlmsg_free(skb);
		skb = NULL;
	}
	return skb;
}

static void send(const struct posted *posted)
{
	struct sk_buff *skb = message_new(posted);

	raw_spin_lock_irq(&ring_lock);
	if (skb)
		counts.sent++;
	else
		count_dropped();
	raw_spin_unlock_irq(&ring_lock);
	/* Whose socket is full is told so by the socket. */
	if (skb)
		genlmsg_multicast(&np_netlink_family, skb, 0, 0, GFP_KERNEL);
}

static void send_work_fn(struct work_struct *work)
{
	struct posted posted;

	while (take(&posted)) {
		/* They may all have left since. */
		if (anyone_listens())
			send(&posted);
		cond_resched();
	}
}

static DECLARE_WORK(send_work, send_work_fn);

static void wake_fn(struct irq_work *work)
{
	queue_work(np_wq, &send_work);
}

static DEFINE_IRQ_WORK(wake_work, wake_fn);

/* Any context but NMI. */
void np_netlink_post(const struct np_event *event, kuid_t kuid, u64 time_ns)
{
	unsigned long flags;
	bool noted;

	if (!READ_ONCE(opened) || !anyone_listens())
		return;
	raw_spin_lock_irqsave(&ring_lock, flags);
	noted = note(event, kuid, time_ns);
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	if (noted)
		irq_work_queue(&wake_work);
}

void np_netlink_count(struct np_netlink_counts *ret)
{
	raw_spin_lock_irq(&ring_lock);
	*ret = counts;
	raw_spin_unlock_irq(&ring_lock);
}

/* The family is registered. */
void np_netlink_open(void)
{
	WRITE_ONCE(opened, true);
}

/* Nobody posts any more; what was posted goes out before this returns. */
void np_netlink_close(void)
{
	WRITE_ONCE(opened, false);
	irq_work_sync(&wake_work);
	flush_work(&send_work);
}
