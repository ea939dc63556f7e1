/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of CPUs and of nodes: two distinct types, sized at run time, growing as ids are added.
 *
 * Text form is the kernel's list syntax: "0-3,8,10-20:2/4" (first 2 of every 4 of 10..20), "" is the empty set; "all" and "N" are not taken.
 * Ids are below NUMAPERF_SET_IDS_MAX. A set is not locked: one writer, or many readers.
 */
#ifndef NUMAPERF_SET_H
#define NUMAPERF_SET_H

#include <stdbool.h>
#include <sys/types.h>

#include <numaperf/base.h>

NUMAPERF_BEGIN_DECLS

#define NUMAPERF_SET_IDS_MAX 65536

struct numaperf_cpuset;
struct numaperf_nodeset;

/*
 * The same functions for both types; T is cpuset or nodeset.
 * - new: an empty set, owned by the caller. copy: a new set with the same members.
 * - parse: -EINVAL (syntax), -ERANGE (id too large).
 * - format: list syntax, like snprintf: returns the length needed without the NUL; always terminates if size > 0.
 * - add, add_range (both ends included), remove, clear: 0, -ERANGE, -ENOMEM.
 * - next: smallest member > prev (start with -1); -1 at the end.
 * - and/or/andnot: change dst.
 * - from_mask/to_mask: arrays of unsigned long, bit 0 first, bits = how many bits the array has. to_mask: -ERANGE if a member does not fit.
 */
#define NUMAPERF_DECLARE_SET(T)                                                                                          \
	NUMAPERF_API int numaperf_##T##_new(struct numaperf_##T **ret_set);                                              \
	NUMAPERF_API void numaperf_##T##_free(struct numaperf_##T *set);                                                 \
	NUMAPERF_API int numaperf_##T##_copy(const struct numaperf_##T *set, struct numaperf_##T **ret_set);             \
	NUMAPERF_API int numaperf_##T##_parse(const char *list, struct numaperf_##T **ret_set);                          \
	NUMAPERF_API ssize_t numaperf_##T##_format(const struct numaperf_##T *set, char *buf, size_t size);              \
	NUMAPERF_API int numaperf_##T##_add(struct numaperf_##T *set, unsigned id);                                      \
	NUMAPERF_API int numaperf_##T##_add_range(struct numaperf_##T *set, unsigned first, unsigned last);              \
	NUMAPERF_API int numaperf_##T##_remove(struct numaperf_##T *set, unsigned id);                                   \
	NUMAPERF_API void numaperf_##T##_clear(struct numaperf_##T *set);                                                \
	NUMAPERF_API bool numaperf_##T##_has(const struct numaperf_##T *set, unsigned id);                               \
	NUMAPERF_API bool numaperf_##T##_is_empty(const struct numaperf_##T *set);                                       \
	NUMAPERF_API size_t numaperf_##T##_count(const struct numaperf_##T *set);                                        \
	NUMAPERF_API int numaperf_##T##_next(const struct numaperf_##T *set, int prev);                                  \
	NUMAPERF_API bool numaperf_##T##_equal(const struct numaperf_##T *a, const struct numaperf_##T *b);              \
	NUMAPERF_API bool numaperf_##T##_subset(const struct numaperf_##T *inner, const struct numaperf_##T *outer);     \
	NUMAPERF_API bool numaperf_##T##_intersects(const struct numaperf_##T *a, const struct numaperf_##T *b);         \
	NUMAPERF_API int numaperf_##T##_and(struct numaperf_##T *dst, const struct numaperf_##T *other);                 \
	NUMAPERF_API int numaperf_##T##_or(struct numaperf_##T *dst, const struct numaperf_##T *other);                  \
	NUMAPERF_API int numaperf_##T##_andnot(struct numaperf_##T *dst, const struct numaperf_##T *other);              \
	NUMAPERF_API int numaperf_##T##_from_mask(const unsigned long *mask, size_t bits, struct numaperf_##T **ret_set); \
	NUMAPERF_API int numaperf_##T##_to_mask(const struct numaperf_##T *set, unsigned long *mask, size_t bits);       \
	NUMAPERF_DEFINE_CLEANUP(T, numaperf_##T##_free)

NUMAPERF_DECLARE_SET(cpuset)
NUMAPERF_DECLARE_SET(nodeset)

/* To and from glibc's cpu_set_t of any size (CPU_ALLOC_SIZE bytes); to: -ERANGE if a member does not fit. */
NUMAPERF_API int numaperf_cpuset_from_cpu_set(const void *cpu_set, size_t bytes, struct numaperf_cpuset **ret_set);
NUMAPERF_API int numaperf_cpuset_to_cpu_set(const struct numaperf_cpuset *set, void *cpu_set, size_t bytes);

#define NUMAPERF_FOREACH_CPU(cpu, set) \
	for (int cpu = numaperf_cpuset_next((set), -1); cpu >= 0; cpu = numaperf_cpuset_next((set), cpu))
#define NUMAPERF_FOREACH_NODE_ID(node, set) \
	for (int node = numaperf_nodeset_next((set), -1); node >= 0; node = numaperf_nodeset_next((set), node))

NUMAPERF_END_DECLS

#endif
