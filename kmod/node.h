/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Node ids may be sparse and go up to MAX_NUMNODES. Counters are arrays over
 * the *possible* nodes only; these map between an id and its place there.
 */
#ifndef NP_NODE_H
#define NP_NODE_H

#include <linux/nodemask.h>

/* Number of possible nodes: places are 0 .. np_nodes - 1. */
extern unsigned int np_nodes;

int np_node_init(void);
void np_node_exit(void);

unsigned int np_node_place(int nid);
int np_node_id(unsigned int place);

#endif /* NP_NODE_H */
