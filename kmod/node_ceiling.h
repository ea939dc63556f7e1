/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of a node's memory the module may hold in place, for all users
 * together: a machine whose node is pinned to the last page is dead.
 */
#ifndef NP_NODE_CEILING_H
#define NP_NODE_CEILING_H

/* Pages by node, for callers that gather them first: by place (node.h). */
unsigned long *np_node_counts(void);

int np_node_charge(const unsigned long *pages, int *ret_wrong_node);
int np_node_may_charge(const unsigned long *pages, int *ret_wrong_node);
void np_node_uncharge(int nid, unsigned long pages);

int np_node_ceiling_init(void);
void np_node_ceiling_exit(void);

#endif /* NP_NODE_CEILING_H */
