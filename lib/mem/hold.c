/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking the lease of a hard region. Its pages are resident by now. */
#include <errno.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/set.h"
#include "mem/region.h"

static int pin(struct numaperf_region *region, int session, const char *operation)
{
	struct numaperf_ioc_range_pin args = { .addr = (uintptr_t)region->data, .length = region->size };
	int r;

	args.nodes = (uintptr_t)np_nodeset_words(region->nodes, &args.nodes_bits);
	r = kmod_range_pin(session, &args);
	if (r < 0)
		return np_fail_in(r, NUMAPERF_ERROR_NONE, operation);
	region->lease = (struct lease){ .session = session, .id = args.lease };
	return 0;
}

int region_hold(struct numaperf_region *region, int session, const char *operation)
{
	int r = pin(region, session, operation);

	if (r < 0)
		return r;
	r = region_inspect(region, operation);
	if (r == 0 && region->enforcement.level != NUMAPERF_LEVEL_STRICT)
		r = np_fail_reason(EXDEV, NUMAPERF_ERROR_BINDING, region->enforcement.reason, operation,
				   "The memory was not as asked when it was verified: %s", region->enforcement.message);
	if (r < 0) {
		(void)kmod_release(session, region->lease.id);
		region->lease.id = 0;
	}
	return r;
}
