/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/syscalls.h"
#include "mem/bind.h"

#define LONG_BITS (sizeof(unsigned long) * CHAR_BIT)

/* Newer than the kernel headers of some supported systems. */
#ifndef MPOL_F_NUMA_BALANCING
#define MPOL_F_NUMA_BALANCING (1 << 13)
#endif
#define PREFERRED_MANY 5 /* MPOL_PREFERRED_MANY, an enumerator since 5.15 */

/* The modes in turn, until one is not EINVAL: that is what a kernel says which does not know it. */
static int bind_first_known(void *addr, size_t size, const struct numaperf_nodeset *nodes, const int *modes, size_t count)
{
	size_t longs = 1;
	unsigned long *mask;
	int r = -EINVAL;

	NUMAPERF_FOREACH_NODE_ID(node, nodes)
		longs = (size_t)node / LONG_BITS + 1;
	mask = calloc(longs, sizeof(*mask));
	if (!mask)
		return -ENOMEM;
	if (numaperf_nodeset_to_mask(nodes, mask, longs * LONG_BITS) == 0) {
		for (size_t i = 0; r == -EINVAL && i < count; i++)
			r = np_mbind(addr, size, modes[i], mask, longs * LONG_BITS, 0);
	}
	free(mask);
	return r;
}

int bind_only(void *addr, size_t size, const struct numaperf_nodeset *nodes)
{
	static const int modes[] = { MPOL_BIND | MPOL_F_NUMA_BALANCING, MPOL_BIND };

	return bind_first_known(addr, size, nodes, modes, sizeof(modes) / sizeof(modes[0]));
}

int bind_prefer(void *addr, size_t size, const struct numaperf_nodeset *nodes)
{
	static const int modes[] = { PREFERRED_MANY | MPOL_F_NUMA_BALANCING, PREFERRED_MANY, MPOL_PREFERRED };

	return bind_first_known(addr, size, nodes, modes, sizeof(modes) / sizeof(modes[0]));
}

int bind_local(void *addr, size_t size)
{
	int mode;
	int r = np_get_mempolicy(&mode, NULL, 0, NULL, 0);

	if (r < 0)
		return r;
	/* The default policy is local, and unlike an explicit one it leaves hint faults on. */
	return mode == MPOL_DEFAULT ? 0 : np_mbind(addr, size, MPOL_LOCAL, NULL, 0, 0);
}
