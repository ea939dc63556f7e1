/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program to be measured: threads that touch their memory over and over.
 *
 *	memory_work MEBIBYTES SECONDS [THREADS [shared]]
 *
 * Every thread maps its own memory (private, or "shared") and reads and writes all of it in turn.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE_SIZE 4096

static size_t bytes;
static double seconds;
static int mapping = MAP_PRIVATE;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *work(void *unused)
{
	volatile char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, mapping | MAP_ANONYMOUS, -1, 0);
	double end = now() + seconds;

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise((void *)memory, bytes, MADV_NOHUGEPAGE); /* a huge page is one sample */
	while (now() < end)
		for (size_t at = 0; at < bytes; at += PAGE_SIZE)
			memory[at]++;
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc > 3 ? atoi(argv[3]) : 1;
	pthread_t ids[64];

	if (argc < 3 || threads < 1 || threads > 64) {
		fputs("usage: memory_work MEBIBYTES SECONDS [THREADS [shared]]\n", stderr);
		return 2;
	}
	bytes = strtoul(argv[1], NULL, 10) << 20;
	seconds = strtod(argv[2], NULL);
	if (argc > 4 && strcmp(argv[4], "shared") == 0)
		mapping = MAP_SHARED;
	for (int i = 1; i < threads; i++)
		if (pthread_create(&ids[i], NULL, work, NULL))
			return 1;
	work(NULL);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
