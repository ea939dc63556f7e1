// SPDX-License-Identifier: GPL-2.0
/* Child processes of any user, files, and waiting. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "np.h"

/* A test that is killed must not leave processes behind that hold the device open. */
static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void __attribute__((constructor)) watch_forks(void)
{
	pthread_atfork(NULL, NULL, die_with_parent);
}

/* A user without any privilege, yet an ordinary one: dropping ids makes a process undumpable. */
static int become(uid_t uid)
{
	if (uid == geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

int np_enter_user_namespace(void)
{
	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

int np_spawn(struct np_child *child, uid_t uid, np_child_fn fn, void *arg)
{
	struct np_child me;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		close(pair[0]);
		close(pair[1]);
		return err;
	}
	if (pid > 0) {
		/* by the parent alone: the structure may be in memory that both share */
		*child = (struct np_child) { .pid = pid, .socket = pair[0] };
		close(pair[1]);
		return 0;
	}

	close(pair[0]);
	me = (struct np_child) { .pid = getpid(), .socket = pair[1] };
	/* The kernel forgets the death signal when ids change: set it last. */
	if (become(uid))
		_exit(255);
	die_with_parent();
	_exit(fn(&me, arg));
}

int np_say(struct np_child *child, __u64 value)
{
	ssize_t sent = send(child->socket, &value, sizeof(value), MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent == (ssize_t)sizeof(value) ? 0 : -EPIPE;
}

int np_hear(struct np_child *child, __u64 *value)
{
	struct pollfd pollfd = { .fd = child->socket, .events = POLLIN };
	int ready = poll(&pollfd, 1, 2 * np_patience_ns() / 1000000);
	ssize_t got;

	if (ready <= 0)
		return ready < 0 ? -errno : -ETIMEDOUT;
	got = recv(child->socket, value, sizeof(*value), MSG_WAITALL);
	return got < 0 ? -errno : got == (ssize_t)sizeof(*value) ? 0 : -EPIPE;
}

int np_reap(struct np_child *child)
{
	int status;

	/* A child that waits for a word sees the end; its siblings may hold copies of this descriptor. */
	shutdown(child->socket, SHUT_RDWR);
	close(child->socket);
	if (waitpid(child->pid, &status, 0) != child->pid)
		return -errno;
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int np_kill(struct np_child *child)
{
	kill(child->pid, SIGKILL);
	return np_reap(child);
}

int np_run(uid_t uid, np_child_fn fn, void *arg)
{
	struct np_child child;
	int err = np_spawn(&child, uid, fn, arg);
	int status;

	if (err)
		return err;
	/* np_reap would close the socket first; fn may still want to hear it. */
	if (waitpid(child.pid, &status, 0) != child.pid)
		return -errno;
	close(child.socket);
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

const char *np_helper_path(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	if (length < 0)
		abort();
	path[length] = 0;
	slash = strrchr(path, '/');
	strcpy(slash + 1, "np_helper");
	return path;
}

int np_exec_helper(const char *path, const char *verb, long number, int socket)
{
	char number_text[24], socket_text[24];

	snprintf(number_text, sizeof(number_text), "%ld", number);
	snprintf(socket_text, sizeof(socket_text), "%d", socket);
	execl(path, "np_helper", verb, number_text, socket_text, (char *)NULL);
	return -errno;
}

int np_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t put;
	int err;

	if (fd < 0)
		return -errno;
	put = write(fd, text, strlen(text));
	err = put < 0 ? -errno : 0;
	close(fd);
	return err;
}

int np_read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;
	int err;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + length, size - 1 - length)) > 0)
		length += got;
	err = got < 0 ? -errno : (int)length;
	text[length] = 0;
	close(fd);
	return err;
}

__u64 np_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void np_nap(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 10 * 1000 * 1000 }, NULL);
}

static long environment_number(const char *name)
{
	const char *text = getenv(name);

	return text ? atol(text) : 0;
}

__u64 np_patience_ns(void)
{
	long slow = environment_number("NP_SLOW");

	return NP_PATIENCE_SECONDS * 1000000000ULL * (slow > 1 ? slow : 1);
}

int np_rounds(int usual, int deep)
{
	long rounds = environment_number("NP_ROUNDS");

	if (rounds > 0)
		return rounds;
	return environment_number("NP_DEEP") ? deep : usual;
}
