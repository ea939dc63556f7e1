/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The janitor: a process that is told what to remove and does it when nobody can tell it any more, that is, when the
 * demo has ended, be it by returning, by Ctrl-C or by kill -9. It has a session of its own, so that signals from the
 * terminal don't reach it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

#define RUBBISH_MAX 32
#define PATIENCE 5.0 /* seconds until killed processes have left their cgroup */

struct message {
	enum demo_rubbish kind;
	char path[256];
};

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

static bool remove_cgroup(const char *path)
{
	double deadline = demo_clock() + PATIENCE;
	char kill_file[300];

	snprintf(kill_file, sizeof(kill_file), "%s/cgroup.kill", path);
	write_file(kill_file, "1");
	while (rmdir(path) < 0) {
		if (errno != EBUSY)
			return errno == ENOENT;
		if (demo_clock() > deadline)
			return false;
		demo_pause(0.02);
	}
	return true;
}

static bool remove_rubbish(const struct message *message)
{
	switch (message->kind) {
	case DEMO_RUBBISH_FILE:
		return unlink(message->path) == 0 || errno == ENOENT;
	case DEMO_RUBBISH_DIRECTORY:
		return rmdir(message->path) == 0 || errno == ENOENT;
	case DEMO_RUBBISH_CGROUP:
		return remove_cgroup(message->path);
	case DEMO_RUBBISH_CONTROLLER:
		return write_file(message->path, "-cpuset");
	}
	return false;
}

static _Noreturn void janitor(int listen)
{
	struct message messages[RUBBISH_MAX];
	size_t count = 0;
	bool clean = true;

	while (count < RUBBISH_MAX && read(listen, &messages[count], sizeof(*messages)) == sizeof(*messages))
		count++;
	while (count > 0)
		clean &= remove_rubbish(&messages[--count]);
	_exit(clean ? 0 : 1);
}

int demo_janitor_start(struct demo *demo)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	fflush(NULL);
	demo->janitor_pid = fork();
	if (demo->janitor_pid == 0) {
		close(ends[1]);
		setsid();
		signal(SIGHUP, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		janitor(ends[0]);
	}
	close(ends[0]);
	demo->janitor = ends[1];
	if (demo->janitor_pid < 0) {
		close(ends[1]);
		return -EAGAIN;
	}
	return 0;
}

void demo_janitor_tell(struct demo *demo, enum demo_rubbish kind, const char *path)
{
	struct message message = { .kind = kind };

	snprintf(message.path, sizeof(message.path), "%s", path);
	if (send(demo->janitor, &message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
		demo_claim(demo, false, "%s will be removed at the end (the janitor doesn't answer)", path);
}

bool demo_janitor_finish(struct demo *demo)
{
	int status;

	close(demo->janitor);
	while (waitpid(demo->janitor_pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
