/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <numaperf/error.h>

const char *numaperf_version(void)
{
	return NUMAPERF_VERSION;
}
