/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who looks: whose leases and targets it may see, and how ids are told to it.
 */
#ifndef NP_READER_H
#define NP_READER_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct pid;
struct pid_namespace;
struct sk_buff;
struct user_namespace;

/**
 * struct np_reader - rights and namespaces of one request
 * @kuid: user whose own things it may see; invalid: nobody's
 * @nice: CAP_SYS_NICE in the initial user namespace: sees everyone's
 * @perfmon: CAP_PERFMON likewise: sees addresses and counts of others
 * @tgid: its process; NULL: none is its own
 * @pid_ns: of its process
 * @user_ns: of its process
 */
struct np_reader {
	kuid_t kuid;
	bool nice;
	bool perfmon;
	struct pid *tgid;
	struct pid_namespace *pid_ns;
	struct user_namespace *user_ns;
};

void np_reader_current(struct np_reader *reader);
void np_reader_get_netlink(struct np_reader *reader, const struct sk_buff *skb);
void np_reader_put(struct np_reader *reader);

/* Its own user's, or everyone's. */
static inline bool np_reader_sees(const struct np_reader *reader, kuid_t kuid)
{
	return reader->nice || uid_eq(reader->kuid, kuid);
}

#endif /* NP_READER_H */
