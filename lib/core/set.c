/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two public types of set: one bitmap (bitmap.c) behind both. What differs between them is only how errors are
 * told.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/bitmap.h"
#include "core/error.h"
#include "core/set.h"

struct numaperf_cpuset {
	struct np_bitmap set;
};

struct numaperf_nodeset {
	struct np_bitmap set;
};

/* ------------------------------------------------------------------ errors */

static int set_fail(int result, enum numaperf_error_kind range_kind, const char *operation)
{
	switch (result) {
	case -ENOMEM:
		return np_fail_nomem(operation);
	case -ERANGE:
		return np_fail(ERANGE, range_kind, operation,
			       "An id is beyond what fits: ids are below %d, and below the size of the mask.",
			       NUMAPERF_SET_IDS_MAX);
	default:
		return np_fail(-result, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
			       "The first id of a range is larger than its last.");
	}
}

static int parse_fail(int result, enum numaperf_error_kind range_kind, const char *operation, const char *list,
		      size_t where)
{
	if (result == -ENOMEM)
		return np_fail_nomem(operation);
	if (!list)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation, "There is no list to parse.");
	if (result == -ERANGE)
		return np_fail(ERANGE, range_kind, operation,
			       "The list has an id that is too large at \"%.40s\": ids are below %d.", list + where,
			       NUMAPERF_SET_IDS_MAX);
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
		       "\"%.60s\" is no list of ids at \"%.40s\": write it like 0-3,8,10-20:2/4.", list, list + where);
}

/* ------------------------------------------------------------------ the two types */

