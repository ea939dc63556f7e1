/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bitmap that grows: what both types of set are made of. It has as many words as its largest member so far needed;
 * ids beyond them are not members. An all-zero struct is an empty one; its owner frees words.
 *
 * Functions return 0, -ERANGE (an id of NUMAPERF_SET_IDS_MAX or more), -EINVAL, -ENOMEM, and set no error.
 */
#ifndef NUMAPERF_CORE_BITMAP_H
#define NUMAPERF_CORE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NP_BITMAP_WORD_BITS 64u

struct np_bitmap {
	uint64_t *words;
	size_t count;
};

int np_bitmap_add_range(struct np_bitmap *set, unsigned first, unsigned last);
int np_bitmap_remove(struct np_bitmap *set, unsigned id);
bool np_bitmap_has(const struct np_bitmap *set, unsigned id);
bool np_bitmap_is_empty(const struct np_bitmap *set);
size_t np_bitmap_count(const struct np_bitmap *set);
int np_bitmap_next(const struct np_bitmap *set, int prev);
bool np_bitmap_equal(const struct np_bitmap *a, const struct np_bitmap *b);
bool np_bitmap_subset(const struct np_bitmap *inner, const struct np_bitmap *outer);
bool np_bitmap_intersects(const struct np_bitmap *a, const struct np_bitmap *b);
int np_bitmap_and(struct np_bitmap *dst, const struct np_bitmap *other);
int np_bitmap_or(struct np_bitmap *dst, const struct np_bitmap *other);
int np_bitmap_andnot(struct np_bitmap *dst, const struct np_bitmap *other);

/* Adds the members of an array of words of word_size bytes (unsigned long or uint64_t); only its first bits count. */
int np_bitmap_add_array(struct np_bitmap *set, const void *array, size_t word_size, size_t bits);
/* -ERANGE if a member is not below bits: then nothing is written. */
int np_bitmap_to_mask(const struct np_bitmap *set, unsigned long *mask, size_t bits);

/* bitmap_list.c: adds what the list names; on failure *ret_where is the offset of the offending element. */
int np_bitmap_add_list(struct np_bitmap *set, const char *list, size_t *ret_where);
/* Like snprintf. */
size_t np_bitmap_format_list(const struct np_bitmap *set, char *buf, size_t size);

#endif
