/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which guarantees can be had here, found by trying: dry runs of the module's calls on the calling thread and on a
 * scratch page, and the policy calls on that page. Capability bits would lie: a user namespace has all of them and none
 * of the power.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numaperf/capabilities.h>

#include "core/error.h"
#include "core/fs.h"
#include "core/kmod.h"
#include "core/names.h"
#include "core/reason.h"
#include "core/set.h"
#include "core/syscalls.h"

/* The largest node mask that get_mempolicy(2) takes is a page. */
#define NODE_MASK_BITS 32768
#define LONG_BITS (8 * sizeof(unsigned long))

struct state {
	bool available;
	char why[400];
	char remedy[128];
	char what[480]; /* name and why, for capabilities_missing */
};

struct numaperf_capabilities {
	struct state states[NUMAPERF_GUARANTEE_COUNT];
};

static const char *const guarantee_names[NUMAPERF_GUARANTEE_COUNT] = {
	[NUMAPERF_GUARANTEE_MODULE] = "module",
	[NUMAPERF_GUARANTEE_STRICT_THREAD_PIN] = "strict-thread-pin",
	[NUMAPERF_GUARANTEE_STRICT_MEMORY] = "strict-memory",
	[NUMAPERF_GUARANTEE_MEMORY_POLICY] = "memory-policy",
	[NUMAPERF_GUARANTEE_HINT_FAULTS] = "hint-faults",
	[NUMAPERF_GUARANTEE_FAULT_SAMPLES] = "fault-samples",
};

const char *numaperf_guarantee_to_string(enum numaperf_guarantee guarantee)
{
	return np_name_of(guarantee_names, NP_COUNT(guarantee_names), (unsigned)guarantee);
}

/* ------------------------------------------------------------------ what is wrong, and what helps */

static void set_missing(struct state *state, const char *why, const char *remedy)
{
	state->available = false;
	snprintf(state->why, sizeof(state->why), "%s", why);
	snprintf(state->remedy, sizeof(state->remedy), "%s", remedy);
}

static void set_available(struct state *state)
{
	state->available = true;
	state->why[0] = state->remedy[0] = '\0';
}

/* The command that helps against a failure of the module; "": there is none. */
static const char *remedy_for(int errnum, unsigned reason)
{
	switch (reason) {
	case NUMAPERF_REASON_PRIVILEGE:
		return "modprobe -r numaperf && modprobe numaperf strict_pin=any";
	case NUMAPERF_REASON_LOCKED_MEMORY:
		return "ulimit -l unlimited";
	case NUMAPERF_REASON_LEASE_QUOTA:
		return "numaperf leases";
	case NUMAPERF_REASON_DISABLED:
		return "modprobe -r numaperf && modprobe numaperf hint=auto fault=auto";
	default:
		break;
	}
	switch (errnum) {
	case ENODEV:
		return kmod_is_loaded() ? "docker run --device " NUMAPERF_DEVICE_PATH : "modprobe numaperf";
	case EACCES:
		return "chmod o+rw " NUMAPERF_DEVICE_PATH;
	case EPERM:
		return "docker run --device " NUMAPERF_DEVICE_PATH;
	default:
		return "";
	}
}

/* After a failing call of core/kmod.h. */
static void set_missing_by_error(struct state *state)
{
	const struct numaperf_error *error = numaperf_last_error();

	set_missing(state, error->message, remedy_for(error->errnum, error->reason));
}

static bool has_feature(const struct numaperf_ioc_info *info, enum numaperf_feature feature, struct state *state)
{
	if (info->features >> feature & 1)
		return true;
	set_missing(state, np_reason_sentence(info->reasons[feature]), remedy_for(0, info->reasons[feature]));
	return false;
}

/* ------------------------------------------------------------------ strict thread pins */

static void try_thread_pin(int fd, const struct numaperf_ioc_info *info, struct state *state)
{
	struct numaperf_ioc_thread_pin pin = { .flags = NUMAPERF_DRY_RUN };
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *every_cpu = NULL;

	if (!has_feature(info, NUMAPERF_FEATURE_THREAD_PIN, state))
		return;
	if (numaperf_cpuset_new(&every_cpu) < 0 || numaperf_cpuset_add_range(every_cpu, 0, info->cpu_ids - 1) < 0) {
		set_missing_by_error(state);
		return;
	}
	pin.cpus = (uintptr_t)np_cpuset_words(every_cpu, &pin.cpus_bits);
	/* A thread that is strictly pinned shows best of all that it can be. */
	if (kmod_thread_pin(fd, &pin) == 0 || pin.reason == NUMAPERF_REASON_ALREADY_PINNED)
		set_available(state);
	else
		set_missing_by_error(state);
}

/* ------------------------------------------------------------------ the scratch page */

