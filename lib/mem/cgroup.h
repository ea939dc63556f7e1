/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other place where a shortage ends at the OOM killer: the memory limit of a cgroup (v2), as containers have. */
#ifndef NUMAPERF_MEM_CGROUP_H
#define NUMAPERF_MEM_CGROUP_H

#include <stdint.h>

/* Bytes that this process may still use, by the tightest limit above it; UINT64_MAX: no limit, or none that is visible. */
uint64_t cgroup_headroom(void);

#endif
