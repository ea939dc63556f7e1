// SPDX-License-Identifier: GPL-2.0
/*
 * The family "numaperf": INFO, and dumps of leases and targets. Only encodes.
 *
 * A dump goes by id, one lookup at a time, so that no lock is held from one
 * message to the next: what stays is told once, and what comes or goes meanwhile
 * is said to have (NLM_F_DUMP_INTR). The rights are those of the moment in which
 * it began.
 */
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "info.h"
#include "lease.h"
#include "netlink.h"
#include "reader.h"
#include "session.h"
#include "target.h"
#include "target_list.h"

/**
 * struct dump - what is kept from one part of a dump to the next
 * @last: id of the last one that was told
 * @reader: who asked
 */
struct dump {
	u64 last;
	struct np_reader reader;
};

static struct dump *dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump) > sizeof(cb->ctx));
	return (struct dump *)cb->ctx;
}

static int dump_start(struct netlink_callback *cb)
{
	np_reader_get_netlink(&dump_of(cb)->reader, cb->skb);
	return 0;
}

static int dump_done(struct netlink_callback *cb)
{
	np_reader_put(&dump_of(cb)->reader);
	return 0;
}

static void *dump_message(struct sk_buff *skb, struct netlink_callback *cb,
			  u8 command)
{
	void *message = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				    cb->nlh->nlmsg_seq, &np_netlink_family,
				    NLM_F_MULTI, command);

	if (message)
		genl_dump_check_consistent(cb, message);
	return message;
}

/* ------------------------------------------------------------------ info */

static int info_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, NUMAPERF_GENL_INFO_PAD);
}

static int info_put(struct sk_buff *skb, const struct numaperf_ioc_info *info,
		    const struct np_netlink_counts *counts)
{
	if (info_u64(skb, NUMAPERF_GENL_INFO_FEATURES, info->features) ||
	    info_u64(skb, NUMAPERF_GENL_INFO_KNOWN, info->known) ||
	    nla_put(skb, NUMAPERF_GENL_INFO_REASONS,
		    NUMAPERF_FEATURE_COUNT * sizeof(*info->reasons),
		    info->reasons) ||
	    nla_put_u32(skb, NUMAPERF_GENL_INFO_ACTIVE, info->active) ||
	    nla_put_u32(skb, NUMAPERF_GENL_INFO_NODE_IDS, info->node_ids) ||
	    nla_put_u32(skb, NUMAPERF_GENL_INFO_CPU_IDS, info->cpu_ids) ||
	    nla_put_u32(skb, NUMAPERF_GENL_INFO_PAGE_SIZE, info->page_size) ||
	    nla_put_u32(skb, NUMAPERF_GENL_INFO_SESSIONS, info->sessions) ||
	    info_u64(skb, NUMAPERF_GENL_INFO_EVENTS_QUEUED, counts->queued) ||
	    info_u64(skb, NUMAPERF_GENL_INFO_EVENTS_SENT, counts->sent) ||
	    info_u64(skb, NUMAPERF_GENL_INFO_EVENTS_DROPPED, counts->dropped))
		return -EMSGSIZE;
	return 0;
}

static int info_doit(struct sk_buff *request, struct genl_info *genl)
{
	struct numaperf_ioc_info info = {};
	struct np_netlink_counts counts;
	struct sk_buff *skb;
	void *message;

	np_info_host(&info);
	np_netlink_count(&counts);
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	message = genlmsg_put_reply(skb, genl, &np_netlink_family, 0,
				    NUMAPERF_GENL_CMD_INFO);
	if (!message || info_put(skb, &info, &counts)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, message);
	return genlmsg_reply(skb, genl);
}

/* ---------------------------------------------------------------- leases */

static int lease_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, NUMAPERF_GENL_LEASE_PAD);
}

static int lease_put_set(struct sk_buff *skb, struct np_lease *lease)
{
	unsigned int bits, words;
	const unsigned long *set = lease->ops->set(lease, &bits);
	struct nlattr *attr;

	words = DIV_ROUND_UP(bits, 64);
	attr = nla_reserve(skb, NUMAPERF_GENL_LEASE_SET, words * sizeof(u64));
	if (!attr)
		return -EMSGSIZE;
	bitmap_to_arr64(nla_data(attr), set, bits);
	return 0;
}