static void *map_page(size_t page_size)
{
	void *page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

static void set_missing_page(struct state *state)
{
	set_missing(state, "A scratch page to try it on can't be mapped.", "");
}

/* The nodes that the cpuset allows. */
static int allowed_nodes(unsigned long *mask)
{
	return np_get_mempolicy(NULL, mask, NODE_MASK_BITS, NULL, MPOL_F_MEMS_ALLOWED);
}

/* ------------------------------------------------------------------ strict memory */

/* node -1: wherever the page comes to lie. Returns 0 or -errno of the dry run. */
static int dry_run_range(int fd, const struct numaperf_nodeset *nodes, size_t page_size, int node, unsigned *ret_reason)
{
	struct numaperf_ioc_range_pin pin = { .flags = NUMAPERF_DRY_RUN, .length = page_size };
	unsigned long mask[NODE_MASK_BITS / LONG_BITS] = { 0 };
	volatile char *page = map_page(page_size);

	if (!page)
		return np_fail(errno, NUMAPERF_ERROR_ALLOCATION, "capabilities_detect",
			       "A scratch page to try it on can't be mapped.");
	if (node >= 0) {
		mask[(size_t)node / LONG_BITS] = 1UL << (size_t)node % LONG_BITS;
		/* Preferred, not bound: a node without free memory must not end in an OOM kill. */
		(void)np_mbind((void *)page, page_size, MPOL_PREFERRED, mask, NODE_MASK_BITS, 0);
	}
	*page = 1;
	pin.addr = (uintptr_t)page;
	pin.nodes = (uintptr_t)np_nodeset_words(nodes, &pin.nodes_bits);

	int r = kmod_range_pin(fd, &pin);

	*ret_reason = pin.reason;
	munmap((void *)page, page_size);
	return r;
}

/* Where the page came to lie may be all movable, so that nothing can be held there: then the other nodes are tried. */
static int try_nodes(int fd, const struct numaperf_nodeset *every_node, size_t page_size)
{
	unsigned long mask[NODE_MASK_BITS / LONG_BITS] = { 0 };
	unsigned reason = NUMAPERF_REASON_NONE;
	int r = dry_run_range(fd, every_node, page_size, -1, &reason);

	if (r == 0 || reason != NUMAPERF_REASON_MOVABLE_ONLY || allowed_nodes(mask) < 0)
		return r;
	NUMAPERF_FOREACH_NODE_ID(node, every_node) {
		if (r < 0 && mask[(size_t)node / LONG_BITS] >> (size_t)node % LONG_BITS & 1)
			r = dry_run_range(fd, every_node, page_size, node, &reason);
	}
	return r;
}

static void try_range_pin(int fd, const struct numaperf_ioc_info *info, struct state *state)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *every_node = NULL;

	if (!has_feature(info, NUMAPERF_FEATURE_RANGE_PIN, state))
		return;
	if (numaperf_nodeset_new(&every_node) < 0 ||
	    numaperf_nodeset_add_range(every_node, 0, info->node_ids - 1) < 0 ||
	    try_nodes(fd, every_node, info->page_size) < 0)
		set_missing_by_error(state);
	else
		set_available(state);
}

/* ------------------------------------------------------------------ memory policy */

static void set_policy_denied(struct state *state, const char *call, int result)
{
	char why[200];

	if (result == -ENOSYS) {
		set_missing(state, "This kernel is built without NUMA: there is one place for memory only.", "");
		return;
	}
	snprintf(why, sizeof(why), "%s is denied here (%s), most likely by the seccomp filter of a container.", call,
		 numaperf_strerror(result));
	set_missing(state, why, result == -EPERM ? "docker run --cap-add SYS_NICE" : "");
}

static void try_memory_policy(struct state *state)
{
	unsigned long mask[NODE_MASK_BITS / LONG_BITS] = { 0 };
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	int r = allowed_nodes(mask);

	if (r < 0) {
		set_policy_denied(state, "get_mempolicy", r);
		return;
	}

	void *page = map_page(page_size);

	if (!page) {
		set_missing_page(state);
		return;
	}
	r = np_mbind(page, page_size, MPOL_BIND, mask, NODE_MASK_BITS, 0);
	munmap(page, page_size);
	if (r < 0)
		set_policy_denied(state, "mbind", r);
	else
		set_available(state);
}

/* ------------------------------------------------------------------ sources */

static void try_source(int fd, const struct numaperf_ioc_info *info, enum numaperf_feature feature,
		       enum numaperf_source source, struct state *state)
{
	struct numaperf_ioc_track track = { .flags = NUMAPERF_DRY_RUN, .sources = 1u << source };

	if (!has_feature(info, feature, state))
		return;

	int r = kmod_track(fd, &track);

