/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pins of a thread: a list from the outermost to the innermost. Each remembers the affinity it replaced. Ending the innermost restores that; ending
 * one further out changes nothing now, but hands what it remembers to the next inside it, whose own memory is of a pin that is gone.
 */
#include <stdlib.h>

#include "affinity/pin.h"

static _Thread_local struct numaperf_pin *innermost;

uint64_t thread_number(void)
{
	static uint64_t last;
	static _Thread_local uint64_t own;

	if (!own)
		own = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	return own;
}

struct numaperf_pin *pins_outermost(void)
{
	struct numaperf_pin *pin = innermost;

	while (pin && pin->outer)
		pin = pin->outer;
	return pin;
}

void pins_push(struct numaperf_pin *pin)
{
	pin->outer = innermost;
	if (innermost)
		innermost->inner = pin;
	innermost = pin;
}

static void unlink_pin(struct numaperf_pin *pin)
{
	if (pin->outer)
		pin->outer->inner = pin->inner;
	if (pin->inner)
		pin->inner->outer = pin->outer;
	if (innermost == pin)
		innermost = pin->outer;
	pin->outer = NULL;
	pin->inner = NULL;
}

bool pins_remove(struct numaperf_pin *pin)
{
	struct numaperf_pin *heir = pin->inner;

	while (heir && !heir->applied)
		heir = heir->inner;
	if (heir && pin->applied) {
		struct numaperf_cpuset *saved = heir->saved;

		heir->saved = pin->saved;
		pin->saved = saved;
	}
	unlink_pin(pin);
	return heir != NULL;
}

void pin_free(struct numaperf_pin *pin)
{
	if (!pin)
		return;
	numaperf_cpuset_free(pin->cpus);
	numaperf_cpuset_free(pin->saved);
	free(pin);
}
