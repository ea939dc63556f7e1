/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults of a NUMA machine, on demand, in debug builds (debugfs
 * numaperf/inject/): what the failure of allocations can't reach. In other
 * builds these are nothing.
 */
#ifndef NP_INJECT_H
#define NP_INJECT_H

#include <linux/types.h>

struct dentry;

#ifdef NP_DEBUG

void np_inject_init(struct dentry *parent);
bool np_inject_fail(unsigned long pages);
int np_inject_node(int nid);
void np_inject_delay(void);

#else

static inline void np_inject_init(struct dentry *parent) { }

/* Is the page to fail among the next so many? */
static inline bool np_inject_fail(unsigned long pages)
{
	return false;
}

/* Where a page that is on (or wanted on) node @nid is to be. */
static inline int np_inject_node(int nid)
{
	return nid;
}

/* A fault takes its time; may sleep. */
static inline void np_inject_delay(void) { }

#endif

#endif /* NP_INJECT_H */
