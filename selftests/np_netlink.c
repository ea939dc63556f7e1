// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "np_netlink.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* ------------------------------------------------------------ attributes */

const void *np_attr_data(const struct nlattr *attribute, size_t *ret_length)
{
	if (ret_length)
		*ret_length = attribute->nla_len - NLA_HDRLEN;
	return (const char *)attribute + NLA_HDRLEN;
}

void np_attr_parse(const void *from, size_t length, const struct nlattr **attributes)
{
	const char *at = from, *end = at + length;

	memset(attributes, 0, NP_ATTRIBUTES * sizeof(*attributes));
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attribute = (const struct nlattr *)at;

		if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > end)
			break;
		if ((attribute->nla_type & NLA_TYPE_MASK) < NP_ATTRIBUTES)
			attributes[attribute->nla_type & NLA_TYPE_MASK] = attribute;
		at += NLA_ALIGN(attribute->nla_len);
	}
}

__u32 np_attr_u32(const struct np_message *message, int type)
{
	__u32 value = ~0U;

	if (message->attributes[type])
		memcpy(&value, np_attr_data(message->attributes[type], NULL), sizeof(value));
	return value;
}

__u64 np_attr_u64(const struct np_message *message, int type)
{
	__u64 value = ~0ULL;

	if (message->attributes[type])
		memcpy(&value, np_attr_data(message->attributes[type], NULL), sizeof(value));
	return value;
}

/* -------------------------------------------------------------- messages */

