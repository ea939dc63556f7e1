// SPDX-License-Identifier: GPL-2.0
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "node.h"
#include "node_ceiling.h"

static unsigned int locked_max = 90;

static int percent_set(const char *text, const struct kernel_param *param)
{
	unsigned int percent;
	int err = kstrtouint(text, 0, &percent);

	if (err)
		return err;
	if (percent > 100)
		return -EINVAL;
	WRITE_ONCE(locked_max, percent);
	return 0;
}

static const struct kernel_param_ops percent_ops = {
	.set = percent_set,
	.get = param_get_uint,
};

module_param_cb(node_locked_max, &percent_ops, &locked_max, 0644);
MODULE_PARM_DESC(node_locked_max, "Percent of a node's memory that may be held in place, by all users together (default 90)");

static atomic_long_t *held;	/* pages, by place */

int np_node_ceiling_init(void)
{
	held = kcalloc(np_nodes, sizeof(*held), GFP_KERNEL);
	return held ? 0 : -ENOMEM;
}

void np_node_ceiling_exit(void)
{
	kfree(held);
}

/* Memory may come and go (hotplug): asked each time. */
static unsigned long ceiling(int nid)
{
	if (!node_online(nid))
		return 0;
	return mult_frac(node_present_pages(nid),
			 (unsigned long)READ_ONCE(locked_max), 100UL);
}

/* Would np_node_charge() succeed? 0 or -EDQUOT. */
int np_node_may_charge(int nid, unsigned long pages)
{
	unsigned long now = atomic_long_read(&held[np_node_place(nid)]);

	return !pages || now + pages <= ceiling(nid) ? 0 : -EDQUOT;
}

/* How many pages np_node_charge() would still give. */
unsigned long np_node_left(int nid)
{
	unsigned long now = atomic_long_read(&held[np_node_place(nid)]);
	unsigned long most = ceiling(nid);

	return most > now ? most - now : 0;
}

/**
 * np_node_charge() - hold so many more pages of a node
 * @nid: its id
 * @pages: how many, all or none
 *
 * Return: 0 or -EDQUOT. Context: any.
 */
int np_node_charge(int nid, unsigned long pages)
{
	atomic_long_t *count = &held[np_node_place(nid)];
	unsigned long most = ceiling(nid);
	long now = atomic_long_read(count);

	do {
		if (now + pages > most)
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg(count, &now, now + pages));
	return 0;
}

void np_node_uncharge(int nid, unsigned long pages)
{
	atomic_long_sub(pages, &held[np_node_place(nid)]);
}
