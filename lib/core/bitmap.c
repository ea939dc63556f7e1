/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/numaperf.h>
#include <numaperf/set.h>

#include "core/bitmap.h"

#define WORD_BITS NP_BITMAP_WORD_BITS

_Static_assert(NUMAPERF_SET_IDS_MAX == NUMAPERF_SET_BITS_MAX, "the library's sets are those of the module");
_Static_assert(NUMAPERF_SET_IDS_MAX % WORD_BITS == 0, "the largest set is made of whole words");

static uint64_t bit(unsigned id)
{
	return UINT64_C(1) << id % WORD_BITS;
}

/* Bits first..last of one word, both included. */
static uint64_t bits_between(unsigned first, unsigned last)
{
	return UINT64_MAX << first & UINT64_MAX >> (WORD_BITS - 1 - last);
}

static uint64_t word_of(const struct np_bitmap *set, size_t i)
{
	return i < set->count ? set->words[i] : 0;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* ------------------------------------------------------------------ the bitmap */

static int grow(struct np_bitmap *set, size_t count)
{
	if (count <= set->count)
		return 0;

	uint64_t *words = realloc(set->words, count * sizeof(*words));

	if (!words)
		return -ENOMEM;
	memset(words + set->count, 0, (count - set->count) * sizeof(*words));
	set->words = words;
	set->count = count;
	return 0;
}

int np_bitmap_add_range(struct np_bitmap *set, unsigned first, unsigned last)
{
	size_t from = first / WORD_BITS, to = last / WORD_BITS;

	if (last >= NUMAPERF_SET_IDS_MAX)
		return -ERANGE;
	if (first > last)
		return -EINVAL;
	if (grow(set, to + 1) < 0)
		return -ENOMEM;
	for (size_t i = from; i <= to; i++)
		set->words[i] |=
			bits_between(i == from ? first % WORD_BITS : 0, i == to ? last % WORD_BITS : WORD_BITS - 1);
	return 0;
}

int np_bitmap_remove(struct np_bitmap *set, unsigned id)
{
	if (id >= NUMAPERF_SET_IDS_MAX)
		return -ERANGE;
	if (id / WORD_BITS < set->count)
		set->words[id / WORD_BITS] &= ~bit(id);
	return 0;
}

bool np_bitmap_has(const struct np_bitmap *set, unsigned id)
{
	return word_of(set, id / WORD_BITS) & bit(id);
}

bool np_bitmap_is_empty(const struct np_bitmap *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->words[i])
			return false;
	return true;
}

size_t np_bitmap_count(const struct np_bitmap *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += (size_t)__builtin_popcountll(set->words[i]);
	return count;
}

int np_bitmap_next(const struct np_bitmap *set, int prev)
{
	unsigned id = prev < 0 ? 0 : (unsigned)prev + 1;

	for (size_t i = id / WORD_BITS; i < set->count; i++, id = 0) {
		uint64_t rest = set->words[i] & UINT64_MAX << id % WORD_BITS;

		if (rest)
			return (int)(i * WORD_BITS) + __builtin_ctzll(rest);
	}
	return -1;
}

bool np_bitmap_equal(const struct np_bitmap *a, const struct np_bitmap *b)
{
	for (size_t i = 0; i < larger(a->count, b->count); i++)
		if (word_of(a, i) != word_of(b, i))
			return false;
	return true;
}

bool np_bitmap_subset(const struct np_bitmap *inner, const struct np_bitmap *outer)
{
	for (size_t i = 0; i < inner->count; i++)
		if (inner->words[i] & ~word_of(outer, i))
			return false;
	return true;
}

bool np_bitmap_intersects(const struct np_bitmap *a, const struct np_bitmap *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->words[i] & word_of(b, i))
			return true;
	return false;
}

int np_bitmap_and(struct np_bitmap *dst, const struct np_bitmap *other)
{
	for (size_t i = 0; i < dst->count; i++)
		dst->words[i] &= word_of(other, i);
	return 0;
}

int np_bitmap_or(struct np_bitmap *dst, const struct np_bitmap *other)
{
	if (grow(dst, other->count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < other->count; i++)
		dst->words[i] |= other->words[i];
	return 0;
}

int np_bitmap_andnot(struct np_bitmap *dst, const struct np_bitmap *other)
{
	for (size_t i = 0; i < dst->count; i++)
		dst->words[i] &= ~word_of(other, i);
	return 0;
}

/* ------------------------------------------------------------------ arrays of words, whatever their width */

/* Adds the members of an array of words of word_size bytes; only its first bits count. */
int np_bitmap_add_array(struct np_bitmap *set, const void *array, size_t word_size, size_t bits)
{
	const unsigned char *bytes = array;
	size_t word_bits = word_size * 8;

	for (size_t base = 0; base < bits; base += word_bits, bytes += word_size) {
		uint64_t word = 0;

		if (word_size == sizeof(unsigned long)) {
			unsigned long value;

			memcpy(&value, bytes, sizeof(value));
			word = value;
		} else {
			memcpy(&word, bytes, sizeof(word));
		}
		if (bits - base < word_bits)
			word &= (UINT64_C(1) << (bits - base)) - 1;
		for (; word; word &= word - 1) {
			size_t id = base + (size_t)__builtin_ctzll(word);
			int r = id < NUMAPERF_SET_IDS_MAX ? np_bitmap_add_range(set, (unsigned)id, (unsigned)id)
							  : -ERANGE;

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int np_bitmap_to_mask(const struct np_bitmap *set, unsigned long *mask, size_t bits)
{
	size_t long_bits = 8 * sizeof(*mask);

	for (int id = np_bitmap_next(set, -1); id >= 0; id = np_bitmap_next(set, id))
		if ((size_t)id >= bits)
			return -ERANGE;
	if (bits)
		memset(mask, 0, (bits + long_bits - 1) / long_bits * sizeof(*mask));
	for (int id = np_bitmap_next(set, -1); id >= 0; id = np_bitmap_next(set, id))
		mask[(size_t)id / long_bits] |= 1UL << (size_t)id % long_bits;
	return 0;
}
