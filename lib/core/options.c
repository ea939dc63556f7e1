/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/error.h"
#include "core/options.h"

static bool is_zero(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

int np_options_take(const void *options, void *ret_options, size_t known, const char *operation)
{
	size_t size = sizeof(size_t);

	if (options)
		memcpy(&size, options, sizeof(size));
	if (size < sizeof(size_t))
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
			       "The options' size is %zu: initialise them with their _INIT macro or _options_init().",
			       size);
	if (size > known && !is_zero((const unsigned char *)options + known, size - known))
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
			       "The options (%zu bytes) use something that this version of the library (%zu bytes) "
			       "does not know.",
			       size, known);

	memset(ret_options, 0, known);
	if (options)
		memcpy(ret_options, options, size < known ? size : known);
	memcpy(ret_options, &known, sizeof(known));
	return 0;
}
