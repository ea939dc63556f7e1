/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/numaperf.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "core/error.h"
#include "core/kmod.h"
#include "perf/events.h"
#include "perf/netlink.h"

/* A dump that was changed meanwhile is asked for again so often; then it is taken, as each of its entries is true. */
#define TRIES 3

/* ---------------------------------------------------------------- errors */

static int fail_absent(const char *operation)
{
	if (kmod_is_loaded())
		return np_fail(ENODEV, NUMAPERF_ERROR_CAPABILITY_MISSING, operation,
			       "The module numaperf is loaded, but its netlink family is not seen here: it is in the "
			       "host's network namespace (docker run --network host).");
	return np_fail(ENODEV, NUMAPERF_ERROR_CAPABILITY_MISSING, operation,
		       "The kernel module numaperf is not loaded: run `modprobe numaperf` as root.");
}

/* libnl has error numbers of its own, negative like errnos. */
static int fail_nl(int error, const char *operation)
{
	switch (-error) {
	case NLE_OBJ_NOTFOUND:
		return fail_absent(operation);
	case NLE_NOMEM:
		return np_fail_nomem(operation);
	case NLE_PERM:
	case NLE_NOACCESS:
		return np_fail(EPERM, NUMAPERF_ERROR_CAPABILITY_MISSING, operation,
			       "The module's netlink events are only for CAP_NET_ADMIN: run as root.");
	default:
		return np_fail(EIO, NUMAPERF_ERROR_IO, operation, "Netlink: %s.", nl_geterror(error));
	}
}

/* ---------------------------------------------------------------- socket */

struct channel {
	struct nl_sock *socket;
	int family;
};

static void channel_close(struct channel *channel)
{
	if (channel->socket)
		nl_socket_free(channel->socket);
	channel->socket = NULL;
}

static int channel_open(struct channel *channel, const char *operation)
{
	int r;

	channel->socket = nl_socket_alloc();
	if (!channel->socket)
		return np_fail_nomem(operation);
	r = genl_connect(channel->socket);
	if (r == 0)
		r = channel->family = genl_ctrl_resolve(channel->socket, NUMAPERF_GENL_NAME);
	if (r >= 0)
		return 0;
	channel_close(channel);
	return fail_nl(r, operation);
}

/* ------------------------------------------------------------ attributes */

/* Absent or too short: 0. */
static uint32_t get_u32(struct nlattr **attributes, int type)
{
	struct nlattr *attribute = attributes[type];

	return attribute && nla_len(attribute) >= (int)sizeof(uint32_t) ? nla_get_u32(attribute) : 0;
}

static uint64_t get_u64(struct nlattr **attributes, int type)
{
	struct nlattr *attribute = attributes[type];

	return attribute && nla_len(attribute) >= (int)sizeof(uint64_t) ? nla_get_u64(attribute) : 0;
}

/* ----------------------------------------------------------------- dumps */

struct dump {
	const struct netlink_listing *listing;
	uint8_t command;
	int result; /* the first that was less than 0, of a listing's function */
};

static int tell_lease(struct nlmsghdr *header, const struct netlink_listing *listing)
{
	struct nlattr *attributes[NUMAPERF_GENL_LEASE_COUNT];
	struct numaperf_lease_entry lease;
	struct netlink_set set = { 0 };

	if (genlmsg_parse(header, 0, attributes, NUMAPERF_GENL_LEASE_COUNT - 1, NULL) < 0)
		return 0;
	lease = (struct numaperf_lease_entry){
		.id = get_u64(attributes, NUMAPERF_GENL_LEASE_ID),
		.is_range = get_u32(attributes, NUMAPERF_GENL_LEASE_KIND) == NUMAPERF_LEASE_RANGE,
		.lost = get_u32(attributes, NUMAPERF_GENL_LEASE_STATE) == NUMAPERF_LEASE_LOST,
		.reason = get_u32(attributes, NUMAPERF_GENL_LEASE_REASON),
		.pid = (pid_t)get_u32(attributes, NUMAPERF_GENL_LEASE_PID),
		.tid = (pid_t)get_u32(attributes, NUMAPERF_GENL_LEASE_TID),
		.uid = get_u32(attributes, NUMAPERF_GENL_LEASE_UID),
		.since_ns = get_u64(attributes, NUMAPERF_GENL_LEASE_SINCE),
		.threads = get_u32(attributes, NUMAPERF_GENL_LEASE_THREADS),
		.addr = get_u64(attributes, NUMAPERF_GENL_LEASE_ADDR),
		.length = get_u64(attributes, NUMAPERF_GENL_LEASE_LENGTH),
		.held = get_u64(attributes, NUMAPERF_GENL_LEASE_HELD),
		.reasserted = get_u64(attributes, NUMAPERF_GENL_LEASE_REASSERTED),
		.losses = get_u64(attributes, NUMAPERF_GENL_LEASE_LOSSES),
	};
	if (attributes[NUMAPERF_GENL_LEASE_COMM])
		nla_strlcpy(lease.name, attributes[NUMAPERF_GENL_LEASE_COMM], sizeof(lease.name));
	if (attributes[NUMAPERF_GENL_LEASE_SET]) {
		set.words = nla_data(attributes[NUMAPERF_GENL_LEASE_SET]);
		set.bits = (size_t)nla_len(attributes[NUMAPERF_GENL_LEASE_SET]) / sizeof(uint64_t) * 64;
	}
	return listing->lease(&lease, &set, listing->arg);
}

