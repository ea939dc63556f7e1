// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "reader.h"

/* Whoever lacks it is no offender: it is only shown less. */
static bool reader_capable(int cap)
{
	return ns_capable_noaudit(&init_user_ns, cap);
}

/* The caller of an ioctl. What it points at lives as long as the call. */
void np_reader_current(struct np_reader *reader)
{
	*reader = (struct np_reader) {
		.kuid = current_uid(),
		.nice = reader_capable(CAP_SYS_NICE),
		.perfmon = reader_capable(CAP_PERFMON) ||
			   reader_capable(CAP_SYS_ADMIN),
		.tgid = task_tgid(current),
		.pid_ns = task_active_pid_ns(current),
		.user_ns = current_user_ns(),
	};
}

/* Is the sender the user that opened the socket? */
static bool opened_by_sender(const struct sk_buff *skb)
{
	struct socket *socket = NETLINK_CB(skb).sk->sk_socket;

	return socket && socket->file &&
	       uid_eq(socket->file->f_cred->uid, current_uid()) &&
	       uid_eq(socket->file->f_cred->euid, current_euid());
}

/*
 * Had whoever opened the socket the capability then? netlink_capable() would not
 * ask where the request names its destination.
 */
static bool opener_capable(const struct sk_buff *skb, int cap)
{
	struct socket *socket = NETLINK_CB(skb).sk->sk_socket;

	return socket && socket->file &&
	       file_ns_capable(socket->file, &init_user_ns, cap);
}

/**
 * np_reader_get_netlink() - the sender of a request, in its own context
 *
 * The answers go to the socket, whoever reads it then: so it is decided once,
 * now, for all parts of a dump. A program with more rights that was handed a
 * socket (as its standard output, say) and made to write there is shown no more
 * than whoever opened it, and whoever opened it no more than the program.
 *
 * The caller puts it.
 */
void np_reader_get_netlink(struct np_reader *reader, const struct sk_buff *skb)
{
	np_reader_current(reader);
	reader->nice = reader->nice && opener_capable(skb, CAP_SYS_NICE);
	reader->perfmon = reader->perfmon &&
			  (opener_capable(skb, CAP_PERFMON) ||
			   opener_capable(skb, CAP_SYS_ADMIN));
	if (!opened_by_sender(skb)) {
		reader->kuid = INVALID_UID;
		reader->tgid = NULL;
	}
	get_pid(reader->tgid);
	get_pid_ns(reader->pid_ns);
	get_user_ns(reader->user_ns);
}

void np_reader_put(struct np_reader *reader)
{
	put_pid(reader->tgid);
	put_pid_ns(reader->pid_ns);
	put_user_ns(reader->user_ns);
}
