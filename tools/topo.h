/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's nodes as tables: what "numaperf topo" prints.
 */
#ifndef NUMAPERF_TOOLS_TOPO_H
#define NUMAPERF_TOOLS_TOPO_H

#include <stdio.h>

#include <numaperf/topology.h>

/* Nodes, distances, advice. */
void topo_print(const struct numaperf_topology *topology, FILE *file);

#endif
