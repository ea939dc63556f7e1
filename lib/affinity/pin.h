/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pin, and the pins of a thread. */
#ifndef NUMAPERF_AFFINITY_PIN_H
#define NUMAPERF_AFFINITY_PIN_H

#include <numaperf/affinity.h>

#include "affinity/lease.h"
#include "core/owner.h"

struct numaperf_pin {
	struct np_owner owner;
	uint64_t thread;		/* thread_number() of its maker */
	pid_t tid;
	struct numaperf_cpuset *cpus;	/* what it pins to: the asked set, or what is permitted of it */
	struct numaperf_cpuset *saved;	/* the affinity to go back to */
	bool applied;			/* false: denied, so there is nothing to go back from */
	bool whole;			/* cpus is all that was asked */
	int denied;			/* the errno of a soft pin that was not applied */
	struct lease lease;		/* hard */
	struct numaperf_pin *outer, *inner; /* the pins of a thread, in the order they were made */
};

/* A number that no other thread has or had; tids are used again. */
uint64_t thread_number(void);

/* The calling thread's pins. */
struct numaperf_pin *pins_outermost(void);
void pins_push(struct numaperf_pin *pin);
/* Takes it out; the affinity it would have restored becomes that of the next applied pin inside it. false: there is none: restore it now. */
bool pins_remove(struct numaperf_pin *pin);

void pin_free(struct numaperf_pin *pin);

#endif
