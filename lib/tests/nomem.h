/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory runs out where the test says. For programs linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#ifndef NUMAPERF_TESTS_NOMEM_H
#define NUMAPERF_TESTS_NOMEM_H

#include <stdbool.h>

/* So many allocations still succeed, then none does until the end. */
void nomem_after(unsigned long allocations);
void nomem_end(void);
/* Since nomem_after(): was one refused? */
bool nomem_ran_out(void);

#endif
