// SPDX-License-Identifier: GPL-2.0
/*
 * The NUMA fault injector: see inject.h. Files of debugfs numaperf/inject/:
 *
 *	fail_page	n: the n-th page from now fails, once (0: none)
 *	misplace_page	n: the n-th page from now is on another node, once
 *	fault_delay_us	every fault takes so much longer
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/nodemask.h>

#include "inject.h"

#define DELAY_MAX_US	USEC_PER_SEC

static atomic_t fail_page = ATOMIC_INIT(0);
static atomic_t misplace_page = ATOMIC_INIT(0);
static u32 fault_delay_us;

/* Count @pages down: is the one that was asked for among them? */
static bool counted_down(atomic_t *countdown, unsigned long pages)
{
	int left = atomic_read(countdown);

	do {
		if (!left)
			return false;
	} while (!atomic_try_cmpxchg(countdown, &left,
				     max_t(long, left - (long)pages, 0)));
	return left <= pages;
}

bool np_inject_fail(unsigned long pages)
{
	return counted_down(&fail_page, pages);
}

/* The next node that has memory; on a machine with one there is no other. */
int np_inject_node(int nid)
{
	if (!counted_down(&misplace_page, 1))
		return nid;
	return next_node_in(nid, node_states[N_MEMORY]);
}

void np_inject_delay(void)
{
	u32 us = min_t(u32, READ_ONCE(fault_delay_us), DELAY_MAX_US);

	if (us)
		fsleep(us);
}

static int countdown_get(void *data, u64 *value)
{
	*value = atomic_read(data);
	return 0;
}

static int countdown_set(void *data, u64 value)
{
	if (value > INT_MAX)
		return -EINVAL;
	atomic_set(data, value);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(countdown_fops, countdown_get, countdown_set, "%llu\n");

void np_inject_init(struct dentry *parent)
{
	struct dentry *dir = debugfs_create_dir("inject", parent);

	debugfs_create_file("fail_page", 0600, dir, &fail_page,
			    &countdown_fops);
	debugfs_create_file("misplace_page", 0600, dir, &misplace_page,
			    &countdown_fops);
	debugfs_create_u32("fault_delay_us", 0600, dir, &fault_delay_us);
}
