/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "nomem.h"

/* Allocations that still succeed. */
static unsigned long left = ULONG_MAX;
static bool ran_out;

void nomem_after(unsigned long allocations)
{
	ran_out = false;
	left = allocations;
}

void nomem_end(void)
{
	left = ULONG_MAX;
}

bool nomem_ran_out(void)
{
	return ran_out;
}

static bool takes_one(void)
{
	if (left == ULONG_MAX)
		return true;
	if (left == 0) {
		ran_out = true;
		return false;
	}
	left--;
	return true;
}

/* Names that the linker gives. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return takes_one() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return takes_one() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return takes_one() ? __real_realloc(old, size) : NULL;
}
