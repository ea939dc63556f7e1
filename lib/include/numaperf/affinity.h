/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scoped thread pins. A pin belongs to the thread that made it: releasing it elsewhere is -EPERM. Releases restore the mask from before the
 * outermost pin that is still there, in whatever order they come.
 *
 * Soft: sched_setaffinity(2), verified. Hard: the same, then locked by a lease of the kernel module.
 */
#ifndef NUMAPERF_AFFINITY_H
#define NUMAPERF_AFFINITY_H

#include <numaperf/base.h>
#include <numaperf/enforcement.h>
#include <numaperf/set.h>
#include <numaperf/topology.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_pin;

struct numaperf_pin_options {
	size_t size;
	enum numaperf_mode mode;
	bool inherit_threads;  /* hard: threads that this thread starts later are held, too */
	bool inherit_children; /* hard: forked children, too */
	bool keep_on_exec;     /* hard: the lease outlives exec (the session's descriptor stays open then) */
};
#define NUMAPERF_PIN_OPTIONS_INIT { .size = sizeof(struct numaperf_pin_options) }
NUMAPERF_DEFINE_OPTIONS_INIT(pin)

/*
 * Pins the calling thread. Errors: EMPTY_CPU_SET; INVALID_CPU (no such CPU, offline, or forbidden by the cpuset: the message names the first);
 * HARD_MODE_UNAVAILABLE (with the remedy); PINNING. Soft mode pins to what is allowed of the set and fails only if that is empty.
 */
NUMAPERF_API int numaperf_pin_cpus(const struct numaperf_cpuset *set, const struct numaperf_pin_options *options,
				   struct numaperf_pin **ret_pin);
/* To the allowed CPUs of a node. INVALID_NODE; EMPTY_CPU_SET for a CPU-less node (the message names the nearest with CPUs). */
NUMAPERF_API int numaperf_pin_node(struct numaperf_topology *topology, int node, const struct numaperf_pin_options *options,
				   struct numaperf_pin **ret_pin);
/* Current state, re-verified. Any thread. */
NUMAPERF_API int numaperf_pin_enforcement(struct numaperf_pin *pin, struct numaperf_enforcement *ret_enforcement);
/*
 * Hard pins: the descriptor of the session that holds the lease (all hard pins of a process share one; it stays the library's). A lease ends when
 * the last copy of it is closed, so a process that will execute something can have its copy kept by another. -EINVAL for a soft pin.
 */
NUMAPERF_API int numaperf_pin_descriptor(const struct numaperf_pin *pin);
/* Ends it and frees it: 0; -EPERM on another thread (nothing is changed), unless the one that made it has ended. */
NUMAPERF_API int numaperf_pin_release(struct numaperf_pin *pin);
static inline void numaperf_pin_cleanup(struct numaperf_pin **pin)
{
	(void)numaperf_pin_release(*pin);
}

NUMAPERF_END_DECLS

#endif