static int lease_put_ids(struct sk_buff *skb,
			 const struct numaperf_lease_record *record)
{
	if (lease_u64(skb, NUMAPERF_GENL_LEASE_ID, record->id) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_KIND, record->kind) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_STATE, record->state) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_REASON, record->reason) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_FLAGS, record->flags) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_PID, record->pid) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_TID, record->tid) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_UID, record->uid) ||
	    nla_put_u32(skb, NUMAPERF_GENL_LEASE_THREADS, record->threads) ||
	    nla_put_string(skb, NUMAPERF_GENL_LEASE_COMM, record->comm))
		return -EMSGSIZE;
	return 0;
}

static int lease_put_sums(struct sk_buff *skb,
			  const struct numaperf_lease_record *record)
{
	if (lease_u64(skb, NUMAPERF_GENL_LEASE_SINCE, record->since_ns) ||
	    (record->addr &&
	     lease_u64(skb, NUMAPERF_GENL_LEASE_ADDR, record->addr)) ||
	    lease_u64(skb, NUMAPERF_GENL_LEASE_LENGTH, record->length) ||
	    lease_u64(skb, NUMAPERF_GENL_LEASE_HELD, record->held) ||
	    lease_u64(skb, NUMAPERF_GENL_LEASE_REASSERTED,
		      record->reasserted) ||
	    lease_u64(skb, NUMAPERF_GENL_LEASE_LOSSES, record->losses))
		return -EMSGSIZE;
	return 0;
}

static int lease_put(struct sk_buff *skb, struct netlink_callback *cb,
		     struct np_lease *lease)
{
	struct numaperf_lease_record record;
	void *message = dump_message(skb, cb, NUMAPERF_GENL_CMD_LEASES);

	if (!message)
		return -EMSGSIZE;
	np_lease_fill(lease, &dump_of(cb)->reader, &record);
	if (lease_put_ids(skb, &record) || lease_put_sums(skb, &record) ||
	    lease_put_set(skb, lease)) {
		genlmsg_cancel(skb, message);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, message);
	return 0;
}

static int leases_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *dump = dump_of(cb);
	struct np_lease *lease;
	int err = 0;

	cb->seq = np_leases_changes();
	while (!err && (lease = np_lease_next(dump->last, &dump->reader))) {
		err = lease_put(skb, cb, lease);
		if (!err)
			dump->last = lease->id;
		np_lease_put(lease);
	}
	return skb->len ?: err;
}

/* --------------------------------------------------------------- targets */

static int sum_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, NUMAPERF_GENL_SUM_PAD);
}

static int sum_put(struct sk_buff *skb, u32 source, const struct np_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, NUMAPERF_GENL_TARGET_SUM);

	if (!nest ||
	    nla_put_u32(skb, NUMAPERF_GENL_SUM_SOURCE, source) ||
	    sum_u64(skb, NUMAPERF_GENL_SUM_SAMPLES, sum->samples) ||
	    sum_u64(skb, NUMAPERF_GENL_SUM_LOCAL_SAMPLES,
		    sum->local_samples) ||
	    sum_u64(skb, NUMAPERF_GENL_SUM_PAGES, sum->pages) ||
	    sum_u64(skb, NUMAPERF_GENL_SUM_LOCAL_PAGES, sum->local_pages))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/*
 * Counts are shown where the reader could have counted: to CAP_PERFMON, and to
 * the user of a session that did not need it.
 */
static bool sums_visible(const struct np_target *target,
			 const struct np_reader *reader)
{
	return reader->perfmon || (uid_eq(reader->kuid, target->kuid) &&
				   !target->session->perfmon);
}

static int target_put_sums(struct sk_buff *skb, struct np_target *target,
			   bool visible)
{
	struct np_sum sums[NUMAPERF_SOURCE_COUNT] = {};
	u32 threads = np_target_sum(target, sums);
	int i, err;

	err = nla_put_u32(skb, NUMAPERF_GENL_TARGET_THREADS, threads);
	for (i = 0; i < NUMAPERF_SOURCE_COUNT && visible && !err; i++) {
		if (target->sources & BIT(i))
			err = sum_put(skb, i, &sums[i]);
	}
	return err;
}