#define DEFINE_SET(T, RANGE_KIND)                                                                                      \
	static int T##_result(int result, const char *operation)                                                       \
	{                                                                                                              \
		return result < 0 ? set_fail(result, RANGE_KIND, operation) : result;                                  \
	}                                                                                                              \
	static struct numaperf_##T *T##_make(const char *operation)                                                    \
	{                                                                                                              \
		struct numaperf_##T *set = calloc(1, sizeof(*set));                                                    \
                                                                                                                       \
		if (!set)                                                                                              \
			(void)np_fail_nomem(operation);                                                                \
		return set;                                                                                            \
	}                                                                                                              \
	int numaperf_##T##_new(struct numaperf_##T **ret_set)                                                          \
	{                                                                                                              \
		struct numaperf_##T *set = T##_make(#T "_new");                                                        \
                                                                                                                       \
		if (!set)                                                                                              \
			return -ENOMEM;                                                                                \
		*ret_set = set;                                                                                        \
		return 0;                                                                                              \
	}                                                                                                              \
	void numaperf_##T##_free(struct numaperf_##T *set)                                                             \
	{                                                                                                              \
		if (!set)                                                                                              \
			return;                                                                                        \
		free(set->set.words);                                                                                  \
		free(set);                                                                                             \
	}                                                                                                              \
	/* Gives a half-made set away, or frees it. */                                                                 \
	static int T##_finish(struct numaperf_##T *set, int result, struct numaperf_##T **ret_set)                     \
	{                                                                                                              \
		if (result < 0)                                                                                        \
			numaperf_##T##_free(set);                                                                      \
		else                                                                                                   \
			*ret_set = set;                                                                                \
		return result;                                                                                         \
	}                                                                                                              \
	int numaperf_##T##_copy(const struct numaperf_##T *set, struct numaperf_##T **ret_set)                         \
	{                                                                                                              \
		struct numaperf_##T *copy = T##_make(#T "_copy");                                                      \
                                                                                                                       \
		if (!copy)                                                                                             \
			return -ENOMEM;                                                                                \
		return T##_finish(copy, T##_result(np_bitmap_or(&copy->set, &set->set), #T "_copy"), ret_set);         \
	}                                                                                                              \
	int numaperf_##T##_parse(const char *list, struct numaperf_##T **ret_set)                                      \
	{                                                                                                              \
		struct numaperf_##T *set = T##_make(#T "_parse");                                                      \
		size_t where = 0;                                                                                      \
                                                                                                                       \
		if (!set)                                                                                              \
			return -ENOMEM;                                                                                \
                                                                                                                       \
		int r = list ? np_bitmap_add_list(&set->set, list, &where) : -EINVAL;                                  \
		if (r < 0)                                                                                             \
			parse_fail(r, RANGE_KIND, #T "_parse", list, where);                                           \
		return T##_finish(set, r, ret_set);                                                                    \
	}                                                                                                              \
	ssize_t numaperf_##T##_format(const struct numaperf_##T *set, char *buf, size_t size)                          \
	{                                                                                                              \
		return (ssize_t)np_bitmap_format_list(&set->set, buf, size);                                           \
	}                                                                                                              \
	int numaperf_##T##_add(struct numaperf_##T *set, unsigned id)                                                  \
	{                                                                                                              \
		return T##_result(np_bitmap_add_range(&set->set, id, id), #T "_add");                                  \
	}                                                                                                              \
	int numaperf_##T##_add_range(struct numaperf_##T *set, unsigned first, unsigned last)                          \
	{                                                                                                              \
		return T##_result(np_bitmap_add_range(&set->set, first, last), #T "_add_range");                       \
	}                                                                                                              \
	int numaperf_##T##_remove(struct numaperf_##T *set, unsigned id)                                               \
	{                                                                                                              \
		return T##_result(np_bitmap_remove(&set->set, id), #T "_remove");                                      \
	}                                                                                                              \
	void numaperf_##T##_clear(struct numaperf_##T *set)                                                            \
	{                                                                                                              \
		set->set.count = 0;                                                                                    \
	}                                                                                                              \
	bool numaperf_##T##_has(const struct numaperf_##T *set, unsigned id)                                           \
	{                                                                                                              \
		return np_bitmap_has(&set->set, id);                                                                   \
	}                                                                                                              \
	bool numaperf_##T##_is_empty(const struct numaperf_##T *set)                                                   \
	{                                                                                                              \
		return np_bitmap_is_empty(&set->set);                                                                  \
	}                                                                                                              \
	size_t numaperf_##T##_count(const struct numaperf_##T *set)                                                    \
	{                                                                                                              \
		return np_bitmap_count(&set->set);                                                                     \
	}                                                                                                              \
	int numaperf_##T##_next(const struct numaperf_##T *set, int prev)                                              \
	{                                                                                                              \
		return np_bitmap_next(&set->set, prev);                                                                \
	}                                                                                                              \
	bool numaperf_##T##_equal(const struct numaperf_##T *a, const struct numaperf_##T *b)                          \
	{                                                                                                              \
		return np_bitmap_equal(&a->set, &b->set);                                                              \
	}                                                                                                              \
	bool numaperf_##T##_subset(const struct numaperf_##T *inner, const struct numaperf_##T *outer)                 \
	{                                                                                                              \
		return np_bitmap_subset(&inner->set, &outer->set);                                                     \
	}                                                                                                              \
	bool numaperf_##T##_intersects(const struct numaperf_##T *a, const struct numaperf_##T *b)                     \
	{                                                                                                              \
		return np_bitmap_intersects(&a->set, &b->set);                                                         \
	}                                                                                                              \
	int numaperf_##T##_and(struct numaperf_##T *dst, const struct numaperf_##T *other)                             \
	{                                                                                                              \
		return T##_result(np_bitmap_and(&dst->set, &other->set), #T "_and");                                   \
	}                                                                                                              \
	int numaperf_##T##_or(struct numaperf_##T *dst, const struct numaperf_##T *other)                              \
	{                                                                                                              \
		return T##_result(np_bitmap_or(&dst->set, &other->set), #T "_or");                                     \
	}                                                                                                              \
	int numaperf_##T##_andnot(struct numaperf_##T *dst, const struct numaperf_##T *other)                          \
	{                                                                                                              \
		return T##_result(np_bitmap_andnot(&dst->set, &other->set), #T "_andnot");                             \
	}                                                                                                              \
	static int T##_from_array(const void *array, size_t word_size, size_t bits, const char *operation,             \
				  struct numaperf_##T **ret_set)                                                       \
	{                                                                                                              \
		struct numaperf_##T *set = T##_make(operation);                                                        \
                                                                                                                       \
		if (!set)                                                                                              \
			return -ENOMEM;                                                                                \
		return T##_finish(set, T##_result(np_bitmap_add_array(&set->set, array, word_size, bits), operation),  \
				  ret_set);                                                                            \
	}                                                                                                              \
	int numaperf_##T##_from_mask(const unsigned long *mask, size_t bits, struct numaperf_##T **ret_set)            \
	{                                                                                                              \
		return T##_from_array(mask, sizeof(*mask), bits, #T "_from_mask", ret_set);                            \
	}                                                                                                              \
	int np_##T##_from_words(const uint64_t *words, size_t bits, struct numaperf_##T **ret_set)                     \
	{                                                                                                              \
		return T##_from_array(words, sizeof(*words), bits, #T "_from_words", ret_set);                         \
	}                                                                                                              \
	int numaperf_##T##_to_mask(const struct numaperf_##T *set, unsigned long *mask, size_t bits)                   \
	{                                                                                                              \
		return T##_result(np_bitmap_to_mask(&set->set, mask, bits), #T "_to_mask");                            \
	}                                                                                                              \
	const uint64_t *np_##T##_words(const struct numaperf_##T *set, uint32_t *ret_bits)                             \
	{                                                                                                              \
		*ret_bits = (uint32_t)(set->set.count * NP_BITMAP_WORD_BITS);                                          \
		return set->set.words;                                                                                 \
	}

DEFINE_SET(cpuset, NUMAPERF_ERROR_INVALID_CPU)
DEFINE_SET(nodeset, NUMAPERF_ERROR_INVALID_NODE)

/* ------------------------------------------------------------------ cpu_set_t */

/* A cpu_set_t of any size is an array of unsigned long. */
static int cpu_set_check(size_t bytes, const char *operation)
{
	if (bytes % sizeof(unsigned long) == 0)
		return 0;
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
		       "%zu bytes are no size of a cpu_set_t: give sizeof(cpu_set_t) or CPU_ALLOC_SIZE().", bytes);
}

int numaperf_cpuset_from_cpu_set(const void *cpu_set, size_t bytes, struct numaperf_cpuset **ret_set)
{
	int r = cpu_set_check(bytes, "cpuset_from_cpu_set");

	if (r < 0)
		return r;
	return cpuset_from_array(cpu_set, sizeof(unsigned long), bytes * 8, "cpuset_from_cpu_set", ret_set);
}

int numaperf_cpuset_to_cpu_set(const struct numaperf_cpuset *set, void *cpu_set, size_t bytes)
{
	int r = cpu_set_check(bytes, "cpuset_to_cpu_set");

	if (r < 0)
		return r;
	return cpuset_result(np_bitmap_to_mask(&set->set, cpu_set, bytes * 8), "cpuset_to_cpu_set");
}