static void read_sum(struct nlattr *nest, struct numaperf_host_target *target)
{
	struct nlattr *attributes[NUMAPERF_GENL_SUM_COUNT];
	uint32_t source;

	if (nla_parse_nested(attributes, NUMAPERF_GENL_SUM_COUNT - 1, nest, NULL) < 0)
		return;
	source = get_u32(attributes, NUMAPERF_GENL_SUM_SOURCE);
	if (source >= NUMAPERF_HOST_SOURCES)
		return;
	target->sums[source] = (struct numaperf_host_sum){
		.known = true,
		.samples = get_u64(attributes, NUMAPERF_GENL_SUM_SAMPLES),
		.local_samples = get_u64(attributes, NUMAPERF_GENL_SUM_LOCAL_SAMPLES),
		.pages = get_u64(attributes, NUMAPERF_GENL_SUM_PAGES),
		.local_pages = get_u64(attributes, NUMAPERF_GENL_SUM_LOCAL_PAGES),
	};
}

static int tell_target(struct nlmsghdr *header, const struct netlink_listing *listing)
{
	struct nlattr *attributes[NUMAPERF_GENL_TARGET_COUNT], *at;
	struct numaperf_host_target target;
	int left;

	if (genlmsg_parse(header, 0, attributes, NUMAPERF_GENL_TARGET_COUNT - 1, NULL) < 0)
		return 0;
	target = (struct numaperf_host_target){
		.id = get_u32(attributes, NUMAPERF_GENL_TARGET_ID),
		.uid = get_u32(attributes, NUMAPERF_GENL_TARGET_UID),
		.pid = (pid_t)get_u32(attributes, NUMAPERF_GENL_TARGET_PID),
		.tid = (pid_t)get_u32(attributes, NUMAPERF_GENL_TARGET_TID),
		.flags = get_u32(attributes, NUMAPERF_GENL_TARGET_FLAGS),
		.sources = get_u32(attributes, NUMAPERF_GENL_TARGET_SOURCES),
		.since_ns = get_u64(attributes, NUMAPERF_GENL_TARGET_SINCE),
		.threads = get_u32(attributes, NUMAPERF_GENL_TARGET_THREADS),
		.untracked = get_u64(attributes, NUMAPERF_GENL_TARGET_UNTRACKED),
	};
	/* One for each source: the array above has the last only. */
	nlmsg_for_each_attr(at, header, GENL_HDRLEN, left)
		if (nla_type(at) == NUMAPERF_GENL_TARGET_SUM)
			read_sum(at, &target);
	return listing->target(&target, listing->arg);
}

static int on_entry(struct nl_msg *message, void *arg)
{
	struct dump *dump = arg;
	struct nlmsghdr *header = nlmsg_hdr(message);

	if (dump->result < 0)
		return NL_SKIP;
	dump->result = dump->command == NUMAPERF_GENL_CMD_LEASES ? tell_lease(header, dump->listing) :
								   tell_target(header, dump->listing);
	return NL_OK;
}

/* 0 or an error of libnl's. */
static int dump_once(struct channel *channel, struct dump *dump)
{
	int r = genl_send_simple(channel->socket, channel->family, dump->command, NUMAPERF_GENL_VERSION, NLM_F_DUMP);

	dump->listing->begin(dump->listing->arg);
	return r < 0 ? r : nl_recvmsgs_default(channel->socket);
}

static int list(const struct netlink_listing *listing, uint8_t command, const char *operation)
{
	struct dump dump = { .listing = listing, .command = command };
	struct channel channel = { 0 };
	int r = channel_open(&channel, operation);

	if (r < 0)
		return r;
	nl_socket_disable_auto_ack(channel.socket);
	r = nl_socket_modify_cb(channel.socket, NL_CB_VALID, NL_CB_CUSTOM, on_entry, &dump);
	for (int i = 0; i < TRIES && (i == 0 || r == -NLE_DUMP_INTR) && dump.result >= 0; i++)
		r = dump_once(&channel, &dump);
	channel_close(&channel);
	if (dump.result < 0)
		return dump.result;
	return r < 0 && r != -NLE_DUMP_INTR ? fail_nl(r, operation) : 0;
}

int netlink_leases(const struct netlink_listing *listing, const char *operation)
{
	return list(listing, NUMAPERF_GENL_CMD_LEASES, operation);
}

