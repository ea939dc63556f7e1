/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options structs across versions: a caller compiled against an older header passes a shorter one, against a newer
 * header a longer one.
 */
#ifndef NUMAPERF_CORE_OPTIONS_H
#define NUMAPERF_CORE_OPTIONS_H

#include <stddef.h>

/*
 * Copies the caller's options (their first member is size_t size) into *ret_options of known bytes. What the caller
 * lacks becomes zero, as does everything for NULL; what this library does not know must be zero, else -EINVAL, as for a
 * size below that of the size itself.
 */
int np_options_take(const void *options, void *ret_options, size_t known, const char *operation);

#endif
