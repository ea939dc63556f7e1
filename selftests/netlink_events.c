// SPDX-License-Identifier: GPL-2.0
/* Events for the whole host: who may listen, what is told, in which order, and what becomes of a slow listener. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "np_netlink.h"
#include "np_test.h"
#include "np_track.h"

#define SOME	10
#define FLOOD	40
#define CROWD	24
#define TORRENT	(CROWD * NUMAPERF_TARGETS_PER_THREAD_MAX)

FIXTURE(events) {
	int fd;
	struct np_netlink nl;
	struct np_set node;
	int near;
};

FIXTURE_SETUP(events)
{
	struct np_topo topo;

	ASSERT_EQ(0, np_topo_read(&topo));
	self->near = topo.near;
	self->node = np_set_of(topo.near);
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_netlink_open(&self->nl));
}

FIXTURE_TEARDOWN(events)
{
	np_netlink_close(&self->nl);
	close(self->fd);
}

static __u64 pin_page(FIXTURE_DATA(events) *self)
{
	struct numaperf_ioc_range_pin pin;
	size_t page = np_page_size();

	return np_pin_range(self->fd, np_map_on(self->near, page), page, &self->node, 0, &pin) ? 0 : pin.lease;
}

/* One event of this session: its page is pinned, and the lease revoked. */
static __u64 make_event(FIXTURE_DATA(events) *self)
{
	__u64 lease = pin_page(self);

	return lease && np_revoke(self->fd, lease) == 0 ? lease : 0;
}

/* Others may do things meanwhile: the next event of this lease. */
static int event_of(struct np_netlink *nl, __u64 lease, struct np_message *event)
{
	int err;

	do
		err = np_netlink_event(nl, event);
	while (!err && np_attr_u64(event, NUMAPERF_GENL_EVENT_ID) != lease);
	return err;
}

/* ------------------------------------------------------------ who listens */

static int try_to_join(struct np_child *me, void *arg)
{
	struct np_netlink nl;

	(void)me, (void)arg;
	return np_netlink_open(&nl) ? 255 : np_status(np_netlink_join(&nl));
}

static int try_to_join_as_namespace_root(struct np_child *me, void *arg)
{
	return np_enter_user_namespace() ? NP_NO_NAMESPACE : try_to_join(me, arg);
}

