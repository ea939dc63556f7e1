/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "affinity/mask.h"

#define LONG_BITS (sizeof(unsigned long) * CHAR_BIT)
#define FIRST_BITS 1024

/* Bytes that the kernel filled in, or -errno: -EINVAL if it knows more CPUs than fit. */
static long get_into(pid_t tid, unsigned long *mask, size_t bits)
{
	long r = syscall(SYS_sched_getaffinity, tid, bits / CHAR_BIT, mask);

	return r < 0 ? -errno : r;
}

int mask_get(pid_t tid, struct numaperf_cpuset **ret_cpus)
{
	int result = -EINVAL;

	for (size_t bits = FIRST_BITS; result == -EINVAL && bits <= NUMAPERF_SET_IDS_MAX; bits *= 2) {
		unsigned long *mask = calloc(bits / LONG_BITS, sizeof(*mask));

		if (!mask)
			return -ENOMEM;
		long r = get_into(tid, mask, bits);

		result = r < 0 ? (int)r : numaperf_cpuset_from_mask(mask, (size_t)r * CHAR_BIT, ret_cpus);
		free(mask);
	}
	return result;
}

int mask_set(const struct numaperf_cpuset *cpus)
{
	size_t longs = 1;
	unsigned long *mask;
	int r;

	NUMAPERF_FOREACH_CPU(cpu, cpus)
		longs = (size_t)cpu / LONG_BITS + 1;
	mask = calloc(longs, sizeof(*mask));
	if (!mask)
		return -ENOMEM;
	r = numaperf_cpuset_to_mask(cpus, mask, longs * LONG_BITS);
	if (r == 0 && syscall(SYS_sched_setaffinity, 0, longs * sizeof(*mask), mask) < 0)
		r = -errno;
	free(mask);
	return r;
}
