/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Act 4: an unmodified Redis, measured while its own benchmark drives it: with its memory on the wrong node, placed
 * right, and under a policy that hides it from the kernel's hint faults, of which nothing may be said.
 */
#include <inttypes.h>
#include <string.h>

#include "demo.h"
#include "stat_print.h"

#define SAMPLES 2000
#define SAMPLES_WANTED 8000 /* so that a good part of the data has been used */
#define MAX_SECONDS 20.0
#define FAULT_PERIOD 2
#define BLIND_SECONDS 4.0 /* time for several scans, had they been possible */

struct run {
	const char *title;
	const char *const *launcher;
	const struct demo_expectation *expected; /* NULL: unknown */
};

static unsigned load_cpu(const struct demo *demo)
{
	const struct numaperf_node *node = numaperf_topology_node(demo->topology, demo->far);

	return (unsigned)numaperf_cpuset_next(numaperf_node_cpus(node, NUMAPERF_CPU_ALLOWED), -1);
}

/* Unknown for this reason, not for one that would make everything unknown here. */
static void claim_unknown(struct demo *demo, const struct numaperf_report *report)
{
	struct numaperf_ratio ratio;

	if (numaperf_report_ratio(report, NUMAPERF_REPORT_HINT, &ratio) < 0)
		demo_claim_failed(demo, demo_source_name(NUMAPERF_REPORT_HINT));
	else if (ratio.known)
		demo_claim(demo, false, "hint faults: %.1f %% local of %" PRIu64 " samples; expected UNKNOWN",
			   100 * ratio.local, ratio.samples);
	else
		demo_claim(demo, demo->usable[NUMAPERF_REPORT_HINT] && strstr(ratio.why, "policy"),
			   "hint faults: UNKNOWN: %s; expected UNKNOWN because of the policy", ratio.why);
}

/* The main thread by its name with a ratio of its own, and others beside it. */
static void claim_threads(struct demo *demo, const struct numaperf_report *report, pid_t pid)
{
	struct numaperf_report_thread thread;
	struct numaperf_ratio ratio = { .why = "it is not among the threads" };
	bool named = true;
	size_t count;

	for (count = 0; numaperf_report_thread(report, count, &thread) == 0; count++) {
		named &= *thread.name != '\0';
		if (thread.tid == pid && strcmp(thread.name, "redis-server") == 0)
			(void)numaperf_report_thread_ratio(report, count, NUMAPERF_REPORT_HINT, &ratio);
	}
	demo_claim(demo, named && count > 1, "%zu threads, each by its name; expected more than 1", count);
	if (ratio.known)
		demo_claim(demo, true, "thread redis-server: %.1f %% local of %" PRIu64 " samples of its own",
			   100 * ratio.local, ratio.samples);
	else
		demo_claim(demo, false, "thread redis-server: UNKNOWN: %s; expected a ratio of its own", ratio.why);
}

static void claim_result(struct demo *demo, const struct run *run, const struct demo_server *server,
			 const struct demo_result *result)
{
	stat_print(&(struct stat_window){ .report = result->report,
					  .vmstat = result->vmstat,
					  .pid = server->pid,
					  .per_thread = true,
					  .exit_status = -1 },
		   demo->out);
	fputc('\n', demo->out);
	if (!run->expected) {
		claim_unknown(demo, result->report);
		return;
	}
	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++)
		demo_claim_ratio(demo, result->report, (enum numaperf_report_source)source, run->expected);
	claim_threads(demo, result->report, server->pid);
}

static void say_load(struct demo *demo, struct demo_server *server)
{
	uint64_t commands = 0;

	if (demo_server_info(server, "commandstats", "cmdstat_get:calls", &commands))
		demo_say(demo, "  redis-benchmark made %" PRIu64 " GETs", commands);
}

/* False: the kernel's scan stalled, and nothing was claimed. Where the policy hides the memory, there is nothing to wait for. */
static bool measure(struct demo *demo, const struct run *run, struct demo_server *server, bool last)
{
	struct demo_window window;
	struct demo_result result;
	bool done = true;

	if (!demo_window_open(demo, server->pid, FAULT_PERIOD, &window))
		return true;
	if (demo_server_fill(demo, server) && demo_server_drive(demo, server, load_cpu(demo)) &&
	    demo_window_wait(demo, &window, run->expected ? SAMPLES_WANTED : UINT64_MAX,
			     run->expected ? MAX_SECONDS : BLIND_SECONDS, &result)) {
		done = !run->expected || !demo_scan_stalled(demo, &result, SAMPLES) || last;
		if (done) {
			say_load(demo, server);
			claim_result(demo, run, server, &result);
		}
		demo_result_free(&result);
	}
	demo_window_close(&window);
	return done;
}

static void play(struct demo *demo, const struct run *run)
{
	struct demo_server server;
	bool done = false;

	demo_say(demo, "\n%s", run->title);
	for (int attempt = 1; !done; attempt++) {
		done = !demo_server_start(demo, run->launcher, &server) ||
		       measure(demo, run, &server, attempt == DEMO_ATTEMPTS);
		demo_server_stop(&server);
	}
}

static bool tools_there(struct demo *demo)
{
	bool server = demo_need_program(demo, "redis-server", "redis-server");
	bool benchmark = demo_need_program(demo, "redis-benchmark", "redis-tools");
	bool numactl = demo_need_program(demo, "numactl", "numactl");

	return server && benchmark && numactl;
}

void demo_show_redis(struct demo *demo)
{
	static const struct demo_expectation wrong = { .above = false, .local = 0.10, .samples = SAMPLES };
	static const struct demo_expectation right = { .above = true, .local = 0.90, .samples = SAMPLES };
	char cpus[32], far_memory[32], near_memory[32];

	demo_heading(demo, "redis", "4. Real input: Redis");
	if (!tools_there(demo))
		return;
	snprintf(cpus, sizeof(cpus), "--cpunodebind=%d", demo->near);
	snprintf(far_memory, sizeof(far_memory), "--membind=%d", demo->far);
	snprintf(near_memory, sizeof(near_memory), "--membind=%d", demo->near);
	play(demo, &(struct run){ "Memory on the wrong node:",
				  (const char *[]){ "/proc/self/exe", "run", cpus, far_memory, "--", NULL }, &wrong });
	play(demo, &(struct run){ "Placed right:",
				  (const char *[]){ "/proc/self/exe", "run", cpus, near_memory, "--", NULL }, &right });
	play(demo, &(struct run){ "Under a plain MPOL_BIND of the task, which the scan for hint faults passes over:",
				  (const char *[]){ "numactl", cpus, near_memory, NULL }, NULL });
}
