/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Capabilities: which guarantees this process can have here, found by trying (dry runs of the module), without side effects.
 * Immutable after detection; may be read by many threads.
 */
#ifndef NUMAPERF_CAPABILITIES_H
#define NUMAPERF_CAPABILITIES_H

#include <stdbool.h>

#include <numaperf/base.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_capabilities;

enum numaperf_guarantee {
	NUMAPERF_GUARANTEE_MODULE = 0,          /* the module is loaded and answers */
	NUMAPERF_GUARANTEE_STRICT_THREAD_PIN,
	NUMAPERF_GUARANTEE_STRICT_MEMORY,
	NUMAPERF_GUARANTEE_MEMORY_POLICY,       /* mbind and friends are not denied */
	NUMAPERF_GUARANTEE_HINT_FAULTS,         /* access locality of ordinary memory */
	NUMAPERF_GUARANTEE_FAULT_SAMPLES,       /* first touch */
	NUMAPERF_GUARANTEE_COUNT
};

/* 0; -ENOMEM. Absence of the module or of a right is a result, not an error. */
NUMAPERF_API int numaperf_capabilities_detect(struct numaperf_capabilities **ret_capabilities);
NUMAPERF_API void numaperf_capabilities_free(struct numaperf_capabilities *capabilities);
NUMAPERF_DEFINE_CLEANUP(capabilities, numaperf_capabilities_free)

/* true: the guarantee can be had. *ret_why and *ret_remedy (either may be NULL) are sentences, "" if there is nothing to say; they live as long as c. */
NUMAPERF_API bool numaperf_capabilities_get(const struct numaperf_capabilities *c, enum numaperf_guarantee guarantee,
					    const char **ret_why, const char **ret_remedy);

/* Strict thread pins and strict memory. */
NUMAPERF_API bool numaperf_capabilities_supports_hard_mode(const struct numaperf_capabilities *c);

/* The i-th missing guarantee, with its reason and the command that enables it: 1, or 0 when there are no more. */
NUMAPERF_API int numaperf_capabilities_missing(const struct numaperf_capabilities *c, size_t i, const char **ret_what,
					       const char **ret_remedy);

NUMAPERF_API const char *numaperf_guarantee_to_string(enum numaperf_guarantee guarantee);

NUMAPERF_END_DECLS

#endif
