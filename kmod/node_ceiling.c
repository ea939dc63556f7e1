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

unsigned long *np_node_counts(void)
{
	return kcalloc(np_nodes, sizeof(unsigned long), GFP_KERNEL_ACCOUNT);
}

/* Memory may come and go (hotplug): asked each time. */
static unsigned long ceiling(unsigned int place)
{
	int nid = np_node_id(place);

	if (!node_online(nid))
		return 0;
	return mult_frac(node_present_pages(nid),
			 (unsigned long)READ_ONCE(locked_max), 100UL);
}

static bool fits(unsigned int place, long now, unsigned long pages)
{
	return !pages || now + pages <= ceiling(place);
}

/* Would np_node_charge() succeed? 0 or -EDQUOT. */
int np_node_may_charge(const unsigned long *pages, int *ret_wrong_node)
{
	unsigned int place;

	for (place = 0; place < np_nodes; place++) {
		if (!fits(place, atomic_long_read(&held[place]),
			  pages[place])) {
			*ret_wrong_node = np_node_id(place);
			return -EDQUOT;
		}
	}
	return 0;
}

static bool charge_one(unsigned int place, unsigned long pages)
{
	long now = atomic_long_read(&held[place]);

	do {
		if (!fits(place, now, pages))
			return false;
	} while (!atomic_long_try_cmpxchg(&held[place], &now, now + pages));
	return true;
}

/**
 * np_node_charge() - hold so many pages of each node
 * @pages: by place, from np_node_counts()
 * @ret_wrong_node: the first node that is full, if one is
 *
 * Return: 0, or -EDQUOT: nothing is charged.
 */
int np_node_charge(const unsigned long *pages, int *ret_wrong_node)
{
	unsigned int place;

	for (place = 0; place < np_nodes; place++) {
		if (charge_one(place, pages[place]))
			continue;
		*ret_wrong_node = np_node_id(place);
		while (place--)
			atomic_long_sub(pages[place], &held[place]);
		return -EDQUOT;
	}
	return 0;
}

void np_node_uncharge(int nid, unsigned long pages)
{
	atomic_long_sub(pages, &held[np_node_place(nid)]);
}
