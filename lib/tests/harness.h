/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What test programs share: cmocka with the headers that it wants first, and skipping with a reason. */
#ifndef NUMAPERF_TESTS_HARNESS_H
#define NUMAPERF_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* The reason goes into the TAP line (run.sh). */
#define skip_because(reason)                                                                                           \
	do {                                                                                                           \
		print_message("# skip: %s\n", reason);                                                                 \
		skip();                                                                                                \
	} while (0)

/* In a guest with the module, tests check live answers; without it, that there is an answer all the same. */
static inline int has_module(void)
{
	return access("/dev/numaperf", F_OK) == 0;
}

#endif
