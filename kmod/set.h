/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copying sets and arrays of records between the kernel and its callers.
 */
#ifndef NP_SET_H
#define NP_SET_H

#include <linux/types.h>

int np_set_from_user(u64 user, u32 user_bits, unsigned long *set,
		     unsigned int bits);
int np_set_to_user(u64 user, u32 user_bits, const unsigned long *set,
		   unsigned int bits);
bool np_record_size_ok(u32 user_size);
int np_record_to_user(u64 array, u32 index, u32 user_size, const void *record,
		      size_t size);

#endif /* NP_SET_H */
