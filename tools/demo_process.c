/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Children and commands of the demo. Every child asks the kernel to be killed when the demo dies, so that none outlives
 * it, not even after kill -9.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

pid_t demo_fork(struct demo *demo)
{
	pid_t demo_pid = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != demo_pid) /* it may have died before the request */
		_exit(126);
	close(demo->janitor); /* which waits until nobody has the other end */
	return 0;
}

pid_t demo_spawn(struct demo *demo, const char *const argv[], int output)
{
	pid_t pid = demo_fork(demo);

	if (pid)
		return pid;
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void show_output(struct demo *demo, int fd)
{
	FILE *file = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		close(fd);
		return;
	}
	while (getline(&line, &size, file) > 0)
		fprintf(demo->out, "    %s", line);
	free(line);
	fclose(file);
}

static int exit_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int demo_command(struct demo *demo, const char *const argv[])
{
	int ends[2], status;
	pid_t pid;

	fputs("  #", demo->out);
	for (size_t i = 0; argv[i]; i++)
		fprintf(demo->out, " %s", argv[i]);
	fputc('\n', demo->out);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = demo_spawn(demo, argv, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -1;
	}
	show_output(demo, ends[0]);
	status = exit_status(pid);
	demo_say(demo, "    (exit status %d)", status);
	return status;
}

bool demo_running(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

void demo_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	exit_status(pid);
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");
	char *copy = path ? strdup(path) : NULL, *rest = copy, *directory;
	bool found = false;

	while (rest && !found && (directory = strsep(&rest, ":"))) {
		char *file = NULL;

		if (asprintf(&file, "%s/%s", *directory ? directory : ".", program) >= 0) {
			found = access(file, X_OK) == 0;
			free(file);
		}
	}
	free(copy);
	return found;
}

bool demo_need_program(struct demo *demo, const char *program, const char *package)
{
	return in_path(program) || demo_claim(demo, false, "%s is not installed (Debian package %s)", program, package);
}

bool demo_read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool done = file && fgets(line, (int)size, file);

	if (done)
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
	return done;
}

bool demo_proc_status(pid_t pid, const char *key, char *value, size_t size)
{
	size_t length = strlen(key), room = 0;
	char path[32], *line = NULL;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &room, file) > 0) {
		if (strncmp(line, key, length) != 0 || line[length] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s", line + length + 1 + strspn(line + length + 1, " \t"));
		found = true;
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}
