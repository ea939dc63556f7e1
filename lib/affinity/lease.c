/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "affinity/lease.h"
#include "core/error.h"
#include "core/kmod.h"
#include "core/log.h"

void enforcement_say(struct numaperf_enforcement *enforcement, enum numaperf_level level, enum numaperf_why why, const char *format, ...)
{
	va_list args;

	enforcement->level = level;
	enforcement->why = why;
	va_start(args, format);
	vsnprintf(enforcement->message, sizeof(enforcement->message), format, args);
	va_end(args);
}

int lease_check(const struct lease *lease, const char *operation, struct numaperf_enforcement *enforcement)
{
	struct numaperf_lease_record record = { 0 };
	struct numaperf_ioc_leases query = {
		.flags = NUMAPERF_LEASES_MINE,
		.lease = lease->id,
		.entries = (uintptr_t)&record,
		.count = 1,
		.entry_size = sizeof(record),
	};
	int r = kmod_leases(lease->session, &query);

	if (r == -ENOENT || (r == 0 && query.count == 0)) {
		enforcement->reason = 0;
		enforcement->lease = 0;
		enforcement_say(enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_LEASE_ENDED,
				"Lease %llu has ended: an administrator revoked it, or what it held is gone.", (unsigned long long)lease->id);
		return 0;
	}
	if (r < 0)
		return np_fail_in(r, NUMAPERF_ERROR_NONE, operation);
	if (record.state == NUMAPERF_LEASE_HELD)
		return 1;
	enforcement->reason = record.reason;
	enforcement_say(enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_LEASE_LOST, "Lease %llu is lost (%s): the kernel had to let go.",
			(unsigned long long)lease->id, numaperf_reason_to_string(record.reason));
	return 0;
}

void lease_end(struct lease *lease)
{
	int r;

	if (!lease->id)
		return;
	r = kmod_release(lease->session, lease->id);
	if (r < 0 && r != -ENOENT) /* revoked before */
		np_log(NUMAPERF_LOG_WARNING, "Lease %llu could not be released: %s.", (unsigned long long)lease->id, numaperf_strerror(r));
	kmod_session_put();
	lease->id = 0;
}
