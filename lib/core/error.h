/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Failing: every public function that returns a negative errno leaves by one of these, so that the thread's last error
 * is always that of the last failure.
 */
#ifndef NUMAPERF_CORE_ERROR_H
#define NUMAPERF_CORE_ERROR_H

#include <errno.h>

#include <numaperf/error.h>

#include "core/private.h"

/* What a failing function returns is negative whatever it was given, and the compiler knows. */
static inline int np_negative(int result)
{
	return result < 0 ? result : -EIO;
}

/*
 * int np_fail(int errnum, enum numaperf_error_kind kind, const char *operation, const char *format, ...)
 *
 * Fills the calling thread's error and returns -errnum. errnum is positive; operation must live as long as the library
 * (a string literal): the public function without its prefix, or "function: step". The message is a whole sentence,
 * with the remedy where there is one.
 */
#define np_fail(errnum, kind, operation, ...) np_fail_reason(errnum, kind, 0, operation, __VA_ARGS__)

/* The same with a reason code of <linux/numaperf.h> after kind. */
#define np_fail_reason(errnum, kind, reason, operation, ...)                                                           \
	np_negative(np_error_set(errnum, kind, reason, operation, __VA_ARGS__))

NP_PRIVATE_API
int np_error_set(int errnum, enum numaperf_error_kind kind, unsigned reason, const char *operation, const char *format,
		 ...) __attribute__((format(printf, 5, 6), cold));

/*
 * The thread's last error, kept over steps whose failure is none of the caller's: trying what may be missing, soft
 * modes that go on without. A state belongs to the thread that saved it.
 */
struct np_error_state {
	struct numaperf_error error;
	char message[512];
};
void np_error_save(struct np_error_state *ret_state);
void np_error_restore(const struct np_error_state *state);

/* Passes on a callee's failure under the caller's operation (and kind, unless NONE); the message stays. Returns result.
 */
int np_fail_in(int result, enum numaperf_error_kind kind, const char *operation);

/* -ENOMEM, kind ALLOCATION. */
#define np_fail_nomem(operation)                                                                                       \
	np_fail(ENOMEM, NUMAPERF_ERROR_ALLOCATION, operation, "There is no memory for the library's own bookkeeping.")

#endif
