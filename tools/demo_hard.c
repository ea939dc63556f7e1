/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Act 3: a thread and a region that are placed strictly, against root with the usual tools. Everything is tried on them
 * while the leases are held, and again after they were revoked: what then succeeds is what the leases had prevented.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <numaperf/leases.h>
#include <numaperf/set.h>

#include "demo.h"
#include "leases.h"
#include "sets.h"

#define MPOL_MF_MOVE_ALL 4 /* of <linux/mempolicy.h>, which <numaif.h> would hide behind libnuma */
#define REASSERT_SECONDS 2.0

struct stage {
	struct demo_cpuset home, elsewhere;
	struct demo_holder holder;
	struct demo_holding holding; /* as last seen */
	pid_t bystander;
	unsigned cpu;      /* where the holder belongs */
	char cpu_text[16]; /* as the kernel writes it */
	char far_cpu[16];  /* a CPU of the other node, where it is pushed to */
	struct numaperf_cpuset *all, *fewer;
};

static const struct numaperf_cpuset *cpus_of(const struct demo *demo, int node)
{
	return numaperf_node_cpus(numaperf_topology_node(demo->topology, node), NUMAPERF_CPU_ALLOWED);
}

/* The CPUs that a task may use, as the kernel tells everybody. */
static void mask_of(pid_t pid, char *mask, size_t size)
{
	if (!demo_proc_status(pid, "Cpus_allowed_list", mask, size))
		snprintf(mask, size, "none");
}

static bool mask_is(pid_t pid, const char *wanted)
{
	char mask[256];

	mask_of(pid, mask, sizeof(mask));
	return strcmp(mask, wanted) == 0;
}

/* All CPUs, and all but one of the other node. */
static bool choose_sets(struct demo *demo, struct stage *stage)
{
	const struct numaperf_cpuset *allowed = numaperf_topology_cpus(demo->topology, NUMAPERF_CPU_ALLOWED);
	int last = -1;

	if (numaperf_cpuset_copy(allowed, &stage->all) < 0 || numaperf_cpuset_copy(allowed, &stage->fewer) < 0)
		return demo_claim_failed(demo, "CPU sets");
	NUMAPERF_FOREACH_CPU(cpu, cpus_of(demo, demo->far))
		last = cpu;
	return numaperf_cpuset_remove(stage->fewer, (unsigned)last) == 0 || demo_claim_failed(demo, "CPU sets");
}

static bool set_up(struct demo *demo, struct stage *stage)
{
	stage->cpu = (unsigned)numaperf_cpuset_next(cpus_of(demo, demo->near), -1);
	snprintf(stage->cpu_text, sizeof(stage->cpu_text), "%u", stage->cpu);
	snprintf(stage->far_cpu, sizeof(stage->far_cpu), "%d", numaperf_cpuset_next(cpus_of(demo, demo->far), -1));
	if (!choose_sets(demo, stage) || !demo_cpuset_make(demo, "home", stage->all, &stage->home) ||
	    !demo_cpuset_make(demo, "elsewhere", cpus_of(demo, demo->far), &stage->elsewhere))
		return false;
	stage->bystander = demo_bystander_start(demo, stage->cpu);
	if (stage->bystander < 0)
		return demo_claim(demo, false, "a bystander starts");
	if (!demo_holder_start(demo, &stage->holder))
		return false;
	return (demo_cpuset_move(demo, &stage->home, stage->bystander) == 0 &&
		demo_cpuset_move(demo, &stage->home, stage->holder.pid) == 0) ||
	       demo_claim(demo, false, "both processes can be moved into %s", stage->home.path);
}

static void tear_down(struct stage *stage)
{
	demo_stop(stage->bystander);
	if (stage->holder.pid > 0)
		demo_holder_stop(&stage->holder);
	numaperf_cpuset_free(stage->all);
	numaperf_cpuset_free(stage->fewer);
}

static void show_holding(struct demo *demo, const struct demo_holding *holding)
{
	demo_say(demo, "  thread: %s: %s", numaperf_level_to_string(holding->pin.level), holding->pin.message);
	demo_say(demo, "  region: %s: %s", numaperf_level_to_string(holding->region.level), holding->region.message);
}

/* Both are strict, and every page is where it was asked to be. */
static bool claim_strict(struct demo *demo, struct stage *stage, const char *when)
{
	struct demo_holding *holding = &stage->holding;
	uint64_t pages = holding->size / (uint64_t)sysconf(_SC_PAGESIZE);
	bool thread = holding->pin.level == NUMAPERF_LEVEL_STRICT && mask_is(stage->holder.pid, stage->cpu_text);
	bool region =
		holding->region.level == NUMAPERF_LEVEL_STRICT && holding->verified && holding->pages_near == pages;

	show_holding(demo, holding);
	demo_claim(demo, thread, "%s: thread strict on CPU %s", when, stage->cpu_text);
	demo_claim(demo, region, "%s: region strict, %" PRIu64 " of %" PRIu64 " pages on node %d", when,
		   holding->pages_near, pages, demo->near);
	return thread && region;
}

