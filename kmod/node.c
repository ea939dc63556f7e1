// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "node.h"

unsigned int np_nodes;

static u16 *place_of;	/* by id */
static u16 *id_at;	/* by place */

int np_node_init(void)
{
	unsigned int place = 0;
	int nid;

	np_nodes = num_possible_nodes();
	place_of = kcalloc(nr_node_ids, sizeof(*place_of), GFP_KERNEL);
	id_at = kcalloc(np_nodes, sizeof(*id_at), GFP_KERNEL);
	if (!place_of || !id_at) {
		np_node_exit();
		return -ENOMEM;
	}
	for_each_node(nid) {
		place_of[nid] = place;
		id_at[place++] = nid;
	}
	return 0;
}

void np_node_exit(void)
{
	kfree(place_of);
	kfree(id_at);
}

unsigned int np_node_place(int nid)
{
	return place_of[nid];
}

int np_node_id(unsigned int place)
{
	return id_at[place];
}