static int send_to(int fd, __u16 family, __u32 sequence, __u8 command, __u16 flags, const void *attributes,
		   size_t length)
{
	struct {
		struct nlmsghdr netlink;
		struct genlmsghdr generic;
		char attributes[64];
	} message = {
		.netlink = { .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = sequence },
		.generic = { .cmd = command, .version = 1 },
	};

	if (length > sizeof(message.attributes))
		return -EMSGSIZE;
	if (length)
		memcpy(message.attributes, attributes, length);
	message.netlink.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + length;
	return send(fd, &message, message.netlink.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* What the kernel says in an error or done message. */
static int said(const struct nlmsghdr *header)
{
	int err = 0;

	memcpy(&err, NLMSG_DATA(header), sizeof(err));
	return err;
}

static void message_read(const struct nlmsghdr *header, struct np_message *message)
{
	const struct genlmsghdr *generic;

	memset(message->attributes, 0, sizeof(message->attributes));
	if (header->nlmsg_len > sizeof(message->buffer))
		return;
	memcpy(message->buffer, header, header->nlmsg_len);
	header = (const struct nlmsghdr *)message->buffer;
	generic = NLMSG_DATA(header);
	message->command = generic->cmd;
	message->flags = header->nlmsg_flags;
	np_attr_parse((const char *)generic + GENL_HDRLEN, header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN),
		      message->attributes);
}

void np_message_copy(struct np_message *to, const struct np_message *from)
{
	message_read((const struct nlmsghdr *)from->buffer, to);
}

static ssize_t receive(int fd, void *buffer, size_t size, int flags)
{
	ssize_t got;

	do
		got = recv(fd, buffer, size, flags);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* One message alone: an answer, an event, or an error. */
static int receive_one(int fd, struct np_message *message, int flags)
{
	char buffer[8192] __attribute__((aligned(8)));
	struct nlmsghdr *header = (struct nlmsghdr *)buffer;
	ssize_t got = receive(fd, buffer, sizeof(buffer), flags);

	if (got < 0)
		return got;
	if (!NLMSG_OK(header, got))
		return -EBADMSG;
	if (header->nlmsg_type == NLMSG_ERROR)
		return said(header);
	message_read(header, message);
	return 0;
}

int np_netlink_send(struct np_netlink *nl, __u8 command, __u16 flags, const void *attributes, size_t length)
{
	struct np_message answer;
	int err = send_to(nl->fd, nl->family, ++nl->sequence, command, flags | NLM_F_ACK, attributes, length);

	return err ?: receive_one(nl->fd, &answer, 0);
}

int np_netlink_ask(struct np_netlink *nl, __u8 command, struct np_message *answer)
{
	int err = send_to(nl->fd, nl->family, ++nl->sequence, command, 0, NULL, 0);

	return err ?: receive_one(nl->fd, answer, 0);
}

int np_netlink_event_now(struct np_netlink *nl, struct np_message *event)
{
	return receive_one(nl->fd, event, MSG_DONTWAIT);
}

int np_netlink_event(struct np_netlink *nl, struct np_message *event)
{
	struct pollfd pollfd = { .fd = nl->fd, .events = POLLIN };
	int ready = poll(&pollfd, 1, NP_PATIENCE_SECONDS * 1000);

	if (ready <= 0)
		return ready < 0 ? -errno : -ETIMEDOUT;
	return np_netlink_event_now(nl, event);
}

/* ----------------------------------------------------------------- dumps */

int np_netlink_dump_begin(struct np_netlink *nl, __u8 command)
{
	return send_to(nl->fd, nl->family, ++nl->sequence, command, NLM_F_DUMP, NULL, 0);
}

int np_netlink_dump_go_on(struct np_netlink *nl, struct np_dump *dump, bool *ret_done)
{
	size_t size = dump->size ?: 32768;
	char *buffer = malloc(size);
	ssize_t got = receive(nl->fd, buffer, size, 0);
	struct nlmsghdr *header = (struct nlmsghdr *)buffer;
	struct np_message message;
	int n = 0, err = got < 0 ? got : 0;

	dump->parts++;
	for (; !err && NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
		dump->flags |= header->nlmsg_flags;
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
			*ret_done = true;
			err = said(header);
			break;
		}
		message_read(header, &message);
		n++;
		if (dump->fn)
			err = dump->fn(&message, dump->arg);
	}
	free(buffer);
	return err ?: n;
}

int np_netlink_dump(struct np_netlink *nl, __u8 command, struct np_dump *dump)
{
	struct np_dump plain = { 0 };
	int n, all = 0, err = np_netlink_dump_begin(nl, command);
	bool done = false;

	if (!dump)
		dump = &plain;
	while (!err && !done) {
		n = np_netlink_dump_go_on(nl, dump, &done);
		if (n < 0)
			err = n;
		else
			all += n;
	}
	return err ?: all;
}

/* ---------------------------------------------------------------- family */

int np_netlink_socket(void)
{
	struct timeval limit = { .tv_sec = NP_PATIENCE_SECONDS };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void find_group(struct np_netlink *nl, const struct np_message *family)
{
	const struct nlattr *groups[NP_ATTRIBUTES], *group[NP_ATTRIBUTES];
	size_t length;
	const void *data;

	if (!family->attributes[CTRL_ATTR_MCAST_GROUPS])
		return;
	data = np_attr_data(family->attributes[CTRL_ATTR_MCAST_GROUPS], &length);
	np_attr_parse(data, length, groups);
	for (int i = 0; i < NP_ATTRIBUTES; i++) {
		if (!groups[i])
			continue;
		data = np_attr_data(groups[i], &length);
		np_attr_parse(data, length, group);
		if (!strcmp(np_attr_data(group[CTRL_ATTR_MCAST_GRP_NAME], NULL), NUMAPERF_GENL_EVENTS))
			memcpy(&nl->group, np_attr_data(group[CTRL_ATTR_MCAST_GRP_ID], NULL), sizeof(nl->group));
	}
}

int np_netlink_resolve(struct np_netlink *nl)
{
	struct {
		struct nlattr head;
		char name[NLA_ALIGN(sizeof(NUMAPERF_GENL_NAME))];
	} name = {
		.head = { .nla_type = CTRL_ATTR_FAMILY_NAME, .nla_len = NLA_HDRLEN + sizeof(NUMAPERF_GENL_NAME) },
		.name = NUMAPERF_GENL_NAME,
	};
	struct np_message answer;
	int err = send_to(nl->fd, GENL_ID_CTRL, ++nl->sequence, CTRL_CMD_GETFAMILY, 0, &name, sizeof(name));

	if (!err)
		err = receive_one(nl->fd, &answer, 0);
	if (err)
		return err;
	memcpy(&nl->family, np_attr_data(answer.attributes[CTRL_ATTR_FAMILY_ID], NULL), sizeof(nl->family));
	find_group(nl, &answer);
	return 0;
}

int np_netlink_open(struct np_netlink *nl)
{
	int err;

	*nl = (struct np_netlink) { .fd = np_netlink_socket() };
	if (nl->fd < 0)
		return nl->fd;
	err = np_netlink_resolve(nl);
	if (err)
		np_netlink_close(nl);
	return err;
}

void np_netlink_close(struct np_netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

int np_netlink_join(struct np_netlink *nl)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group, sizeof(nl->group)) ? -errno : 0;
}
