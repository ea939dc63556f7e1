/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the libraries of this tree share among themselves and nobody else may use: exported by libnumaperf under the
 * version NUMAPERF_PRIVATE (libnumaperf.map names each), for libnumaperf-netlink of the same version.
 */
#ifndef NUMAPERF_CORE_PRIVATE_H
#define NUMAPERF_CORE_PRIVATE_H

#define NP_PRIVATE_API __attribute__((visibility("default")))

#endif