static int try_to_bind(struct np_child *me, void *arg)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct np_netlink nl;

	(void)me, (void)arg;
	if (np_netlink_open(&nl))
		return 255;
	if (nl.group > 32)
		return EPERM;	/* bind(2) has no bit for it */
	address.nl_groups = 1U << (nl.group - 1);
	/* A fresh one: the other has its address by now. */
	return bind(np_netlink_socket(), (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
}

TEST_F(events, root_may_listen)
{
	EXPECT_EQ(0, np_run(0, try_to_join, NULL));
}

TEST_F(events, nobody_may_not_listen)
{
	EXPECT_EQ(EPERM, np_run(NP_NOBODY, try_to_join, NULL));
}

TEST_F(events, nobody_may_not_listen_by_bind)
{
	EXPECT_EQ(EPERM, np_run(NP_NOBODY, try_to_bind, NULL));
}

TEST_F(events, root_of_a_user_namespace_may_not_listen)
{
	int status = np_run(NP_NOBODY, try_to_join_as_namespace_root, NULL);

	NP_NEED(status != NP_NO_NAMESPACE, "this kernel lacks user namespaces");
	EXPECT_EQ(EPERM, status);
}

/*
 * Group numbers are the same in all network namespaces, and who has made one of his own may join any there. Events are
 * of the initial one all the same.
 */
static int listen_from_own_namespaces(struct np_child *me, void *arg)
{
	struct np_netlink nl = { .group = *(__u32 *)arg };
	struct np_message event;
	__u64 word;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return NP_NO_NAMESPACE;
	nl.fd = np_netlink_socket();
	np_say(me, np_status(np_netlink_join(&nl)));
	np_hear(me, &word);
	return np_status(np_netlink_event_now(&nl, &event));
}

TEST_F(events, do_not_leave_the_initial_network_namespace)
{
	struct np_child stranger;
	struct np_message event;
	__u64 joined, lease;

	ASSERT_EQ(0, np_netlink_join(&self->nl));
	ASSERT_EQ(0, np_spawn(&stranger, NP_NOBODY, listen_from_own_namespaces, &self->nl.group));
	if (np_hear(&stranger, &joined))
		NP_NEED(np_reap(&stranger) != NP_NO_NAMESPACE, "this kernel lacks user namespaces");
	ASSERT_NE(0, lease = make_event(self));
	ASSERT_EQ(0, event_of(&self->nl, lease, &event));
	EXPECT_EQ(EAGAIN, np_reap(&stranger));
}

/* ----------------------------------------------------------- what is told */

TEST_F(events, are_those_that_the_session_reads)
{
	struct numaperf_event_record record;
	struct np_message event;
	__u64 lease;

	ASSERT_EQ(0, np_netlink_join(&self->nl));
	lease = make_event(self);
	ASSERT_NE(0, lease);
	ASSERT_EQ(0, np_event(self->fd, &record));
	ASSERT_EQ(0, event_of(&self->nl, lease, &event));
	EXPECT_EQ(NUMAPERF_GENL_CMD_EVENT, event.command);
	EXPECT_EQ(lease, record.id);
	EXPECT_EQ(record.type, np_attr_u32(&event, NUMAPERF_GENL_EVENT_TYPE));
	EXPECT_EQ(record.reason, np_attr_u32(&event, NUMAPERF_GENL_EVENT_REASON));
	EXPECT_EQ(record.time_ns, np_attr_u64(&event, NUMAPERF_GENL_EVENT_TIME));
	EXPECT_EQ(record.pid, (__s32)np_attr_u32(&event, NUMAPERF_GENL_EVENT_PID));
	EXPECT_EQ(record.tid, (__s32)np_attr_u32(&event, NUMAPERF_GENL_EVENT_TID));
	EXPECT_EQ(record.value, np_attr_u64(&event, NUMAPERF_GENL_EVENT_VALUE));
	EXPECT_EQ(0, np_attr_u32(&event, NUMAPERF_GENL_EVENT_DROPPED));
	EXPECT_EQ(0, np_attr_u32(&event, NUMAPERF_GENL_EVENT_UID));
}

TEST_F(events, tell_no_address)
{
	size_t length = 4 * np_page_size();
	struct numaperf_ioc_range_pin pin;
	struct np_message event;
	char *range = np_map_on(self->near, length);

	ASSERT_EQ(0, np_netlink_join(&self->nl));
	ASSERT_EQ(0, np_pin_range(self->fd, range, length, &self->node, 0, &pin));
	ASSERT_EQ(0, np_unmap(range + np_page_size(), np_page_size()));
	ASSERT_EQ(0, event_of(&self->nl, pin.lease, &event));
	EXPECT_EQ(NUMAPERF_EVENT_LEASE_LOST, np_attr_u32(&event, NUMAPERF_GENL_EVENT_TYPE));
	EXPECT_EQ(1, np_attr_u64(&event, NUMAPERF_GENL_EVENT_VALUE));
	EXPECT_EQ(NULL, event.attributes[NUMAPERF_GENL_EVENT_ADDR]);
}

TEST_F(events, come_in_order)
{
	struct np_message event;
	__u64 leases[SOME], last = 0, sequence;

	ASSERT_EQ(0, np_netlink_join(&self->nl));
	for (int i = 0; i < SOME; i++)
		ASSERT_NE(0, leases[i] = make_event(self));
	for (int i = 0; i < SOME; i++) {
		ASSERT_EQ(0, event_of(&self->nl, leases[i], &event));
		sequence = np_attr_u64(&event, NUMAPERF_GENL_EVENT_SEQUENCE);
		EXPECT_LT(last, sequence);
		last = sequence;
	}
}

static int hold_page(struct np_child *me, void *arg)
{
	FIXTURE_DATA(events) * self = arg;
	__u64 word;

	self->fd = np_open(O_CLOEXEC);
	return np_say(me, pin_page(self)) || np_hear(me, &word);
}

TEST_F(events, of_other_users_come_with_their_uid)
{
	struct np_child holder;
	struct np_message event;
	__u64 lease = 0;

	ASSERT_EQ(0, np_netlink_join(&self->nl));
	ASSERT_EQ(0, np_spawn(&holder, NP_NOBODY, hold_page, self));
	ASSERT_EQ(0, np_hear(&holder, &lease));
	ASSERT_NE(0, lease);
	ASSERT_EQ(0, np_revoke(self->fd, lease));
	EXPECT_EQ(0, event_of(&self->nl, lease, &event));
	EXPECT_EQ(NP_NOBODY, np_attr_u32(&event, NUMAPERF_GENL_EVENT_UID));
	EXPECT_EQ(holder.pid, (pid_t)np_attr_u32(&event, NUMAPERF_GENL_EVENT_PID));
	np_kill(&holder);
}

/* ------------------------------------------------------- nobody, too slow */

static __u64 counted(int attribute)
{
	struct np_netlink other;
	struct np_message info;
	__u64 value = ~0ULL;

	/* A socket of its own: the listener's has events in the way. */
	if (np_netlink_open(&other))
		return value;
	if (!np_netlink_ask(&other, NUMAPERF_GENL_CMD_INFO, &info))
		value = np_attr_u64(&info, attribute);
	np_netlink_close(&other);
	return value;
}

TEST_F(events, are_neither_noted_nor_made_while_nobody_listens)
{
	struct numaperf_event_record record;
	__u64 queued = counted(NUMAPERF_GENL_INFO_EVENTS_QUEUED);
	__u64 sent = counted(NUMAPERF_GENL_INFO_EVENTS_SENT);

	for (int i = 0; i < SOME; i++) {
		ASSERT_NE(0, make_event(self));
		ASSERT_EQ(0, np_event(self->fd, &record));
	}
	EXPECT_EQ(queued, counted(NUMAPERF_GENL_INFO_EVENTS_QUEUED));
	EXPECT_EQ(sent, counted(NUMAPERF_GENL_INFO_EVENTS_SENT));
}

TEST_F(events, are_made_once_somebody_listens)
{
	__u64 sent = counted(NUMAPERF_GENL_INFO_EVENTS_SENT);

	ASSERT_EQ(0, np_netlink_join(&self->nl));
	for (int i = 0; i < SOME; i++)
		ASSERT_NE(0, make_event(self));
	EXPECT_TRUE(np_eventually(counted(NUMAPERF_GENL_INFO_EVENTS_SENT) >= sent + SOME));
}

TEST_F(events, are_no_longer_made_when_the_listener_has_gone)
{
	__u64 queued;

	ASSERT_EQ(0, np_netlink_join(&self->nl));
	np_netlink_close(&self->nl);
	queued = counted(NUMAPERF_GENL_INFO_EVENTS_QUEUED);
	ASSERT_NE(0, make_event(self));
	EXPECT_EQ(queued, counted(NUMAPERF_GENL_INFO_EVENTS_QUEUED));
}

/* More than its socket holds, unread; then it is told, and reads on. */
static bool flood(FIXTURE_DATA(events) *self)
{
	__u64 sent = counted(NUMAPERF_GENL_INFO_EVENTS_SENT);
	int least = 1;

	if (setsockopt(self->nl.fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) || np_netlink_join(&self->nl))
		return false;
	for (int i = 0; i < FLOOD; i++)
		if (!make_event(self))
			return false;
	return np_eventually(counted(NUMAPERF_GENL_INFO_EVENTS_SENT) >= sent + FLOOD);
}

TEST_F(events, tell_a_slow_listener_that_it_missed_some)
{
	struct np_message event;

	ASSERT_TRUE(flood(self));
	EXPECT_EQ(-ENOBUFS, np_netlink_event(&self->nl, &event));
}

TEST_F(events, go_on_for_a_slow_listener_with_a_gap)
{
	struct np_message event;
	__u64 lease, last = 0, first = 0, sequence = 0;
	int received = 0, err;

	ASSERT_TRUE(flood(self));
	ASSERT_EQ(-ENOBUFS, np_netlink_event(&self->nl, &event));
	/* What it still has, in order. */
	while ((err = np_netlink_event_now(&self->nl, &event)) == 0) {
		sequence = np_attr_u64(&event, NUMAPERF_GENL_EVENT_SEQUENCE);
		EXPECT_LT(last, sequence);
		last = sequence;
		first = first ?: sequence;
		received++;
	}
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_LT(0, received);
	EXPECT_GT(FLOOD, received);
	ASSERT_NE(0, lease = make_event(self));
	ASSERT_EQ(0, event_of(&self->nl, lease, &event));
	/* Every one of them has its number: what is missing can be counted. */
	EXPECT_LE(first + FLOOD, np_attr_u64(&event, NUMAPERF_GENL_EVENT_SEQUENCE));
}

/* --------------------------------------------------- too many at one time */

static int wait_for_the_end(struct np_child *me, void *arg)
{
	__u64 word;

	(void)arg;
	return np_hear(me, &word);
}

/* What a listener that can hold them all is told. */
struct tally {
	__u64 events;
	__u64 dropped;
	__u64 first;
	__u64 last;
};

static bool tally_until(struct np_netlink *nl, __u64 lease, struct tally *tally)
{
	struct np_message event;

	do {
		if (np_netlink_event(nl, &event))
			return false;
		tally->last = np_attr_u64(&event, NUMAPERF_GENL_EVENT_SEQUENCE);
		tally->first = tally->first ?: tally->last - np_attr_u32(&event, NUMAPERF_GENL_EVENT_DROPPED);
		tally->dropped += np_attr_u32(&event, NUMAPERF_GENL_EVENT_DROPPED);
		tally->events++;
		/* A target may have the same number. */
	} while (np_attr_u32(&event, NUMAPERF_GENL_EVENT_TYPE) == NUMAPERF_EVENT_TARGET_EXITED ||
		 np_attr_u64(&event, NUMAPERF_GENL_EVENT_ID) != lease);
	return true;
}

static int set_priority(pid_t pid, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(pid, priority ? SCHED_FIFO : SCHED_OTHER, &param);
}

/* Processes on all CPUs, in one group, whose exits leave no time to the kernel's worker. */
static int gather(const struct np_topo *topo, struct np_child *crowd)
{
	int cpu = -1;

	for (int i = 0; i < CROWD; i++) {
		cpu = cpu < 0 ? np_set_first(&topo->cpus) : np_set_next(&topo->cpus, cpu);
		if (cpu < 0)
			cpu = np_set_first(&topo->cpus);
		if (np_spawn(&crowd[i], 0, wait_for_the_end, NULL) || setpgid(crowd[i].pid, crowd[0].pid) ||
		    np_affinity_set_cpu(crowd[i].pid, cpu) || set_priority(crowd[i].pid, 1))
			return -1;
	}
	return 0;
}

static int track_all_they_may(int session, const struct np_child *crowd)
{
	__u32 target;
	int err = 0;

	for (int i = 0; i < TORRENT && !err; i++)
		err = np_track(session, crowd[i % CROWD].pid, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target);
	return err;
}

/* All at once: whoever kills is not interrupted by who is killed. */
static int send_away(struct np_child *crowd)
{
	int err = set_priority(0, 2) || kill(-crowd[0].pid, SIGKILL) || set_priority(0, 0);

	for (int i = 0; i < CROWD; i++)
		np_kill(&crowd[i]);
	return err;
}

/* Processes that are measured very often exit: all of their events are of one moment, more than the kernel notes. */
TEST_F(events, that_find_no_room_in_the_kernel_are_counted_and_told)
{
	__u64 lease, queued, sent, before = counted(NUMAPERF_GENL_INFO_EVENTS_DROPPED);
	int large = 4 << 20, session = np_open(O_CLOEXEC);
	struct tally tally = { 0 };
	struct np_child crowd[CROWD];
	struct np_topo topo;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_topo_read(&topo));
	ASSERT_EQ(0, gather(&topo, crowd));
	ASSERT_EQ(0, track_all_they_may(session, crowd));
	ASSERT_EQ(0, setsockopt(self->nl.fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof(large)));
	ASSERT_EQ(0, np_netlink_join(&self->nl));
	queued = counted(NUMAPERF_GENL_INFO_EVENTS_QUEUED);
	sent = counted(NUMAPERF_GENL_INFO_EVENTS_SENT);
	ASSERT_EQ(0, send_away(crowd));
	/* Room again: one more, to be told by. */
	ASSERT_TRUE(np_eventually(counted(NUMAPERF_GENL_INFO_EVENTS_SENT) - sent >=
				  counted(NUMAPERF_GENL_INFO_EVENTS_QUEUED) - queued));
	ASSERT_NE(0, lease = make_event(self));
	ASSERT_TRUE(tally_until(&self->nl, lease, &tally));
	EXPECT_LT(0, tally.dropped);
	EXPECT_EQ(before + tally.dropped, counted(NUMAPERF_GENL_INFO_EVENTS_DROPPED));
	EXPECT_LE(TORRENT + 1, tally.events + tally.dropped);
	EXPECT_EQ(tally.last - tally.first + 1, tally.events + tally.dropped);
}

TEST_HARNESS_MAIN
