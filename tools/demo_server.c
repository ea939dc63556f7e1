/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Redis server of act 4: an unmodified redis-server on a Unix socket in a directory of its own, without
 * persistence, filled with data and driven by redis-benchmark.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "demo.h"

#define START_SECONDS 20.0
#define ANSWER_SECONDS 60 /* filling is one command */
/* The keys are those that redis-benchmark asks for; the values fill 64 KiB classes of the allocator. */
#define KEYS "3500"
#define VALUE_BYTES "64000"
#define DATASET_BYTES_MIN 200000000UL

static int connect_to(const char *address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", address);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* A line; or, after "$LENGTH", a string of that length and a line end. */
static bool is_whole(const char *answer, size_t length)
{
	const char *end = strstr(answer, "\r\n");
	long bulk;

	if (!end || *answer != '$')
		return end;
	bulk = strtol(answer + 1, NULL, 10);
	return bulk < 0 || length >= (size_t)(end - answer) + 2 + (size_t)bulk + 2;
}

static bool read_answer(int fd, char *answer, size_t size)
{
	size_t length = 0;

	while (length + 1 < size) {
		ssize_t n = recv(fd, answer + length, size - 1 - length, 0);

		if (n <= 0)
			return false;
		length += (size_t)n;
		answer[length] = '\0';
		if (is_whole(answer, length))
			return true;
	}
	return false;
}

/* One command in Redis's inline form. */
static bool ask(struct demo_server *server, const char *command, char *answer, size_t size)
{
	return send(server->socket, command, strlen(command), MSG_NOSIGNAL) == (ssize_t)strlen(command) &&
	       read_answer(server->socket, answer, size);
}

static bool make_directory(struct demo *demo, struct demo_server *server)
{
	snprintf(server->directory, sizeof(server->directory), "/tmp/numaperf-demo-XXXXXX");
	if (!mkdtemp(server->directory))
		return demo_claim(demo, false, "a directory for Redis can be made in /tmp: %s", strerror(errno));
	snprintf(server->address, sizeof(server->address), "%s/redis.sock", server->directory);
	snprintf(server->log, sizeof(server->log), "%s/redis.log", server->directory);
	demo_janitor_tell(demo, DEMO_RUBBISH_DIRECTORY, server->directory);
	demo_janitor_tell(demo, DEMO_RUBBISH_FILE, server->address);
	demo_janitor_tell(demo, DEMO_RUBBISH_FILE, server->log);
	return true;
}

static void show_command(struct demo *demo, const char *const launcher[], const char *rest)
{
	fputs("  #", demo->out);
	for (size_t i = 0; launcher[i]; i++)
		fprintf(demo->out, " %s", strcmp(launcher[i], "/proc/self/exe") == 0 ? "numaperf" : launcher[i]);
	demo_say(demo, " %s", rest);
}

static bool spawn(struct demo *demo, const char *const launcher[], const char *const command[], const char *log,
		  pid_t *ret_pid)
{
	const char *argv[32] = { NULL };
	size_t n = 0;
	int output;

	while (n < 16 && launcher[n]) {
		argv[n] = launcher[n];
		n++;
	}
	for (size_t i = 0; n < 31 && command[i]; i++)
		argv[n++] = command[i];
	output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (output < 0)
		return demo_claim(demo, false, "%s can be written: %s", log, strerror(errno));
	*ret_pid = demo_spawn(demo, argv, output);
	close(output);
	return *ret_pid > 0 || demo_claim(demo, false, "%s can be started: %s", command[0], strerror(errno));
}

static bool wait_until_up(struct demo *demo, struct demo_server *server)
{
	double deadline = demo_clock() + START_SECONDS;
	char line[512] = "", answer[64];

	while (demo_running(server->pid) && demo_clock() < deadline) {
		server->socket = connect_to(server->address);
		if (server->socket >= 0)
			return ask(server, "PING\r\n", answer, sizeof(answer)) ||
			       demo_claim(demo, false, "Redis answers");
		demo_pause(0.05);
	}
	demo_read_line(server->log, line, sizeof(line));
	return demo_claim(demo, false, "Redis starts: %s", line);
}

bool demo_server_start(struct demo *demo, const char *const launcher[], struct demo_server *server)
{
	memset(server, 0, sizeof(*server));
	server->socket = -1;
	if (!make_directory(demo, server))
		return false;
	show_command(demo, launcher, "redis-server --save '' --appendonly no ...");
	return spawn(demo, launcher,
		     (const char *[]){ "redis-server", "--port", "0", "--unixsocket", server->address, "--save", "",
				       "--appendonly", "no", "--dir", server->directory, NULL },
		     server->log, &server->pid) &&
	       wait_until_up(demo, server);
}

bool demo_server_info(struct demo_server *server, const char *section, const char *key, uint64_t *ret_value)
{
	char command[64], answer[8192], *found;
	size_t length = strlen(key);

	snprintf(command, sizeof(command), "INFO %s\r\n", section);
	if (!ask(server, command, answer, sizeof(answer)))
		return false;
	for (found = answer; (found = strstr(found, key)); found += length)
		if (found[length] == ':' || found[length] == '=')
			return sscanf(found + length + 1, "%" SCNu64, ret_value) == 1;
	return false;
}

bool demo_server_fill(struct demo *demo, struct demo_server *server)
{
	static const char fill[] =
		"EVAL \"local letters = {} for i = 0, 25 do"
		" letters[i] = string.rep(string.rep(string.char(65 + i), 100), " VALUE_BYTES " / 100) end"
		" for i = 0, " KEYS
		" - 1 do redis.call('SET', string.format('key:%012d', i), letters[i % 26]) end\" 0\r\n";
	char answer[256], resident[32] = "";
	uint64_t dataset = 0;

	if (!ask(server, fill, answer, sizeof(answer)) || *answer == '-')
		return demo_claim(demo, false, "Redis can be filled: %s", answer);
	demo_proc_status(server->pid, "VmRSS", resident, sizeof(resident));
	if (!demo_server_info(server, "memory", "used_memory_dataset", &dataset))
		return demo_claim(demo, false, "Redis tells how much it holds");
	return demo_claim(demo,
			  dataset >= DATASET_BYTES_MIN && strtoull(resident, NULL, 10) * 1024 >= DATASET_BYTES_MIN,
			  "Redis says its data are %" PRIu64
			  " MB, the kernel that %s are resident; expected 200 MB or more",
			  dataset / 1000000, resident);
}

bool demo_server_drive(struct demo *demo, struct demo_server *server, unsigned cpu)
{
	char set[32];
	const char *const launcher[] = { "/proc/self/exe", "run", set, "--", NULL };

	snprintf(set, sizeof(set), "--physcpubind=%u", cpu);
	show_command(demo, launcher, "redis-benchmark -t get -r " KEYS " -l ...");
	return spawn(demo, launcher,
		     (const char *[]){ "redis-benchmark", "-s", server->address, "-t", "get", "-r", KEYS, "-n",
				       "100000", "-c", "4", "-q", "-l", NULL },
		     "/dev/null", &server->load_pid);
}

void demo_server_stop(struct demo_server *server)
{
	demo_stop(server->load_pid);
	demo_stop(server->pid);
	if (server->socket >= 0)
		close(server->socket);
}
