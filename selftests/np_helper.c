// SPDX-License-Identifier: GPL-2.0
/*
 * What tests exec: np_helper VERB NUMBER SOCKET
 *
 * setaffinity: try to change the own affinity to CPU NUMBER; the exit status is the errno
 * wait: say a word on the socket, then wait there for the other side to answer or to go
 * touch: write to NUMBER fresh pages, say a word, wait as above
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_affinity(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? errno : 0;
}

static int wait_there(int fd)
{
	unsigned long long word = 0;

	if (send(fd, &word, sizeof(word), MSG_NOSIGNAL) != (ssize_t)sizeof(word))
		return 1;
	return recv(fd, &word, sizeof(word), MSG_WAITALL) < 0;
}

static int touch(size_t pages)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return 1;
	madvise(at, pages * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		at[i * page] = 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 255;
	if (!strcmp(argv[1], "setaffinity"))
		return set_affinity(atoi(argv[2]));
	if (!strcmp(argv[1], "wait"))
		return wait_there(atoi(argv[3]));
	if (!strcmp(argv[1], "touch"))
		return touch(strtoul(argv[2], NULL, 10)) || wait_there(atoi(argv[3]));
	return 255;
}