static void show_leases(struct demo *demo)
{
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;

	demo_say(demo, "  # numaperf leases");
	if (numaperf_lease_list_new(&list) < 0)
		demo_claim_failed(demo, "leases");
	else
		leases_print(list, demo->out);
}

/* Copies what needs no list to live. */
static bool find_lease(uint64_t id, struct numaperf_lease_entry *ret_lease)
{
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;
	const struct numaperf_lease_entry *lease;

	if (numaperf_lease_list_new(&list) < 0)
		return false;
	for (size_t i = 0; (lease = numaperf_lease_list_get(list, i)); i++)
		if (lease->id == id) {
			*ret_lease = *lease;
			ret_lease->cpus = NULL;
			ret_lease->nodes = NULL;
			return true;
		}
	return false;
}

static void claim_listed(struct demo *demo, const struct stage *stage)
{
	const struct demo_holding *holding = &stage->holding;
	struct numaperf_lease_entry thread, range;

	show_leases(demo);
	demo_claim(demo,
		   find_lease(holding->pin.lease, &thread) && !thread.is_range && !thread.lost &&
			   thread.pid == stage->holder.pid,
		   "lease %" PRIu64 " holds the thread of process %d", holding->pin.lease, stage->holder.pid);
	demo_claim(demo,
		   find_lease(holding->region.lease, &range) && range.is_range && !range.lost &&
			   range.pid == stage->holder.pid && range.held == holding->size,
		   "lease %" PRIu64 " holds its %" PRIu64 " bytes", holding->region.lease, holding->size);
}

/* ---- what root can try; each returns whether it moved anything */

static bool push_by_taskset(struct demo *demo, const struct stage *stage)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", stage->holder.pid);
	return demo_command(demo, (const char *[]){ "taskset", "-pc", stage->far_cpu, pid, NULL }) == 0;
}

static bool push_by_cgroup(struct demo *demo, const struct stage *stage)
{
	return demo_cpuset_move(demo, &stage->elsewhere, stage->holder.pid) == 0;
}

static void push_by_migratepages(struct demo *demo, const struct stage *stage)
{
	char pid[16], from[16], to[16];

	snprintf(pid, sizeof(pid), "%d", stage->holder.pid);
	snprintf(from, sizeof(from), "%d", demo->near);
	snprintf(to, sizeof(to), "%d", demo->far);
	demo_command(demo, (const char *[]){ "migratepages", pid, from, to, NULL });
}

/* The system call itself, on every page of the region. */
static void push_by_move_pages(struct demo *demo, const struct stage *stage)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = stage->holding.size / page;
	void **pages = calloc(count, sizeof(*pages));
	int *nodes = calloc(count, sizeof(*nodes)), *status = calloc(count, sizeof(*status));
	long r = -1;

	for (size_t i = 0; pages && nodes && status && i < count; i++) {
		pages[i] = (void *)(uintptr_t)(stage->holding.addr + i * page);
		nodes[i] = demo->far;
		status[i] = -EBUSY; /* the kernel leaves out the entries of pages it gave up on */
	}
	if (pages && nodes && status)
		r = syscall(SYS_move_pages, stage->holder.pid, count, pages, nodes, status, MPOL_MF_MOVE_ALL);
	if (r < 0)
		demo_say(demo, "  move_pages(%d, %zu pages to node %d): %s", stage->holder.pid, count, demo->far,
			 strerror(errno));
	else
		demo_say(demo, "  move_pages(%d, %zu pages to node %d): returned %ld, pages not moved",
			 stage->holder.pid, count, demo->far, r);
	free(status);
	free(nodes);
	free(pages);
}

static void try_to_move(struct demo *demo, struct stage *stage)
{
	char mask[256];
	bool moved;

	demo_say(demo, "\nRoot tries to move both; expected: the kernel refuses, or moves nothing.");
	moved = push_by_taskset(demo, stage);
	mask_of(stage->holder.pid, mask, sizeof(mask));
	demo_claim(demo, !moved && strcmp(mask, stage->cpu_text) == 0,
		   "taskset is refused, the thread's CPUs are still %s", mask);
	moved = push_by_cgroup(demo, stage);
	demo_claim(demo, !moved && demo_cpuset_has(&stage->home, stage->holder.pid),
		   "the move to another cpuset is refused, the process is still in the first");
	push_by_migratepages(demo, stage);
	push_by_move_pages(demo, stage);
	if (demo_holder_look(demo, &stage->holder, &stage->holding)) {
		demo_claim(demo, stage->holding.pages_elsewhere == 0,
			   "migratepages and move_pages moved %" PRIu64 " pages of the region",
			   stage->holding.pages_elsewhere);
		claim_strict(demo, stage, "verified again");
	}
}

/*
 * Before 6.2 the kernel widens every mask in a cpuset to the whole of it when the cpuset is written to; later kernels
 * remember what was asked for. The bystander shows which kind this is.
 */
static bool kernel_rewrites(const struct stage *stage)
{
	return !mask_is(stage->bystander, stage->cpu_text);
}

/*
 * The thread is where it belongs, and if the kernel took it from there, the lease says that it was put back. The
 * module's work item does that: it takes a moment.
 */
