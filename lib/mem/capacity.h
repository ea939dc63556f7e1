/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much more memory nodes can give before the kernel would have to reclaim in earnest. Asked before touching anything: a shortage of bound nodes
 * ends, inside the kernel, at the OOM killer, not at an error.
 */
#ifndef NUMAPERF_MEM_CAPACITY_H
#define NUMAPERF_MEM_CAPACITY_H

#include <numaperf/set.h>

/* Bytes that are free or easily freed on these nodes together, less what the kernel keeps for itself. 0 or -errno with the last error. */
int capacity_of(const struct numaperf_nodeset *nodes, const char *operation, uint64_t *ret_bytes);

/* The same from the text of /proc/zoneinfo: what capacity_of() reads. */
uint64_t capacity_from_zoneinfo(const char *text, const struct numaperf_nodeset *nodes, uint64_t page_size);

#endif
