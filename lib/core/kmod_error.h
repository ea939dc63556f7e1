/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a failure of the module means to the program: kind and sentence, from the call, the errno and the reason. A pure
 * translation (it only fills the thread's last error), so that every row can be tested without a module.
 */
#ifndef NUMAPERF_CORE_KMOD_ERROR_H
#define NUMAPERF_CORE_KMOD_ERROR_H

#include <stdbool.h>
#include <stdint.h>

enum kmod_call {
	KMOD_INFO,
	KMOD_THREAD_PIN,
	KMOD_RANGE_PIN,
	KMOD_RELEASE,
	KMOD_REVOKE,
	KMOD_REARM,
	KMOD_LEASES,
	KMOD_PLACEMENT,
	KMOD_TRACK,
	KMOD_READ,
	KMOD_CALLS
};

struct kmod_failure {
	enum kmod_call call;
	int errnum;           /* positive */
	unsigned reason;      /* enum numaperf_reason */
	uint64_t wrong_addr;  /* the page in the way, 0: none */
	int wrong_node;       /* its node, -1: none */
	bool sums_known;      /* LOCKED_MEMORY: what was asked, is in use and is the limit */
	uint64_t asked_bytes, locked_bytes, locked_limit;
};

/* Sets the last error; returns -errnum. operation NULL: "module: <call>". */
int kmod_fail(const struct kmod_failure *failure, const char *operation);

/*
 * The device could not be opened: returns -ENODEV if there is no module, else -errnum. hard: for a strict pin. loaded:
 * the module is there, so only its device is missing.
 */
int kmod_fail_open(int errnum, bool hard, bool loaded, const char *operation);

#endif