static bool wait_until_settled(const struct stage *stage, uint64_t reasserted_before,
			       struct numaperf_lease_entry *ret_lease)
{
	double deadline = demo_clock() + REASSERT_SECONDS;

	do {
		if (mask_is(stage->holder.pid, stage->cpu_text) && find_lease(stage->holding.pin.lease, ret_lease) &&
		    !ret_lease->lost && (!kernel_rewrites(stage) || ret_lease->reasserted > reasserted_before))
			return true;
		demo_pause(0.01);
	} while (demo_clock() < deadline);
	return false;
}

/* Takes nothing from the thread: its CPU stays in the cpuset. */
static void write_cpuset(struct demo *demo, const struct stage *stage, const struct numaperf_cpuset *cpus)
{
	struct numaperf_lease_entry before = { 0 }, after = { 0 };
	char *list = cpuset_text(cpus), mask[256];
	bool settled;

	find_lease(stage->holding.pin.lease, &before);
	if (demo_cpuset_write(demo, &stage->home, "cpuset.cpus", list) < 0)
		demo_claim(demo, false, "the cpuset can be written to");
	free(list);
	settled = wait_until_settled(stage, before.reasserted, &after);
	mask_of(stage->bystander, mask, sizeof(mask));
	demo_say(demo, "  CPUs of an ordinary process that was set to CPU %s: %s (this kernel %s)", stage->cpu_text,
		 mask, kernel_rewrites(stage) ? "rewrites masks" : "leaves them, or restores them by itself");
	mask_of(stage->holder.pid, mask, sizeof(mask));
	demo_claim(demo, settled,
		   "CPUs of the strictly pinned thread: %s; the module put them back %" PRIu64 " times, expected %s",
		   mask, after.reasserted - before.reasserted, kernel_rewrites(stage) ? "1 or more" : "any number");
}

static void disturb(struct demo *demo, struct stage *stage)
{
	demo_say(demo, "\nUnrelated writes to the cpuset; expected: the thread stays on CPU %s.", stage->cpu_text);
	write_cpuset(demo, stage, stage->fewer);
	write_cpuset(demo, stage, stage->all);
	show_leases(demo);
	if (demo_holder_look(demo, &stage->holder, &stage->holding))
		claim_strict(demo, stage, "verified again");
}

static bool end_lease(struct demo *demo, uint64_t id)
{
	struct numaperf_lease_entry lease;

	demo_say(demo, "  # numaperf leases --revoke %" PRIu64, id);
	if (numaperf_lease_revoke(id) < 0)
		return demo_claim_failed(demo, "revocation");
	return demo_claim(demo, !find_lease(id, &lease), "lease %" PRIu64 " is gone", id);
}

static void move_after_revocation(struct demo *demo, struct stage *stage)
{
	struct demo_holding *holding = &stage->holding;
	char mask[256];
	bool moved;

	demo_say(demo, "\nThe leases are revoked; expected: the holder knows, and the same attempts succeed.");
	if (!end_lease(demo, holding->pin.lease) || !end_lease(demo, holding->region.lease) ||
	    !demo_holder_look(demo, &stage->holder, holding))
		return;
	show_holding(demo, holding);
	demo_claim(demo, holding->pin.level < NUMAPERF_LEVEL_STRICT && holding->region.level < NUMAPERF_LEVEL_STRICT,
		   "the holder no longer says strict of either");
	moved = push_by_taskset(demo, stage);
	mask_of(stage->holder.pid, mask, sizeof(mask));
	demo_claim(demo, moved && strcmp(mask, stage->far_cpu) == 0, "taskset moves the thread to CPU %s", mask);
	moved = push_by_cgroup(demo, stage);
	demo_claim(demo, moved && demo_cpuset_has(&stage->elsewhere, stage->holder.pid),
		   "the process can be moved to the other cpuset");
	push_by_migratepages(demo, stage);
	if (demo_holder_look(demo, &stage->holder, holding))
		demo_claim(demo,
			   holding->pages_near == 0 &&
				   holding->pages_elsewhere * (uint64_t)sysconf(_SC_PAGESIZE) == holding->size,
			   "migratepages moved %" PRIu64 " pages of the region, %" PRIu64 " stayed",
			   holding->pages_elsewhere, holding->pages_near);
}

static bool tools_there(struct demo *demo)
{
	bool taskset = demo_need_program(demo, "taskset", "util-linux");
	bool migratepages = demo_need_program(demo, "migratepages", "numactl");

	return taskset && migratepages;
}

void demo_show_hard(struct demo *demo)
{
	struct stage stage = { 0 };

	demo_heading(demo, "hard", "3. Hard mode: a strictly pinned thread and region, against root");
	if (tools_there(demo) && set_up(demo, &stage) &&
	    demo_holder_pin(demo, &stage.holder, stage.cpu, &stage.holding) && claim_strict(demo, &stage, "placed")) {
		claim_listed(demo, &stage);
		try_to_move(demo, &stage);
		disturb(demo, &stage);
		move_after_revocation(demo, &stage);
	}
	tear_down(&stage);
}
