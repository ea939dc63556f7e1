// SPDX-License-Identifier: GPL-2.0
#include <linux/bitmap.h>
#include <linux/numaperf.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "set.h"

/**
 * np_set_from_user() - read a bitmap of the ABI
 * @user: address of its words
 * @user_bits: how many bits it has
 * @set: receives those below @bits; ids above can't exist and are dropped
 *
 * Return: 0; -EINVAL: @user_bits is no multiple of 64 or too large, or the set
 * is empty (of what exists here); -EFAULT; -ENOMEM.
 */
int np_set_from_user(u64 user, u32 user_bits, unsigned long *set,
		     unsigned int bits)
{
	u64 *words;
	int err = 0;

	if (!user_bits || user_bits % 64 || user_bits > NUMAPERF_SET_BITS_MAX)
		return -EINVAL;
	words = memdup_user(u64_to_user_ptr(user), user_bits / 8);
	if (IS_ERR(words))
		return PTR_ERR(words);
	bitmap_zero(set, bits);
	bitmap_from_arr64(set, words, min(bits, user_bits));
	if (bitmap_empty(set, bits))
		err = -EINVAL;
	kfree(words);
	return err;
}

/* The reverse; @user_bits is at least @bits, what is above is cleared. */
int np_set_to_user(u64 user, u32 user_bits, const unsigned long *set,
		   unsigned int bits)
{
	u64 *words;
	int err = 0;

	if (user_bits % 64 || user_bits > NUMAPERF_SET_BITS_MAX)
		return -EINVAL;
	words = kcalloc(user_bits / 64, sizeof(*words), GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	bitmap_to_arr64(words, set, bits);
	if (copy_to_user(u64_to_user_ptr(user), words, user_bits / 8))
		err = -EFAULT;
	kfree(words);
	return err;
}

/* Is this a size that an array's elements may have in a caller's eyes? */
bool np_record_size_ok(u32 user_size)
{
	return user_size >= sizeof(u64) && user_size <= PAGE_SIZE;
}

/*
 * Element @index of an array whose elements the caller believes to be of
 * @user_size: shorter gets the head, longer gets zeroes behind.
 */
int np_record_to_user(u64 array, u32 index, u32 user_size, const void *record,
		      size_t size)
{
	void __user *to = u64_to_user_ptr(array + (u64)index * user_size);
	size_t common = min_t(size_t, user_size, size);

	if (copy_to_user(to, record, common) ||
	    clear_user(to + common, user_size - common))
		return -EFAULT;
	return 0;
}
