/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink: the view of the whole host. Requests are answered in
 * netlink.c; events go out in netlink_event.c, and only while somebody listens.
 */
#ifndef NP_NETLINK_H
#define NP_NETLINK_H

#include <linux/numaperf.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>

struct np_event;

/* netlink.c */
extern struct genl_family np_netlink_family;

int np_netlink_init(void);
void np_netlink_exit(void);
enum numaperf_reason np_netlink_reason(void);

/* netlink_event.c */
struct np_netlink_counts {
	u64 queued;
	u64 sent;
	u64 dropped;
};

void np_netlink_post(const struct np_event *event, kuid_t kuid, u64 time_ns);
void np_netlink_open(void);
void np_netlink_close(void);
void np_netlink_count(struct np_netlink_counts *ret);

#endif /* NP_NETLINK_H */
