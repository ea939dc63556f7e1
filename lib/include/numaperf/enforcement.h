/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Enforcement: how firmly something is placed, by what, and why not more firmly. Every operation that places something has one.
 */
#ifndef NUMAPERF_ENFORCEMENT_H
#define NUMAPERF_ENFORCEMENT_H

#include <numaperf/base.h>

NUMAPERF_BEGIN_DECLS

enum numaperf_mode {
	NUMAPERF_MODE_SOFT = 0, /* does what it can, and says how much that was */
	NUMAPERF_MODE_HARD,     /* exactly what was asked, held by the kernel, or an error */
};

enum numaperf_level {
	NUMAPERF_LEVEL_NONE = 0,    /* not as asked, or not known to be */
	NUMAPERF_LEVEL_BEST_EFFORT, /* verified to be as asked; nothing holds it */
	NUMAPERF_LEVEL_STRICT,      /* a lease in the kernel holds it, and it was verified */
};

enum numaperf_why {
	NUMAPERF_WHY_AS_ASKED = 0,
	NUMAPERF_WHY_NOTHING_HOLDS_IT,  /* soft: verified, but the kernel may move it */
	NUMAPERF_WHY_SPILLED,           /* some pages are on other nodes: counts say how many */
	NUMAPERF_WHY_NOT_TOUCHED,       /* no page is resident yet: nothing to verify */
	NUMAPERF_WHY_DENIED,            /* the kernel refused (seccomp, cpuset): message says what */
	NUMAPERF_WHY_MOVED,             /* was as asked, no longer is */
	NUMAPERF_WHY_LEASE_LOST,        /* a lease was lost: the kernel had to let go */
	NUMAPERF_WHY_LEASE_ENDED,       /* revoked, or ended with exec or close */
	NUMAPERF_WHY_NO_NUMA,           /* kernel without NUMA: there is one place only */
	NUMAPERF_WHY_PREFERENCE,        /* the policy only prefers: nothing to hold */
};

struct numaperf_enforcement {
	enum numaperf_level level;
	enum numaperf_why why;
	unsigned reason;         /* enum numaperf_reason of <linux/numaperf.h>, 0: none */
	uint64_t lease;          /* id of the lease that holds it, 0: none */
	uint64_t pages_right;    /* memory: resident pages where asked */
	uint64_t pages_wrong;    /* memory: resident pages elsewhere */
	uint64_t pages_absent;   /* memory: not resident */
	char message[160];       /* one sentence */
};

NUMAPERF_API const char *numaperf_mode_to_string(enum numaperf_mode mode);
NUMAPERF_API int numaperf_mode_parse(const char *text, enum numaperf_mode *ret_mode);
NUMAPERF_API const char *numaperf_level_to_string(enum numaperf_level level);
NUMAPERF_API int numaperf_level_parse(const char *text, enum numaperf_level *ret_level);
NUMAPERF_API const char *numaperf_why_to_string(enum numaperf_why why);
NUMAPERF_API int numaperf_why_parse(const char *text, enum numaperf_why *ret_why);

NUMAPERF_END_DECLS

#endif
