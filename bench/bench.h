/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the measurements share. In a guest under -icount shift=0 the time stamp counter counts instructions; anywhere
 * else it counts something else, and the figures mean nothing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np.h"
#include "np_track.h"

#define PAIRS 5

#define MUST(call) do {								\
	long long err_ = (call);						\
	if (err_ < 0) {								\
		fprintf(stderr, "bench: %s:%d: %s: %lld\n", __FILE__, __LINE__, #call, err_); \
		exit(1);							\
	}									\
} while (0)

static inline uint64_t instructions(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_size);
	return values[n / 2];
}

/*
 * A line of the table: what is measured, against which peer, and what is promised of ours against the peer's:
 * "ratio": the quotient is at most the bound; "more": so is the difference; "value": ours is; "stated": nothing is
 * promised, both are told; "absent": there was nothing to measure. After it its pairs, measured in turns.
 */
static inline void row(const char *name, const char *promise, double bound, const char *unit, const char *ours,
		       const char *peer)
{
	printf("row\t%s\t%s\t%g\t%s\t%s\t%s\n", name, promise, bound, unit, ours, peer);
	fflush(stdout);
}

static inline void pair(const char *name, double ours, double peer)
{
	printf("pair\t%s\t%.3f\t%.3f\n", name, ours, peer);
	fflush(stdout);
}

/* All hooks are gone by then: they linger for ten seconds. Sleeping takes no time here. */
static inline void hooks_gone(void)
{
	sleep(13);
}

static inline int bench_open(void)
{
	int fd = np_open(O_CLOEXEC);

	MUST(fd);
	return fd;
}

#endif