int netlink_targets(const struct netlink_listing *listing, const char *operation)
{
	return list(listing, NUMAPERF_GENL_CMD_TARGETS, operation);
}

/* ---------------------------------------------------------------- events */

struct host_events {
	struct numaperf_events base;
	struct channel channel;
	struct numaperf_event event; /* the one just received */
	uint64_t sequence;           /* of the last one, 0: none so far */
	bool received;
	bool overrun; /* the socket was full, and since then no gap was seen */
};

/* Each has its number, so that a gap says how many are missing. */
static uint64_t count_missed(struct host_events *events, uint64_t sequence)
{
	uint64_t missed = events->sequence && sequence > events->sequence ? sequence - events->sequence - 1 : 0;

	events->sequence = sequence;
	if (missed)
		events->overrun = false;
	return missed;
}

static int on_event(struct nl_msg *message, void *arg)
{
	struct host_events *events = arg;
	struct nlattr *attributes[NUMAPERF_GENL_EVENT_COUNT];

	if (genlmsg_hdr(nlmsg_hdr(message))->cmd != NUMAPERF_GENL_CMD_EVENT ||
	    genlmsg_parse(nlmsg_hdr(message), 0, attributes, NUMAPERF_GENL_EVENT_COUNT - 1, NULL) < 0)
		return NL_SKIP;
	events->event = (struct numaperf_event){
		.type = get_u32(attributes, NUMAPERF_GENL_EVENT_TYPE),
		.reason = get_u32(attributes, NUMAPERF_GENL_EVENT_REASON),
		.missed = count_missed(events, get_u64(attributes, NUMAPERF_GENL_EVENT_SEQUENCE)),
		.time_ns = get_u64(attributes, NUMAPERF_GENL_EVENT_TIME),
		.id = get_u64(attributes, NUMAPERF_GENL_EVENT_ID),
		.pid = (pid_t)get_u32(attributes, NUMAPERF_GENL_EVENT_PID),
		.tid = (pid_t)get_u32(attributes, NUMAPERF_GENL_EVENT_TID),
		.uid = get_u32(attributes, NUMAPERF_GENL_EVENT_UID),
		.addr = get_u64(attributes, NUMAPERF_GENL_EVENT_ADDR),
		.value = get_u64(attributes, NUMAPERF_GENL_EVENT_VALUE),
	};
	events->received = true;
	return NL_OK;
}

/* libnl has one word for "no memory here" and "the socket was full": the system call's says which. */
static bool socket_was_full(int result)
{
	return result == -NLE_NOMEM && errno == ENOBUFS;
}

static int host_next(struct numaperf_events *base, struct numaperf_event *ret_event)
{
	struct host_events *events = (struct host_events *)base;
	int r;

	do {
		events->received = false;
		errno = 0;
		r = nl_recvmsgs_default(events->channel.socket);
		if (socket_was_full(r)) {
			events->overrun = true;
			r = 0;
		}
	} while (r >= 0 && !events->received);
	if (events->received) {
		*ret_event = events->event;
		return 1;
	}
	if (r != -NLE_AGAIN)
		return fail_nl(r, "events_next");
	if (!events->overrun)
		return 0;
	events->overrun = false;
	*ret_event = (struct numaperf_event){ .type = NUMAPERF_EVENT_OVERRUN, .uid = (uid_t)-1 };
	return 1;
}

static void host_free(struct numaperf_events *base, bool here)
{
	struct host_events *events = (struct host_events *)base;

	(void)here; /* a forked child closes its copy of the socket only */
	channel_close(&events->channel);
	free(events);
}

static const struct events_source host_source = { .next = host_next, .free = host_free };

static int join(struct host_events *events)
{
	struct nl_sock *socket = events->channel.socket;
	int r = genl_ctrl_resolve_grp(socket, NUMAPERF_GENL_NAME, NUMAPERF_GENL_EVENTS);

	nl_socket_disable_seq_check(socket);
	if (r >= 0)
		r = nl_socket_add_membership(socket, r);
	if (r >= 0)
		r = nl_socket_set_nonblocking(socket);
	if (r >= 0)
		r = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_event, events);
	return r < 0 ? fail_nl(r, "host_events_open") : 0;
}

int numaperf_host_events_open(struct numaperf_events **ret_events)
{
	struct host_events *events = calloc(1, sizeof(*events));
	int r;

	if (!events)
		return np_fail_nomem("host_events_open");
	r = channel_open(&events->channel, "host_events_open");
	if (r == 0)
		r = join(events);
	if (r < 0) {
		channel_close(&events->channel);
		free(events);
		return r;
	}
	events->base = (struct numaperf_events){
		.source = &host_source,
		.owner = np_owner_here(),
		.fd = nl_socket_get_fd(events->channel.socket),
	};
	*ret_events = &events->base;
	return 0;
}
