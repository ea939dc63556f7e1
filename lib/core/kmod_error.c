/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <linux/numaperf.h>

#include "core/error.h"
#include "core/kmod_error.h"
#include "core/names.h"
#include "core/reason.h"

/* For each call: its name in errors, and the kind of those failures that are the call's own. */
static const struct {
	const char *operation;
	enum numaperf_error_kind kind;
} calls[KMOD_CALLS] = {
	[KMOD_INFO] = { "module: info", NUMAPERF_ERROR_IO },
	[KMOD_THREAD_PIN] = { "module: thread_pin", NUMAPERF_ERROR_PINNING },
	[KMOD_RANGE_PIN] = { "module: range_pin", NUMAPERF_ERROR_BINDING },
	[KMOD_RELEASE] = { "module: release", NUMAPERF_ERROR_IO },
	[KMOD_REVOKE] = { "module: revoke", NUMAPERF_ERROR_IO },
	[KMOD_REARM] = { "module: rearm", NUMAPERF_ERROR_IO },
	[KMOD_LEASES] = { "module: leases", NUMAPERF_ERROR_IO },
	[KMOD_PLACEMENT] = { "module: placement", NUMAPERF_ERROR_IO },
	[KMOD_TRACK] = { "module: track", NUMAPERF_ERROR_CAPABILITY_MISSING },
	[KMOD_READ] = { "module: read", NUMAPERF_ERROR_IO },
};

#define ANY_CALL (~0u)
#define ONLY(call) (1u << (call))
#define PINS (ONLY(KMOD_THREAD_PIN) | ONLY(KMOD_RANGE_PIN))
#define CALLS_KIND NUMAPERF_ERROR_NONE
#define REASONS_SENTENCE NULL
#define NOT_YOUR_PROCESS \
	"Not allowed for this process: count your own (same user, not set-id), or run with CAP_PERFMON (as root)."

