/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "mem/capacity.h"
#include "mem/cgroup.h"
#include "mem/prefault.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14 */
#endif
#define CHUNK ((size_t)16 << 20) /* some milliseconds of work: looking at the free memory in between costs next to nothing */

/* A write that changes nothing, even if others use the memory. The compiler must not know: it would make a read of it, and no write fault. */
static void touch(char *addr, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char nothing = 0;

	__asm__ volatile("" : "+r"(nothing));
	for (size_t at = 0; at < size; at += page)
		__atomic_fetch_or(addr + at, nothing, __ATOMIC_RELAXED);
}

/* 0 or -errno; unlike touching, this answers a shortage with an error and never with a signal. */
static int populate(char *addr, size_t size)
{
	int r;

	do
		r = madvise(addr, size, MADV_POPULATE_WRITE) < 0 ? -errno : 0;
	while (r == -EINTR || r == -EAGAIN);
	return r;
}

static int fill_chunk(struct prefault *prefault, size_t size)
{
	char *addr = prefault->addr + prefault->done;
	int r = 0;

	if (prefault->how == NUMAPERF_PREFAULT_POPULATE) {
		r = populate(addr, size);
		if (r == -EINVAL) /* an older kernel */
			prefault->how = NUMAPERF_PREFAULT_TOUCH;
		else if (r < 0)
			return np_fail(-r, NUMAPERF_ERROR_ALLOCATION, prefault->operation, "The kernel could not make the memory resident: %s.",
				       numaperf_strerror(r));
	}
	if (prefault->how == NUMAPERF_PREFAULT_TOUCH)
		touch(addr, size);
	return 0;
}

/* 0; -ENOSPC: not on these nodes; -ENOMEM with the last error: nowhere. */
static int check_room(const struct prefault *prefault, size_t size)
{
	uint64_t capacity;
	int r = capacity_of(prefault->nodes, prefault->operation, &capacity);

	if (r < 0)
		return r;
	if (cgroup_headroom() < size)
		return np_fail(ENOMEM, NUMAPERF_ERROR_ALLOCATION, prefault->operation,
			       "The memory limit of this process' cgroup (memory.max) is reached after %zu of %zu MiB: raise it, or ask for less.",
			       prefault->done >> 20, prefault->size >> 20);
	return capacity < size ? -ENOSPC : 0;
}

int prefault_continue(struct prefault *prefault)
{
	if (prefault->how == NUMAPERF_PREFAULT_NONE)
		return 0;
	while (prefault->done < prefault->size) {
		size_t left = prefault->size - prefault->done;
		size_t size = left < CHUNK ? left : CHUNK;
		int r = check_room(prefault, size);

		if (r == 0)
			r = fill_chunk(prefault, size);
		if (r < 0)
			return r;
		prefault->done += size;
	}
	return 0;
}
