/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors: what failed, why, and a sentence for a human. Also the log hook and the version.
 *
 * Thread safety: the last error belongs to the calling thread; numaperf_log_set may be called from any thread
 * at any time (calls in flight may still reach the previous hook).
 */
#ifndef NUMAPERF_ERROR_H
#define NUMAPERF_ERROR_H

#include <numaperf/base.h>

NUMAPERF_BEGIN_DECLS

enum numaperf_error_kind {
	NUMAPERF_ERROR_NONE = 0,
	NUMAPERF_ERROR_INVALID_ARGUMENT,
	NUMAPERF_ERROR_INVALID_NODE,
	NUMAPERF_ERROR_INVALID_CPU,
	NUMAPERF_ERROR_EMPTY_CPU_SET,
	NUMAPERF_ERROR_EMPTY_NODE_SET,
	NUMAPERF_ERROR_NOT_SUPPORTED,
	NUMAPERF_ERROR_CAPABILITY_MISSING,
	NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE,
	NUMAPERF_ERROR_TOPOLOGY_MISMATCH,
	NUMAPERF_ERROR_NODE_MEMORY, /* a node has too little memory */
	NUMAPERF_ERROR_ALLOCATION,
	NUMAPERF_ERROR_PINNING,
	NUMAPERF_ERROR_BINDING,
	NUMAPERF_ERROR_DEVICE_UNKNOWN,
	NUMAPERF_ERROR_TASK_FAILED,
	NUMAPERF_ERROR_STALE,
	NUMAPERF_ERROR_IO,
};

/* One failure. Valid until this thread's next failing call into the library. */
struct numaperf_error {
	int errnum;                      /* positive errno */
	enum numaperf_error_kind kind;
	unsigned reason;                 /* enum numaperf_reason of <linux/numaperf.h>, 0: none */
	const char *operation;           /* the public function or step, e.g. "region_new: bind" */
	const char *message;             /* whole sentence, with the remedy where there is one */
};

/* This thread's last failure; never NULL (kind NONE if there was none). */
NUMAPERF_API const struct numaperf_error *numaperf_last_error(void);

/* Text for a return value of this library (negative errno). Never NULL; thread-safe. */
NUMAPERF_API const char *numaperf_strerror(int result);

/* "invalid-node" for NUMAPERF_ERROR_INVALID_NODE and so on; parse is the reverse, -EINVAL if unknown. */
NUMAPERF_API const char *numaperf_error_kind_to_string(enum numaperf_error_kind kind);
NUMAPERF_API int numaperf_error_kind_parse(const char *text, enum numaperf_error_kind *ret_kind);

/* "wrong-node" for NUMAPERF_REASON_WRONG_NODE of <linux/numaperf.h> and so on; "unknown" for others. */
NUMAPERF_API const char *numaperf_reason_to_string(unsigned reason);

enum numaperf_log_level {
	NUMAPERF_LOG_WARNING, /* something asked for was not given: downgrade, loss, fallback */
	NUMAPERF_LOG_INFO,
	NUMAPERF_LOG_DEBUG,
};

typedef void (*numaperf_log_fn)(enum numaperf_log_level level, const char *message, void *data);

/* Tells fn about every downgrade, loss and fallback; NULL: nobody (the default). */
NUMAPERF_API void numaperf_log_set(numaperf_log_fn fn, void *data);

/* The library's version, e.g. "0.1.0". */
NUMAPERF_API const char *numaperf_version(void);

NUMAPERF_END_DECLS

#endif
