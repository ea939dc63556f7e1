/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of a set, in the form that the kernel module takes: __u64, bit 0 first. */
#ifndef NUMAPERF_CORE_SET_H
#define NUMAPERF_CORE_SET_H

#include <numaperf/set.h>

/* NULL with *ret_bits 0 for a set that never had a member. Valid until the set changes. *ret_bits is a multiple of 64.
 */
const uint64_t *np_cpuset_words(const struct numaperf_cpuset *set, uint32_t *ret_bits);
const uint64_t *np_nodeset_words(const struct numaperf_nodeset *set, uint32_t *ret_bits);

int np_cpuset_from_words(const uint64_t *words, size_t bits, struct numaperf_cpuset **ret_set);
int np_nodeset_from_words(const uint64_t *words, size_t bits, struct numaperf_nodeset **ret_set);

#endif
