/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include <numaperf/policy.h>

#include "core/error.h"
#include "core/log.h"
#include "core/names.h"
#include "core/syscalls.h"

static const char operation[] = "task_policy_set";

static const char *const policy_names[] = {
	[NUMAPERF_TASK_POLICY_LOCAL] = "local",
	[NUMAPERF_TASK_POLICY_BIND] = "bind",
	[NUMAPERF_TASK_POLICY_PREFERRED] = "preferred",
	[NUMAPERF_TASK_POLICY_INTERLEAVE] = "interleave",
};
NP_DEFINE_ENUM_NAMES(task_policy, policy_names)

static const int modes[] = {
	[NUMAPERF_TASK_POLICY_LOCAL] = MPOL_DEFAULT, /* places as MPOL_LOCAL does, but hint faults can see it */
	[NUMAPERF_TASK_POLICY_BIND] = MPOL_BIND,
	[NUMAPERF_TASK_POLICY_PREFERRED] = MPOL_PREFERRED,
	[NUMAPERF_TASK_POLICY_INTERLEAVE] = MPOL_INTERLEAVE,
};

/* The kernel drops forbidden nodes from a set silently as long as one is left: not here. */
static int check_node(const struct numaperf_topology *topology, int id)
{
	const struct numaperf_node *node = numaperf_topology_node(topology, id);
	struct numaperf_node_memory memory = { 0 };
	int r;

	if (!node)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, operation, "This machine has no node %d.", id);
	r = numaperf_node_memory(node, &memory);
	if (r < 0)
		return r;
	if (!memory.total)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, operation, "Node %d has no memory.", id);
	if (!memory.allowed)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, operation,
			       "The cpuset of this process forbids memory of node %d (see Mems_allowed_list of "
			       "/proc/self/status).", id);
	return 0;
}

static int check(const struct numaperf_topology *topology, enum numaperf_task_policy policy,
		 const struct numaperf_nodeset *nodes)
{
	size_t count = nodes ? numaperf_nodeset_count(nodes) : 0;
	int r = 0;

	if ((unsigned)policy >= NP_COUNT(modes))
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation, "There is no task policy %d.",
			       (int)policy);
	if (policy == NUMAPERF_TASK_POLICY_LOCAL)
		return count == 0 ? 0 : np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
						"Policy local takes no nodes.");
	if (count == 0)
		return np_fail(EINVAL, NUMAPERF_ERROR_EMPTY_NODE_SET, operation, "Policy %s needs at least one node.",
			       numaperf_task_policy_to_string(policy));
	if (policy == NUMAPERF_TASK_POLICY_PREFERRED && count > 1)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
			       "Policy preferred takes one node, not %zu.", count);
	for (int id = numaperf_nodeset_next(nodes, -1); id >= 0 && r == 0; id = numaperf_nodeset_next(nodes, id))
		r = check_node(topology, id);
	return r;
}

/*
 * A mask that holds the largest member and is no longer than that: kernels refuse bits beyond their MAX_NUMNODES. NULL
 * for an empty set.
 */
static int make_mask(const struct numaperf_nodeset *nodes, unsigned long **ret_mask, size_t *ret_bits)
{
	const size_t word = 8 * sizeof(unsigned long);
	unsigned long *mask;
	size_t bits = 0;

	if (nodes)
		NUMAPERF_FOREACH_NODE_ID(id, nodes)
			bits = ((size_t)id / word + 1) * word;
	*ret_bits = bits;
	*ret_mask = NULL;
	if (!bits)
		return 0;
	mask = calloc(bits / word, sizeof(*mask));
	if (!mask)
		return np_fail_nomem(operation);
	*ret_mask = mask;
	return numaperf_nodeset_to_mask(nodes, mask, bits);
}

static int fail_set(int result, enum numaperf_task_policy policy)
{
	if (result == -ENOSYS || result == -EPERM)
		return np_fail(-result, NUMAPERF_ERROR_NOT_SUPPORTED, operation, "set_mempolicy is %s.",
			       result == -ENOSYS ? "missing: the kernel has no NUMA" :
						   "denied, probably by a seccomp filter (container)");
	return np_fail(-result, NUMAPERF_ERROR_BINDING, operation, "The kernel refuses policy %s for these nodes: %s.",
		       numaperf_task_policy_to_string(policy), numaperf_strerror(result));
}

int numaperf_task_policy_set(struct numaperf_topology *topology, enum numaperf_task_policy policy,
			     const struct numaperf_nodeset *nodes)
{
	unsigned long *mask;
	bool measurable = policy == NUMAPERF_TASK_POLICY_LOCAL, done = false;
	size_t bits;
	int r = check(topology, policy, nodes);

	if (r < 0)
		return r;
	r = make_mask(nodes, &mask, &bits);
	if (r < 0)
		goto out;
	if (policy == NUMAPERF_TASK_POLICY_BIND) {
		r = np_set_mempolicy(MPOL_BIND | MPOL_F_NUMA_BALANCING, mask, bits);
		measurable = done = r == 0;
	}
	if (!done) /* refused with the flag: an older kernel, or the set is wrong as well */
		r = np_set_mempolicy(modes[policy], mask, bits);
	r = r < 0 ? fail_set(r, policy) : !measurable;
	if (r == 1)
		np_log(NUMAPERF_LOG_INFO, "NUMA hint faults can't see memory placed by task policy %s.",
		       policy_names[policy]);
out:
	free(mask);
	return r;
}