/* The first row that fits counts. A reason of 0 fits every reason, an errno of 0 every errno. */
static const struct row {
	unsigned calls;
	int errnum;
	unsigned reason;
	enum numaperf_error_kind kind;
	const char *sentence;
} rows[] = {
	{ ONLY(KMOD_TRACK), EPERM, NUMAPERF_REASON_PRIVILEGE, CALLS_KIND, NOT_YOUR_PROCESS },
	{ ANY_CALL, 0, NUMAPERF_REASON_PRIVILEGE, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, REASONS_SENTENCE },
	{ ANY_CALL, 0, NUMAPERF_REASON_FOREIGN_THREAD, NUMAPERF_ERROR_INVALID_ARGUMENT, REASONS_SENTENCE },
	{ ANY_CALL, 0, NUMAPERF_REASON_UNMAPPED, NUMAPERF_ERROR_INVALID_ARGUMENT, REASONS_SENTENCE },
	{ PINS, 0, NUMAPERF_REASON_DISABLED, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, REASONS_SENTENCE },
	{ PINS, 0, NUMAPERF_REASON_NO_HOOK, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE, REASONS_SENTENCE },

	{ ANY_CALL, E2BIG, 0, NUMAPERF_ERROR_NOT_SUPPORTED,
	  "The loaded module is older than this library; install and load the one that came with it." },
	{ ANY_CALL, ENOTTY, 0, NUMAPERF_ERROR_NOT_SUPPORTED,
	  "The loaded module does not know this call: it is older than this library; load a newer one." },
	{ PINS, EOPNOTSUPP, 0, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE,
	  "The loaded module can't pin on this kernel; its log (dmesg) says what is missing." },
	{ ONLY(KMOD_REARM), EOPNOTSUPP, 0, NUMAPERF_ERROR_NOT_SUPPORTED, "A lease of this kind can't be re-armed." },
	{ ANY_CALL, EOPNOTSUPP, 0, NUMAPERF_ERROR_NOT_SUPPORTED,
	  "The loaded module can't do this on this kernel; its log (dmesg) says what is missing." },
	{ ANY_CALL, ENOMEM, 0, NUMAPERF_ERROR_ALLOCATION, "The kernel has no memory for its bookkeeping." },
	{ ANY_CALL, ESTALE, 0, NUMAPERF_ERROR_STALE,
	  "This session belongs to another process: it was opened before a fork." },
	{ ANY_CALL, EMSGSIZE, 0, NUMAPERF_ERROR_IO, "There is more to tell than the given room holds." },

	{ ONLY(KMOD_TRACK), EPERM, 0, CALLS_KIND, NOT_YOUR_PROCESS },
	{ ONLY(KMOD_REVOKE), EPERM, 0, NUMAPERF_ERROR_CAPABILITY_MISSING,
	  "Revoking needs CAP_SYS_NICE in the initial user namespace: run as root." },
	{ PINS, EPERM, 0, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE,
	  "The module does not let this process take strict pins; run as root." },
	{ ANY_CALL, EPERM, 0, NUMAPERF_ERROR_CAPABILITY_MISSING, "The module does not allow this; run as root." },

	{ ONLY(KMOD_THREAD_PIN), ESRCH, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "There is no such thread." },
	{ ANY_CALL, ESRCH, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "There is no such process." },
	{ ONLY(KMOD_READ), ENOENT, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "There is no such target in this session." },
	{ ANY_CALL, ENOENT, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "There is no such lease; it may have ended." },

	{ ONLY(KMOD_THREAD_PIN), EBUSY, 0, CALLS_KIND, "The thread is in a state that excludes a strict pin." },
	{ ONLY(KMOD_THREAD_PIN), EXDEV, 0, CALLS_KIND, "The thread may run on CPUs outside of the asked set." },
	{ ONLY(KMOD_REARM), EXDEV, NUMAPERF_REASON_WRONG_NODE, NUMAPERF_ERROR_BINDING, REASONS_SENTENCE },
	{ ONLY(KMOD_REARM), EXDEV, 0, NUMAPERF_ERROR_PINNING, "A thread of the lease can't be on its CPUs." },
	{ ONLY(KMOD_REARM), EBUSY, 0, NUMAPERF_ERROR_PINNING, "A thread is in a state that excludes a strict pin." },
	{ ONLY(KMOD_REARM), EADDRNOTAVAIL, 0, NUMAPERF_ERROR_BINDING,
	  "A page of the range is in memory that can't be held where it is." },
	{ ONLY(KMOD_REARM), ENODATA, 0, NUMAPERF_ERROR_BINDING,
	  "A page of the range is not resident; write to every page first." },
	{ ONLY(KMOD_REARM), EACCES, 0, NUMAPERF_ERROR_BINDING,
	  "A mapping of the range can't be held: it is not writable, or maps a file." },
	{ ONLY(KMOD_RANGE_PIN), EXDEV, 0, CALLS_KIND, "A page of the range is on a node outside of the asked set." },
	{ ONLY(KMOD_RANGE_PIN), EADDRNOTAVAIL, 0, CALLS_KIND,
	  "A page of the range is in memory that can't be held where it is." },
	{ ONLY(KMOD_RANGE_PIN), ENODATA, 0, CALLS_KIND,
	  "A page of the range is not resident; write to every page first." },
	{ ONLY(KMOD_RANGE_PIN), EACCES, 0, CALLS_KIND,
	  "A mapping of the range can't be held: it is not writable, or maps a file." },
	{ ONLY(KMOD_TRACK), EDQUOT, 0, CALLS_KIND,
	  "This user counts as many threads as the module allows (its parameter threads_max)." },
	{ ANY_CALL, EDQUOT, 0, CALLS_KIND, "A quota of this user is used up." },

	{ ANY_CALL, EINVAL, 0, NUMAPERF_ERROR_INVALID_ARGUMENT,
	  "The module was given a value out of range: an empty set, or a range that is empty, unaligned or too long." },
	{ ANY_CALL, EFAULT, 0, NUMAPERF_ERROR_INVALID_ARGUMENT, "The module was given memory that can't be accessed." },
};

