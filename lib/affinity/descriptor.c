/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "affinity/pin.h"
#include "core/error.h"

int numaperf_pin_descriptor(const struct numaperf_pin *pin)
{
	int r = np_owner_check(pin->owner, "pin_descriptor");

	if (r < 0)
		return r;
	if (pin->lease.id)
		return pin->lease.session;
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, "pin_descriptor",
		       "This pin is soft: no lease holds it.");
}
