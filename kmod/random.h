/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A generator that may run in a fault path: some ten instructions, no lock.
 */
#ifndef NP_RANDOM_H
#define NP_RANDOM_H

#include <linux/types.h>

/* Marsaglia's xorshift32: never 0 if it doesn't begin so. */
static inline u32 np_random_next(u32 *state)
{
	u32 x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

/* Uniform in 1 .. 2 * period - 1: a fixed one locks onto periodic patterns. */
static inline u32 np_random_period(u32 *state, u32 period)
{
	return 1 + (u32)(((u64)np_random_next(state) * (2 * period - 1)) >> 32);
}

#endif /* NP_RANDOM_H */
