/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last error of each thread, and the texts of results. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/names.h"

static _Thread_local struct np_error_state last = { .error = { .operation = "", .message = "" } };

const struct numaperf_error *numaperf_last_error(void)
{
	return &last.error;
}

int np_error_set(int errnum, enum numaperf_error_kind kind, unsigned reason, const char *operation, const char *format,
		 ...)
{
	char message[sizeof(last.message)];
	va_list args;

	/* Formatted aside first: the arguments may well be parts of the last error. */
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	memcpy(last.message, message, sizeof(message));
	last.error = (struct numaperf_error){
		.errnum = errnum, .kind = kind, .reason = reason, .operation = operation, .message = last.message
	};
	return -errnum;
}

void np_error_save(struct np_error_state *ret_state)
{
	*ret_state = last;
}

void np_error_restore(const struct np_error_state *state)
{
	last = *state; /* the message it points at is this thread's, here */
}

int np_fail_in(int result, enum numaperf_error_kind kind, const char *operation)
{
	last.error.operation = operation;
	if (kind != NUMAPERF_ERROR_NONE)
		last.error.kind = kind;
	return result;
}

const char *numaperf_strerror(int result)
{
	if (result >= 0)
		return "success";
	if (result == INT32_MIN) /* its negative does not exist */
		return "unknown error";
#ifdef __GLIBC__
	const char *text = strerrordesc_np(-result);
#else
	const char *text = strerror(-result);
#endif
	return text ? text : "unknown error";
}

static const char *const kind_names[] = {
	[NUMAPERF_ERROR_NONE] = "none",
	[NUMAPERF_ERROR_INVALID_ARGUMENT] = "invalid-argument",
	[NUMAPERF_ERROR_INVALID_NODE] = "invalid-node",
	[NUMAPERF_ERROR_INVALID_CPU] = "invalid-cpu",
	[NUMAPERF_ERROR_EMPTY_CPU_SET] = "empty-cpu-set",
	[NUMAPERF_ERROR_EMPTY_NODE_SET] = "empty-node-set",
	[NUMAPERF_ERROR_NOT_SUPPORTED] = "not-supported",
	[NUMAPERF_ERROR_CAPABILITY_MISSING] = "capability-missing",
	[NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE] = "hard-mode-unavailable",
	[NUMAPERF_ERROR_TOPOLOGY_MISMATCH] = "topology-mismatch",
	[NUMAPERF_ERROR_NODE_MEMORY] = "node-memory",
	[NUMAPERF_ERROR_ALLOCATION] = "allocation",
	[NUMAPERF_ERROR_PINNING] = "pinning",
	[NUMAPERF_ERROR_BINDING] = "binding",
	[NUMAPERF_ERROR_DEVICE_UNKNOWN] = "device-unknown",
	[NUMAPERF_ERROR_TASK_FAILED] = "task-failed",
	[NUMAPERF_ERROR_STALE] = "stale",
	[NUMAPERF_ERROR_IO] = "io",
};
NP_DEFINE_ENUM_NAMES(error_kind, kind_names)
