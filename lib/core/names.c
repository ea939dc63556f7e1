/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/names.h"

const char *np_name_of(const char *const *names, size_t count, unsigned value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

static void list_names(const char *const *names, size_t count, char *buf, size_t size)
{
	size_t length = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < count && length < size; i++)
		if (names[i])
			length += (size_t)snprintf(buf + length, size - length, "%s%s", length ? ", " : "", names[i]);
}

int np_name_parse(const char *const *names, size_t count, const char *text, const char *operation)
{
	char choices[384];

	for (size_t i = 0; text && i < count; i++)
		if (names[i] && !strcmp(names[i], text))
			return (int)i;
	list_names(names, count, choices, sizeof(choices));
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation, "\"%.40s\" is none of: %s.",
		       text ? text : "(null)", choices);
}