static const struct row *find_row(const struct kmod_failure *f)
{
	for (size_t i = 0; i < NP_COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if ((row->calls & ONLY(f->call)) && (!row->errnum || row->errnum == f->errnum) &&
		    (!row->reason || row->reason == f->reason))
			return row;
	}
	return NULL;
}

/* A reason says more than an errno; a row for just this reason and call, more than the reason. */
static const char *sentence_of(const struct kmod_failure *f, const struct row *row)
{
	if (row && row->reason && row->sentence != REASONS_SENTENCE)
		return row->sentence;
	if (f->reason != NUMAPERF_REASON_NONE)
		return np_reason_sentence(f->reason);
	return row ? row->sentence : numaperf_strerror(-f->errnum);
}

/* What only this call knows: the page in the way, or the sums of locked memory. */
static void describe_details(const struct kmod_failure *f, char *buf, size_t size)
{
	buf[0] = '\0';
	if (f->reason == NUMAPERF_REASON_LOCKED_MEMORY && f->sums_known)
		snprintf(buf, size, " Asked: %" PRIu64 " bytes; in use: %" PRIu64 " of %" PRIu64 ".", f->asked_bytes,
			 f->locked_bytes, f->locked_limit);
	else if (f->reason == NUMAPERF_REASON_NODE_CEILING && f->wrong_node >= 0)
		snprintf(buf, size, " It is node %d.", f->wrong_node);
	else if (f->wrong_addr && f->wrong_node >= 0)
		snprintf(buf, size, " First page in the way: 0x%" PRIx64 ", on node %d.", f->wrong_addr, f->wrong_node);
	else if (f->wrong_addr)
		snprintf(buf, size, " First page in the way: 0x%" PRIx64 ".", f->wrong_addr);
}

int kmod_fail(const struct kmod_failure *f, const char *operation)
{
	const struct row *row = find_row(f);
	enum numaperf_error_kind kind = row && row->kind != CALLS_KIND ? row->kind : calls[f->call].kind;
	char details[128];

	describe_details(f, details, sizeof(details));
	return np_fail_reason(f->errnum, kind, f->reason, operation ? operation : calls[f->call].operation, "%s%s",
			      sentence_of(f, row), details);
}

int kmod_fail_open(int errnum, bool hard, bool loaded, const char *operation)
{
	enum numaperf_error_kind kind = hard ? NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE : NUMAPERF_ERROR_CAPABILITY_MISSING;

	switch (errnum) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		if (loaded)
			return np_fail(ENODEV, kind, operation,
				       "The module numaperf is loaded, but " NUMAPERF_DEVICE_PATH " does not lead to "
				       "it here: in a container, pass it in (docker run --device " NUMAPERF_DEVICE_PATH
				       ").");
		return np_fail(ENODEV, kind, operation,
			       "The kernel module numaperf is not loaded: run `modprobe numaperf` as root.");
	case EACCES:
		return np_fail(errnum, kind, operation,
			       "This user may not open " NUMAPERF_DEVICE_PATH
			       ": run as root, or give the user access to it (chmod, or a udev rule).");
	case EDQUOT:
		return np_fail(errnum, kind, operation,
			       "This user has " NUMAPERF_DEVICE_PATH " open as often as the module allows (its parameter "
			       "sessions_max).");
	case EPERM:
		return np_fail(errnum, kind, operation,
			       "Opening " NUMAPERF_DEVICE_PATH " is not permitted here: in a container, allow it "
			       "(docker run --device " NUMAPERF_DEVICE_PATH ").");
	default:
		return np_fail(errnum, NUMAPERF_ERROR_IO, operation, NUMAPERF_DEVICE_PATH " can't be opened: %s.",
			       numaperf_strerror(-errnum));
	}
}
