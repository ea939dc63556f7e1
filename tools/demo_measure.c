/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Measuring a process for a while, by the kernel module through libnumaperf's collector, and showing what came out. The
 * kernel's own counters of hint faults (of the whole machine, in /proc/vmstat) are read around the module's, so that
 * what the module counts is a part of what they count.
 */
#include <inttypes.h>

#include "demo.h"

#define POLL_SECONDS 0.2
#define MIN_SECONDS 1.0 /* also where no source can count: UNKNOWN must not be for want of work */

const char *demo_source_name(enum numaperf_report_source source)
{
	return source == NUMAPERF_REPORT_HINT ? "hint faults" : "page-fault samples";
}

bool demo_window_open(struct demo *demo, pid_t pid, unsigned fault_period, struct demo_window *ret_window)
{
	struct numaperf_collector_options options = NUMAPERF_COLLECTOR_OPTIONS_INIT;
	struct demo_window window = { .pid = pid };

	options.pid = pid;
	options.fault_period = fault_period;
	if (numaperf_collector_new(&options, &window.collector) < 0)
		return demo_claim_failed(demo, "measuring");
	window.before = vmstat_read();
	if (numaperf_collector_snapshot(window.collector, &window.from) < 0) {
		numaperf_collector_free(window.collector);
		return demo_claim_failed(demo, "measuring");
	}
	*ret_window = window;
	return true;
}

void demo_window_close(struct demo_window *window)
{
	numaperf_snapshot_free(window->from);
	numaperf_collector_free(window->collector);
}

void demo_result_free(struct demo_result *result)
{
	numaperf_report_free(result->report);
}

static struct numaperf_report *report_now(struct demo *demo, const struct demo_window *window)
{
	NUMAPERF_AUTO(snapshot) struct numaperf_snapshot *to = NULL;
	struct numaperf_report *report = NULL;

	if (numaperf_collector_snapshot(window->collector, &to) < 0 ||
	    numaperf_report_generate(window->from, to, &report) < 0)
		demo_claim_failed(demo, "measuring");
	return report;
}

/* Sources that can't count here are not waited for: their ratio will say why. */
static bool enough(const struct demo *demo, const struct numaperf_report *report, uint64_t samples)
{
	for (int source = 0; source < NUMAPERF_REPORT_SOURCES; source++) {
		struct numaperf_ratio ratio;

		if (demo->usable[source] &&
		    (numaperf_report_ratio(report, (enum numaperf_report_source)source, &ratio) < 0 ||
		     ratio.samples < samples))
			return false;
	}
	return true;
}

/* The report as soon as it has enough; NULL: a claim has failed. */
static struct numaperf_report *wait_for_report(struct demo *demo, const struct demo_window *window, uint64_t samples,
					       double max_seconds)
{
	double begin = demo_clock();

	for (;;) {
		struct numaperf_report *report = report_now(demo, window);
		double seconds = demo_clock() - begin;

		if (!report || (seconds >= MIN_SECONDS && enough(demo, report, samples)) || seconds > max_seconds)
			return report;
		numaperf_report_free(report);
		if (!demo_running(window->pid)) {
			demo_claim(demo, false, "the measured process %d runs to the end of the window", window->pid);
			return NULL;
		}
		demo_pause(POLL_SECONDS);
	}
}

bool demo_window_wait(struct demo *demo, const struct demo_window *window, uint64_t samples, double max_seconds,
		      struct demo_result *ret_result)
{
	struct numaperf_report *report = wait_for_report(demo, window, samples, max_seconds);
	struct vmstat after = vmstat_read();

	if (!report)
		return false;
	ret_result->report = report;
	ret_result->vmstat = vmstat_between(&window->before, &after);
	return true;
}

bool demo_scan_stalled(struct demo *demo, const struct demo_result *result, uint64_t samples)
{
	uint64_t faults = result->vmstat.values[VMSTAT_HINT_FAULTS];

	if (!demo->usable[NUMAPERF_REPORT_HINT] || faults >= samples)
		return false;
	demo_say(demo,
		 "  the kernel itself took only %" PRIu64 " hint faults meanwhile: its scan pauses when the host is starved",
		 faults);
	return true;
}

bool demo_claim_ratio(struct demo *demo, const struct numaperf_report *report, enum numaperf_report_source source,
		      const struct demo_expectation *expected)
{
	const char *limit = expected->above ? "at least" : "at most";
	struct numaperf_ratio ratio;

	if (numaperf_report_ratio(report, source, &ratio) < 0)
		return demo_claim_failed(demo, demo_source_name(source));
	if (!ratio.known)
		return demo_claim(demo, false,
				  "%s: UNKNOWN: %s; expected %s %.0f %% local, of %" PRIu64 " samples or more",
				  demo_source_name(source), ratio.why, limit, 100 * expected->local, expected->samples);
	return demo_claim(demo,
			  ratio.samples >= expected->samples &&
				  (expected->above ? ratio.local >= expected->local : ratio.local <= expected->local),
			  "%s: %.1f %% local of %" PRIu64 " samples; expected %s %.0f %%, of %" PRIu64 " or more",
			  demo_source_name(source), 100 * ratio.local, ratio.samples, limit, 100 * expected->local,
			  expected->samples);
}
