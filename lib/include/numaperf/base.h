/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every numaperf header needs.
 *
 * Conventions of the whole library:
 * - Functions return 0 or a positive result, or a negative errno; the details of this thread's last
 *   failure are in numaperf_last_error(). Outputs come last, are named ret_..., and are written on
 *   success only.
 * - Options structs begin with their size and are all-zero by default: use their _INIT macro (C) or
 *   _options_init() (C++17). NULL instead of options means the defaults.
 * - Freeing NULL does nothing. Nothing here prints, exits or starts a thread unasked.
 * - fork: in the child, objects made by the parent answer -ESTALE to all but their free, which only
 *   forgets them.
 */
#ifndef NUMAPERF_BASE_H
#define NUMAPERF_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define NUMAPERF_BEGIN_DECLS extern "C" {
#define NUMAPERF_END_DECLS }
#else
#define NUMAPERF_BEGIN_DECLS
#define NUMAPERF_END_DECLS
#endif

#if defined(__GNUC__)
#define NUMAPERF_API __attribute__((visibility("default")))
#define NUMAPERF_WARN_UNUSED __attribute__((warn_unused_result))
#else
#define NUMAPERF_API
#define NUMAPERF_WARN_UNUSED
#endif

/*
 * NUMAPERF_AUTO(topology) struct numaperf_topology *t = NULL;
 * frees t at the end of its scope. For every object X there is a function numaperf_X_cleanup(struct numaperf_X **).
 */
#define NUMAPERF_AUTO(object) __attribute__((cleanup(numaperf_##object##_cleanup)))
#define NUMAPERF_DEFINE_CLEANUP(object, free_function)                                        \
	static inline void numaperf_##object##_cleanup(struct numaperf_##object **object_ptr) \
	{                                                                                     \
		free_function(*object_ptr);                                                   \
	}

/* numaperf_X_options_init(), for C++17, which has no designated initialisers. */
#define NUMAPERF_DEFINE_OPTIONS_INIT(object)                                                         \
	static inline void numaperf_##object##_options_init(struct numaperf_##object##_options *options) \
	{                                                                                            \
		memset(options, 0, sizeof(*options));                                                \
		options->size = sizeof(*options);                                                    \
	}

#endif
