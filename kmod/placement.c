// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "node.h"
#include "placement.h"
#include "set.h"
#include "walk.h"

struct node_count {
	u64 pages;
	u64 huge_pages;
};

struct tally {
	u64 absent;
	u64 unmapped;
	u64 other;
	struct node_count *nodes;	/* by place */
};

static int placement_entry(const struct np_walk_entry *entry, void *data)
{
	struct tally *tally = data;
	struct node_count *node;

	switch (entry->kind) {
	case NP_WALK_UNMAPPED:
		tally->unmapped += entry->pages;
		break;
	case NP_WALK_ABSENT:
		tally->absent += entry->pages;
		break;
	case NP_WALK_OTHER:
		tally->other += entry->pages;
		break;
	case NP_WALK_PAGE:
		node = &tally->nodes[np_node_place(page_to_nid(entry->page))];
		node->pages += entry->pages;
		if (entry->huge)
			node->huge_pages += entry->pages;
		break;
	}
	return 0;
}

static int placement_copy(const struct tally *tally,
			  struct numaperf_ioc_placement *arg)
{
	u32 room = arg->count;
	unsigned int place;

	arg->count = 0;
	for (place = 0; place < np_nodes; place++)
		arg->count += !!tally->nodes[place].pages;
	if (room < arg->count)
		return -EMSGSIZE;

	arg->count = 0;
	for (place = 0; place < np_nodes; place++) {
		struct numaperf_node_pages record = {
			.node = np_node_id(place),
			.pages = tally->nodes[place].pages,
			.huge_pages = tally->nodes[place].huge_pages,
		};

		if (!record.pages)
			continue;
		if (np_record_to_user(arg->nodes, arg->count++, arg->entry_size,
				      &record, sizeof(record)))
			return -EFAULT;
	}
	arg->absent = tally->absent;
	arg->unmapped = tally->unmapped;
	arg->other = tally->other;
	return 0;
}

/* A range of user space, not empty, of whole pages: 0 or -EINVAL. */
int np_range_check(u64 addr, u64 length)
{
	u64 end;

	if (!length || !PAGE_ALIGNED(addr) || !PAGE_ALIGNED(length) ||
	    check_add_overflow(addr, length, &end) || end > TASK_SIZE)
		return -EINVAL;
	return 0;
}

/* PLACEMENT */
int np_placement(struct numaperf_ioc_placement *arg)
{
	struct tally tally = {};
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (!np_record_size_ok(arg->entry_size) ||
	    np_range_check(arg->addr, arg->length))
		return -EINVAL;
	tally.nodes = kcalloc(np_nodes, sizeof(*tally.nodes), GFP_KERNEL);
	if (!tally.nodes)
		return -ENOMEM;
	err = np_walk(current->mm, arg->addr, arg->addr + arg->length,
		      placement_entry, &tally);
	if (!err)
		err = placement_copy(&tally, arg);
	kfree(tally.nodes);
	return err;
}
