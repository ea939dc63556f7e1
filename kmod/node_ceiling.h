/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of a node's memory the module may hold in place, for all users
 * together: a machine whose node is pinned to the last page is dead.
 */
#ifndef NP_NODE_CEILING_H
#define NP_NODE_CEILING_H

int np_node_charge(int nid, unsigned long pages);
int np_node_may_charge(int nid, unsigned long pages);
unsigned long np_node_left(int nid);
void np_node_uncharge(int nid, unsigned long pages);

int np_node_ceiling_init(void);
void np_node_ceiling_exit(void);

#endif /* NP_NODE_CEILING_H */
