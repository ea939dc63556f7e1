/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets as text, in the kernel's list syntax, however many members they have. The caller frees the text; for want of
 * memory the process ends with a message, as with tables.
 */
#ifndef NUMAPERF_TOOLS_SETS_H
#define NUMAPERF_TOOLS_SETS_H

#include <numaperf/set.h>

char *cpuset_text(const struct numaperf_cpuset *set);
char *nodeset_text(const struct numaperf_nodeset *set);

#endif
