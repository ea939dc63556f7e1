/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <numaperf/affinity.h>
#include <numaperf/error.h>

#include "message.h"
#include "placing.h"
#include "sets.h"
#include "verb.h"

/* numactl says "all" for what exists and may be used. */
static bool is_all(const char *text)
{
	return strcmp(text, "all") == 0;
}

static int bad_list(const char *what, const char *text, int result)
{
	if (result == -ENOMEM)
		return fail("out of memory");
	return usage_error("'%s' is no list of %s: use e.g. 0,2-3, or all", text, what);
}

/* ------------------------------------------------------------------ nodes */

static bool has_memory(const struct numaperf_node *node)
{
	struct numaperf_node_memory memory;

	return numaperf_node_memory(node, &memory) == 0 && memory.total && memory.allowed;
}

static bool has_cpus(const struct numaperf_node *node)
{
	return !numaperf_cpuset_is_empty(numaperf_node_cpus(node, NUMAPERF_CPU_ALLOWED));
}

static int all_nodes(const struct placing *placing, bool (*usable)(const struct numaperf_node *),
		     struct numaperf_nodeset *set)
{
	NUMAPERF_FOREACH_NODE(node, placing->topology)
		if (usable(node) && numaperf_nodeset_add(set, (unsigned)numaperf_node_id(node)) < 0)
			return fail_last_error();
	return 0;
}

static int parse_nodes(const struct placing *placing, const char *text, bool (*usable)(const struct numaperf_node *),
		       struct numaperf_nodeset **ret_set)
{
	int r = is_all(text) ? numaperf_nodeset_new(ret_set) : numaperf_nodeset_parse(text, ret_set);

	if (r < 0)
		return bad_list("nodes", text, r);
	if (is_all(text))
		return all_nodes(placing, usable, *ret_set);
	return numaperf_nodeset_is_empty(*ret_set) ? usage_error("the list of nodes is empty") : 0;
}

static int resolve_memory(struct placing *placing)
{
	int status;

	if (!placing->memory_nodes)
		return 0;
	status = parse_nodes(placing, placing->memory_nodes, has_memory, &placing->node_set);
	if (status == 0 && placing->policy == NUMAPERF_TASK_POLICY_PREFERRED &&
	    numaperf_nodeset_count(placing->node_set) > 1)
		status = usage_error("--preferred takes one node");
	return status;
}

/* ------------------------------------------------------------------- CPUs */

static int no_cpus(const struct placing *placing, int id)
{
	int nearest = numaperf_topology_nearest_cpus(placing->topology, id);

	if (nearest < 0)
		return fail("node %d has no CPU that this process may use", id);
	return fail("node %d has no CPU that this process may use; the nearest node that has is %d", id, nearest);
}

static int add_cpus_of_nodes(struct placing *placing, const struct numaperf_nodeset *nodes)
{
	NUMAPERF_FOREACH_NODE_ID(id, nodes) {
		const struct numaperf_node *node = numaperf_topology_node(placing->topology, id);

		if (!node)
			return fail("this machine has no node %d", id);
		if (!has_cpus(node))
			return no_cpus(placing, id);
		if (numaperf_cpuset_or(placing->cpu_set, numaperf_node_cpus(node, NUMAPERF_CPU_ALLOWED)) < 0)
			return fail("out of memory");
	}
	return 0;
}

static int resolve_cpu_nodes(struct placing *placing)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;
	int status = parse_nodes(placing, placing->cpu_nodes, has_cpus, &nodes);

	if (status)
		return status;
	if (numaperf_cpuset_new(&placing->cpu_set) < 0)
		return fail("out of memory");
	return add_cpus_of_nodes(placing, nodes);
}

static int check_cpus(const struct placing *placing)
{
	NUMAPERF_FOREACH_CPU(cpu, placing->cpu_set) {
		if (numaperf_cpuset_has(numaperf_topology_cpus(placing->topology, NUMAPERF_CPU_ALLOWED), (unsigned)cpu))
			continue;
		if (!numaperf_cpuset_has(numaperf_topology_cpus(placing->topology, NUMAPERF_CPU_PRESENT),
					 (unsigned)cpu))
			return fail("this machine has no CPU %d", cpu);
		if (!numaperf_cpuset_has(numaperf_topology_cpus(placing->topology, NUMAPERF_CPU_ONLINE), (unsigned)cpu))
			return fail("CPU %d is offline", cpu);
		return fail("CPU %d is forbidden by the cpuset or the affinity of this process", cpu);
	}
	return 0;
}

static int resolve_cpu_list(struct placing *placing)
{
	int r = is_all(placing->cpus) ?
			numaperf_cpuset_copy(numaperf_topology_cpus(placing->topology, NUMAPERF_CPU_ALLOWED),
					     &placing->cpu_set) :
			numaperf_cpuset_parse(placing->cpus, &placing->cpu_set);

	if (r < 0)
		return bad_list("CPUs", placing->cpus, r);
	return numaperf_cpuset_is_empty(placing->cpu_set) ? usage_error("the list of CPUs is empty") :
							    check_cpus(placing);
}

/* ------------------------------------------------------------------ whole */

int placing_resolve(struct placing *placing)
{
	int status;

	if (numaperf_topology_discover(NULL, &placing->topology) < 0)
		return fail_last_error();
	status = resolve_memory(placing);
	if (status == 0 && placing->cpu_nodes)
		status = resolve_cpu_nodes(placing);
	else if (status == 0 && placing->cpus)
		status = resolve_cpu_list(placing);
	return status;
}

static int apply_policy(const struct placing *placing)
{
	int r;

	if (!placing->has_policy)
		return 0;
	r = numaperf_task_policy_set(placing->topology, placing->policy, placing->node_set);
	if (r < 0)
		return fail_last_error();
	if (r == 1 && placing->policy == NUMAPERF_TASK_POLICY_BIND)
		warn("this kernel does not take MPOL_F_NUMA_BALANCING: "
		     "the memory is bound, but its access locality can't be measured");
	return 0;
}

static int apply_pin(const struct placing *placing, int *ret_session)
{
	const struct numaperf_pin_options options = {
		.size = sizeof(options),
		.mode = placing->strict ? NUMAPERF_MODE_HARD : NUMAPERF_MODE_SOFT,
		.inherit_threads = placing->strict,
		.inherit_children = placing->strict,
		.keep_on_exec = placing->strict,
	};
	struct numaperf_pin *pin; /* never released: the command runs with it */

	if (numaperf_pin_cpus(placing->cpu_set, &options, &pin) < 0)
		return fail_last_error();
	if (!placing->strict)
		return 0;
	*ret_session = numaperf_pin_descriptor(pin);
	if (*ret_session < 0)
		return fail_last_error();
	/* Whoever started this keeps it; the command shall not find it among its descriptors. */
	return fcntl(*ret_session, F_SETFD, FD_CLOEXEC) < 0 ? fail("fcntl: %s", strerror(errno)) : 0;
}

int placing_apply(const struct placing *placing, int *ret_session)
{
	int status = apply_policy(placing);

	return status || !placing->cpu_set ? status : apply_pin(placing, ret_session);
}

void placing_free(struct placing *placing)
{
	numaperf_cpuset_free(placing->cpu_set);
	numaperf_nodeset_free(placing->node_set);
	numaperf_topology_unref(placing->topology);
}