	if (r == 0) {
		set_available(state);
		return;
	}
	kmod_track_failed(&track, r, "capabilities_detect");
	set_missing_by_error(state);
}

/* The kernel arms pages only while balancing is on: without, there is nothing to measure, whatever the module can. */
static bool balancing_is_on(struct state *state)
{
	struct np_fs live;
	long long balancing = 0;
	int r = np_fs_open(NULL, &live);

	if (r == 0) {
		r = np_fs_read_number(&live, "proc/sys/kernel/numa_balancing", &balancing);
		np_fs_close(&live);
	}
	if (r < 0)
		set_missing(state, "This kernel has no NUMA balancing, so no page is armed for hint faults.", "");
	else if (balancing != 1)
		set_missing(state, "kernel.numa_balancing is not 1, so no page is armed for hint faults.",
			    "sysctl kernel.numa_balancing=1");
	return r == 0 && balancing == 1;
}

/* ------------------------------------------------------------------ all of them */

static const enum numaperf_guarantee by_module[] = {
	NUMAPERF_GUARANTEE_MODULE,      NUMAPERF_GUARANTEE_STRICT_THREAD_PIN, NUMAPERF_GUARANTEE_STRICT_MEMORY,
	NUMAPERF_GUARANTEE_HINT_FAULTS, NUMAPERF_GUARANTEE_FAULT_SAMPLES,
};

static void try_module(struct state *states)
{
	struct numaperf_ioc_info info = { 0 };
	int fd = -1;

	if (kmod_open("capabilities_detect", &fd) < 0 || kmod_info(fd, &info) < 0) {
		for (size_t i = 0; i < NP_COUNT(by_module); i++)
			set_missing_by_error(&states[by_module[i]]);
		kmod_close(fd);
		return;
	}
	set_available(&states[NUMAPERF_GUARANTEE_MODULE]);
	try_thread_pin(fd, &info, &states[NUMAPERF_GUARANTEE_STRICT_THREAD_PIN]);
	try_range_pin(fd, &info, &states[NUMAPERF_GUARANTEE_STRICT_MEMORY]);
	if (balancing_is_on(&states[NUMAPERF_GUARANTEE_HINT_FAULTS]))
		try_source(fd, &info, NUMAPERF_FEATURE_HINT, NUMAPERF_SOURCE_HINT,
			   &states[NUMAPERF_GUARANTEE_HINT_FAULTS]);
	try_source(fd, &info, NUMAPERF_FEATURE_FAULT, NUMAPERF_SOURCE_FAULT, &states[NUMAPERF_GUARANTEE_FAULT_SAMPLES]);
	kmod_close(fd);
}

int numaperf_capabilities_detect(struct numaperf_capabilities **ret_capabilities)
{
	struct numaperf_capabilities *c = calloc(1, sizeof(*c));
	struct np_error_state before;

	if (!c)
		return np_fail_nomem("capabilities_detect");

	np_error_save(&before);
	try_module(c->states);
	try_memory_policy(&c->states[NUMAPERF_GUARANTEE_MEMORY_POLICY]);
	np_error_restore(&before);

	for (unsigned i = 0; i < NUMAPERF_GUARANTEE_COUNT; i++)
		snprintf(c->states[i].what, sizeof(c->states[i].what), "%s: %s", guarantee_names[i], c->states[i].why);
	*ret_capabilities = c;
	return 0;
}

void numaperf_capabilities_free(struct numaperf_capabilities *c)
{
	free(c);
}

bool numaperf_capabilities_get(const struct numaperf_capabilities *c, enum numaperf_guarantee guarantee,
			       const char **ret_why, const char **ret_remedy)
{
	static const struct state unknown = { .why = "This version of the library knows no such guarantee." };
	const struct state *state = (unsigned)guarantee < NUMAPERF_GUARANTEE_COUNT ? &c->states[guarantee] : &unknown;

	if (ret_why)
		*ret_why = state->why;
	if (ret_remedy)
		*ret_remedy = state->remedy;
	return state->available;
}

bool numaperf_capabilities_supports_hard_mode(const struct numaperf_capabilities *c)
{
	return c->states[NUMAPERF_GUARANTEE_STRICT_THREAD_PIN].available &&
	       c->states[NUMAPERF_GUARANTEE_STRICT_MEMORY].available;
}

int numaperf_capabilities_missing(const struct numaperf_capabilities *c, size_t i, const char **ret_what,
				  const char **ret_remedy)
{
	for (unsigned g = 0; g < NUMAPERF_GUARANTEE_COUNT; g++) {
		if (c->states[g].available || i-- > 0)
			continue;
		*ret_what = c->states[g].what;
		*ret_remedy = c->states[g].remedy;
		return 1;
	}
	return 0;
}
