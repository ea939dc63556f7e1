/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "message.h"
#include "signals.h"
#include "verb.h"

#define STATUS_CANNOT_EXECUTE 126
#define STATUS_NOT_FOUND 127

/* One number, with a descriptor unless it is -1: first the result of prepare, then, only if exec fails, its errno. */
static int send_up(int channel, int number, int fd)
{
	struct iovec data = { .iov_base = &number, .iov_len = sizeof(number) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	return sendmsg(channel, &message, MSG_NOSIGNAL) == sizeof(number) ? 0 : -1;
}

/* false: the other end is closed. */
static bool receive(int channel, int *ret_number, int *ret_fd)
{
	struct iovec data = { .iov_base = ret_number, .iov_len = sizeof(*ret_number) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
	};
	ssize_t n;

	do
		n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*ret_number))
		return false;
	*ret_fd = -1;
	if (CMSG_FIRSTHDR(&message) && CMSG_FIRSTHDR(&message)->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*ret_fd));
	return true;
}

static int exec_failed(const char *command, int errnum)
{
	fail("%s: %s", command, strerror(errnum));
	return errnum == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

int launch_execute(char *const argv[])
{
	execvp(argv[0], argv);
	return exec_failed(argv[0], errno);
}

static _Noreturn void child(int channel, char *const argv[], launch_prepare_fn prepare, void *data)
{
	int fd = -1, result = prepare(data, &fd);

	/* A parent that is gone could hold nothing for the command. */
	if (send_up(channel, result, fd) < 0 || result < 0)
		_exit(STATUS_FAILED);
	signals_give_back();
	execvp(argv[0], argv);
	send_up(channel, errno, -1);
	_exit(STATUS_CANNOT_EXECUTE);
}

/* The child's reports, up to its exec, which closes its end. */
static int follow(struct launch *launch, int channel, const char *command)
{
	int errnum, none;

	if (!receive(channel, &launch->result, &launch->fd)) {
		launch_wait(launch);
		return fail("%s: the process ended before it could be executed", command);
	}
	if (launch->result < 0) {
		launch_wait(launch);
		return 0;
	}
	if (!receive(channel, &errnum, &none))
		return 0;
	if (launch->fd >= 0)
		close(launch->fd);
	launch_wait(launch);
	return exec_failed(command, errnum);
}

int launch_start(char *const argv[], launch_prepare_fn prepare, void *data, struct launch *ret_launch)
{
	int ends[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail("socketpair: %s", strerror(errno));
	*ret_launch = (struct launch){ .pid = fork(), .pidfd = -1, .fd = -1 };
	if (ret_launch->pid == 0) {
		close(ends[0]);
		child(ends[1], argv, prepare, data);
	}
	close(ends[1]);
	if (ret_launch->pid < 0)
		status = fail("fork: %s", strerror(errno));
	else
		status = follow(ret_launch, ends[0], argv[0]);
	close(ends[0]);
	if (status || ret_launch->result < 0)
		return status;
	ret_launch->pidfd = pidfd_open(ret_launch->pid, 0);
	return ret_launch->pidfd < 0 ? fail("pidfd_open: %s", strerror(errno)) : 0;
}

int launch_wait(struct launch *launch)
{
	int status;

	while (waitpid(launch->pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail("waitpid: %s", strerror(errno));
	if (launch->pidfd >= 0)
		close(launch->pidfd);
	launch->pidfd = -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void launch_forward_signals(struct launch *launch, int signals)
{
	struct signal_event event;

	while (signals_next(signals, &event))
		if (!event.from_terminal)
			kill(launch->pid, event.number);
}
