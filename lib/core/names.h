/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of enum values. One table per enum, and from it both public functions:
 *
 *	static const char *const mode_names[] = { [NUMAPERF_MODE_SOFT] = "soft", [NUMAPERF_MODE_HARD] = "hard" };
 *	NP_DEFINE_ENUM_NAMES(mode, mode_names)
 *
 * defines numaperf_mode_to_string() and numaperf_mode_parse() for enum numaperf_mode.
 */
#ifndef NUMAPERF_CORE_NAMES_H
#define NUMAPERF_CORE_NAMES_H

#include <stddef.h>

#define NP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* names[value], or "unknown" where the table has a hole or ends. */
const char *np_name_of(const char *const *names, size_t count, unsigned value);
/* The value called text; -EINVAL with the last error naming the choices. operation as in np_fail(). */
int np_name_parse(const char *const *names, size_t count, const char *text, const char *operation);

#define NP_DEFINE_ENUM_NAMES(name, names)                                                                              \
	const char *numaperf_##name##_to_string(enum numaperf_##name value)                                            \
	{                                                                                                              \
		return np_name_of(names, NP_COUNT(names), (unsigned)value);                                            \
	}                                                                                                              \
	int numaperf_##name##_parse(const char *text, enum numaperf_##name *ret_value)                                 \
	{                                                                                                              \
		int r = np_name_parse(names, NP_COUNT(names), text, #name "_parse");                                   \
		if (r < 0)                                                                                             \
			return r;                                                                                      \
		*ret_value = (enum numaperf_##name)r;                                                                  \
		return 0;                                                                                              \
	}

#endif
