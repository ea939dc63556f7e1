/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log hook: a function and its argument, which must be read as a pair. A sequence number, odd while they are being
 * replaced, makes that so without a lock, which a thread that calls fork() could leave held in the child.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/log.h"

static _Atomic unsigned sequence;
static _Atomic(numaperf_log_fn) hook_fn;
static _Atomic(void *) hook_data;

void numaperf_log_set(numaperf_log_fn fn, void *data)
{
	unsigned even;

	do
		even = atomic_load(&sequence) & ~1u;
	while (!atomic_compare_exchange_weak(&sequence, &even, even + 1));

	atomic_store(&hook_fn, fn);
	atomic_store(&hook_data, data);
	atomic_store(&sequence, even + 2);
}

static numaperf_log_fn hook_get(void **ret_data)
{
	unsigned before;
	numaperf_log_fn fn;

	do {
		before = atomic_load(&sequence);
		fn = atomic_load(&hook_fn);
		*ret_data = atomic_load(&hook_data);
	} while ((before & 1) || atomic_load(&sequence) != before);
	return fn;
}

void np_log(enum numaperf_log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char message[512];
	va_list args;
	void *data;
	numaperf_log_fn fn = hook_get(&data);

	if (!fn)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	fn(level, message, data);
	errno = saved_errno;
}
