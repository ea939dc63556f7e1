/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The leases that the kernel module lists, as a table: what "numaperf leases" prints.
 */
#ifndef NUMAPERF_TOOLS_LEASES_H
#define NUMAPERF_TOOLS_LEASES_H

#include <stdio.h>

#include <numaperf/leases.h>

void leases_print(const struct numaperf_lease_list *list, FILE *file);

#endif
