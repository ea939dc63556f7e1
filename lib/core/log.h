/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the program's log hook, if there is one. */
#ifndef NUMAPERF_CORE_LOG_H
#define NUMAPERF_CORE_LOG_H

#include <numaperf/error.h>

/* One sentence, without a newline. errno is kept. */
void np_log(enum numaperf_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