static int target_put_ids(struct sk_buff *skb, struct np_target *target,
			  const struct np_reader *reader)
{
	if (nla_put_u32(skb, NUMAPERF_GENL_TARGET_ID, target->id) ||
	    nla_put_u32(skb, NUMAPERF_GENL_TARGET_UID,
			from_kuid_munged(reader->user_ns, target->kuid)) ||
	    nla_put_u32(skb, NUMAPERF_GENL_TARGET_PID,
			pid_nr_ns(target->pid, reader->pid_ns)) ||
	    nla_put_u32(skb, NUMAPERF_GENL_TARGET_TID,
			pid_nr_ns(target->tid, reader->pid_ns)) ||
	    nla_put_u32(skb, NUMAPERF_GENL_TARGET_FLAGS, target->flags) ||
	    nla_put_u32(skb, NUMAPERF_GENL_TARGET_SOURCES, target->sources) ||
	    nla_put_u64_64bit(skb, NUMAPERF_GENL_TARGET_SINCE,
			      target->since_ns, NUMAPERF_GENL_TARGET_PAD) ||
	    nla_put_u64_64bit(skb, NUMAPERF_GENL_TARGET_UNTRACKED,
			      atomic64_read(&target->untracked),
			      NUMAPERF_GENL_TARGET_PAD))
		return -EMSGSIZE;
	return 0;
}

static int target_put(struct sk_buff *skb, struct netlink_callback *cb,
		      struct np_target *target)
{
	const struct np_reader *reader = &dump_of(cb)->reader;
	void *message = dump_message(skb, cb, NUMAPERF_GENL_CMD_TARGETS);

	if (!message)
		return -EMSGSIZE;
	if (target_put_ids(skb, target, reader) ||
	    target_put_sums(skb, target, sums_visible(target, reader))) {
		genlmsg_cancel(skb, message);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, message);
	return 0;
}

static int targets_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *dump = dump_of(cb);
	struct np_target *target;
	int err = 0;

	cb->seq = np_targets_changes();
	while (!err && (target = np_target_next(dump->last, &dump->reader))) {
		err = target_put(skb, cb, target);
		if (!err)
			dump->last = target->id;
		np_target_put(target);
	}
	return skb->len ?: err;
}

/* ---------------------------------------------------------------- family */

static const struct genl_ops operations[] = {
	{
		.cmd = NUMAPERF_GENL_CMD_INFO,
		.doit = info_doit,
	},
	{
		.cmd = NUMAPERF_GENL_CMD_LEASES,
		.start = dump_start,
		.dumpit = leases_dumpit,
		.done = dump_done,
	},
	{
		.cmd = NUMAPERF_GENL_CMD_TARGETS,
		.start = dump_start,
		.dumpit = targets_dumpit,
		.done = dump_done,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = NUMAPERF_GENL_EVENTS, .flags = NP_GENL_MCAST_ADMIN },
};

struct genl_family np_netlink_family __ro_after_init = {
	.name = NUMAPERF_GENL_NAME,
	.version = NUMAPERF_GENL_VERSION,
	.module = THIS_MODULE,
	.parallel_ops = true,
	.ops = operations,
	.n_ops = ARRAY_SIZE(operations),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

static enum numaperf_reason reason = NUMAPERF_REASON_NO_HOOK;

enum numaperf_reason np_netlink_reason(void)
{
	return reason;
}

int __init np_netlink_init(void)
{
	int err = genl_register_family(&np_netlink_family);

	if (err == -ENOMEM)
		reason = NUMAPERF_REASON_NO_MEMORY;
	if (err)
		return err;
	reason = NUMAPERF_REASON_NONE;
	np_netlink_open();
	return 0;
}

/* After all that could post an event. */
void np_netlink_exit(void)
{
	if (reason)
		return;
	np_netlink_close();
	genl_unregister_family(&np_netlink_family);
}

MODULE_ALIAS_GENL_FAMILY(NUMAPERF_GENL_NAME);
