/* SPDX-License-Identifier: GPL-2.0 */
/* The family "numaperf" by a raw socket: nothing but the kernel's headers stands between a test and the messages. */
#ifndef NP_NETLINK_H
#define NP_NETLINK_H

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "np.h"

#define NP_ATTRIBUTES 32

struct np_netlink {
	int fd;
	__u16 family;
	__u32 group;	/* "events" */
	__u32 sequence;
};

/* One message; attributes by number, NULL: absent. They point into it. */
struct np_message {
	__u8 command;
	__u16 flags;
	const struct nlattr *attributes[NP_ATTRIBUTES];
	__u64 buffer[1024];
};

int np_netlink_socket(void);			/* a descriptor or -errno */
int np_netlink_resolve(struct np_netlink *nl);	/* the family, which may load the module; -ENOENT */
int np_netlink_open(struct np_netlink *nl);	/* both */
void np_netlink_close(struct np_netlink *nl);
int np_netlink_join(struct np_netlink *nl);

/* length bytes of attributes after the header; the errno that the kernel answers. */
int np_netlink_send(struct np_netlink *nl, __u8 command, __u16 flags, const void *attributes, size_t length);
/* The answer to a single question. */
int np_netlink_ask(struct np_netlink *nl, __u8 command, struct np_message *answer);
/* The next event, -ETIMEDOUT, -ENOBUFS. */
int np_netlink_event(struct np_netlink *nl, struct np_message *event);
int np_netlink_event_now(struct np_netlink *nl, struct np_message *event);	/* -EAGAIN */

/*
 * All messages of a dump: how many, or -errno. fn, which may be NULL, sees each. size: of the buffer to receive into.
 * parts: how many times it had to receive; flags: of all messages, or'ed.
 */
struct np_dump {
	size_t size;
	int (*fn)(const struct np_message *message, void *arg);
	void *arg;
	unsigned int parts;
	__u16 flags;
};
int np_netlink_dump(struct np_netlink *nl, __u8 command, struct np_dump *dump);
int np_netlink_dump_begin(struct np_netlink *nl, __u8 command);
int np_netlink_dump_go_on(struct np_netlink *nl, struct np_dump *dump, bool *ret_done);	/* messages of one part */

void np_message_copy(struct np_message *to, const struct np_message *from);
__u32 np_attr_u32(const struct np_message *message, int type);
__u64 np_attr_u64(const struct np_message *message, int type);
const void *np_attr_data(const struct nlattr *attribute, size_t *ret_length);
/* Attributes within one that nests. */
void np_attr_parse(const void *from, size_t length, const struct nlattr **attributes);

#endif
