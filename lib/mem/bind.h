/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory policies of a range, by mbind(2), each in the best form that this kernel takes. 0 or -errno; -ENOSYS: a kernel without NUMA. */
#ifndef NUMAPERF_MEM_BIND_H
#define NUMAPERF_MEM_BIND_H

#include <numaperf/set.h>

/* Only these nodes; where the kernel can, without losing hint faults (without them its accesses could not be measured). */
int bind_only(void *addr, size_t size, const struct numaperf_nodeset *nodes);
/* These nodes first, others when they are full. */
int bind_prefer(void *addr, size_t size, const struct numaperf_nodeset *nodes);
/* The toucher's node, whatever policy the thread has (numactl, set_mempolicy). */
int bind_local(void *addr, size_t size);

#endif
