/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <numaperf/error.h>

#include "core/names.h"
#include "perf/ratio.h"

/* Shares of local pages from which on a health is said; numaperf/collector.h says the same. */
#define GOOD_FROM 0.85
#define FAIR_FROM 0.70
#define EXCELLENT_FROM 0.95

static const char *const source_names[] = { [NUMAPERF_REPORT_HINT] = "hint", [NUMAPERF_REPORT_FAULT] = "fault" };
static const char *const estimands[] = {
	[NUMAPERF_REPORT_HINT] = "touched-pages", [NUMAPERF_REPORT_FAULT] = "first-touch"
};
NP_DEFINE_ENUM_NAMES(report_source, source_names)

static const char *const health_names[] = {
	[NUMAPERF_HEALTH_UNKNOWN] = "unknown", [NUMAPERF_HEALTH_POOR] = "poor",
	[NUMAPERF_HEALTH_FAIR] = "fair",       [NUMAPERF_HEALTH_GOOD] = "good",
	[NUMAPERF_HEALTH_EXCELLENT] = "excellent",
};
NP_DEFINE_ENUM_NAMES(health, health_names)

struct judged {
	enum numaperf_report_source source;
	const struct ratio_counts *counts;
	const struct numaperf_snapshot *before, *state;
	struct numaperf_ratio *ratio;
};

__attribute__((format(printf, 2, 3))) static bool unknown(const struct judged *judged, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(judged->ratio->why, sizeof(judged->ratio->why), format, args);
	va_end(args);
	return true;
}

static bool not_counting(const struct judged *judged)
{
	const char *source = numaperf_report_source_to_string(judged->source);
	uint32_t reason = judged->state->reasons[judged->source];

	if (judged->state->active & (1U << judged->source))
		return false;
	switch (reason) {
	case NUMAPERF_REASON_DISABLED:
		return unknown(judged, "source %s is disabled: the module was loaded with the parameter %s=off", source,
			       source);
	case NUMAPERF_REASON_NO_HOOK:
		return unknown(judged, "this kernel lacks the hook that source %s needs (the kernel log names it)",
			       source);
	case NUMAPERF_REASON_NO_BALANCING:
		return unknown(judged, "this kernel was built without NUMA balancing, so there are no hint faults");
	case NUMAPERF_REASON_NONE:
		return unknown(judged, "source %s did not count this target", source);
	default:
		return unknown(judged, "source %s does not count: %s", source, numaperf_reason_to_string(reason));
	}
}

static bool is_larger_part(size_t part, size_t whole)
{
	return part && (double)part > NUMAPERF_REPORT_MAX_HIDDEN * (double)whole;
}

static bool threads_lost(const struct judged *judged)
{
	const struct ratio_counts *counts = judged->counts;

	if (!is_larger_part(counts->lost, counts->threads))
		return false;
	return unknown(judged,
		       "counting of %zu of %zu threads ended: they ran a set-id program or changed their credentials "
		       "(count as root, or with CAP_PERFMON)", counts->lost, counts->threads);
}

static bool balancing_off(const struct judged *judged)
{
	if (judged->state->balancing != BALANCING_OFF &&
	    !(judged->before && judged->before->balancing == BALANCING_OFF))
		return false;
	return unknown(judged, "NUMA balancing is off, so pages take no hint faults; "
			       "to measure: sysctl kernel.numa_balancing=1");
}

/*
 * A thread whose task policy hides its memory gives no samples at all, whichever node it works on; what others give is
 * said to be the whole's only while they are the larger part.
 */
static bool threads_blind(const struct judged *judged)
{
	const struct ratio_counts *counts = judged->counts;

	if (is_larger_part(counts->blind, counts->threads))
		return unknown(judged,
			       "memory policy without MPOL_F_NUMA_BALANCING (e.g. plain MPOL_BIND) hides memory of %zu of "
			       "%zu threads from hint faults; start it with `numaperf run --membind`",
			       counts->blind, counts->threads);
	if (counts->single_blind)
		return unknown(judged,
			       "on this kernel the module can't hold address spaces, so local pages of single-threaded "
			       "processes take no hint faults, and a ratio could be too low");
	return false;
}

static const char *const hidden_because[] = {
	[COVERAGE_POLICY] = "a memory policy without MPOL_F_NUMA_BALANCING: `numaperf run --membind` sets it",
	[COVERAGE_SHARED] = "shared mappings without such a policy",
	[COVERAGE_READ_ONLY] = "read-only file mappings",
	[COVERAGE_HUGETLB] = "hugetlb pages",
};

static bool memory_hidden(const struct judged *judged)
{
	const struct numaperf_snapshot *state = judged->state;
	double hidden = 1 - judged->ratio->coverage;

	if (judged->ratio->coverage < 0 || hidden <= NUMAPERF_REPORT_MAX_HIDDEN)
		return false;
	return unknown(judged, "hint faults can't see %.0f %% of its resident memory, mostly %s", hidden * 100,
		       hidden_because[coverage_main_cause(&state->coverage)]);
}

static bool memory_not_seen(const struct judged *judged)
{
	int error = judged->state->coverage_error;

	if (judged->ratio->coverage >= 0)
		return false;
	return unknown(judged, "how much of its memory hint faults can see is not known: %s",
		       error == -EACCES || error == -EPERM ? "/proc/PID/numa_maps can't be read by this user" :
							     "the process was gone before it was looked at");
}

static bool too_few(const struct judged *judged)
{
	uint64_t samples = judged->counts->samples;

	if (samples >= NUMAPERF_REPORT_MIN_SAMPLES && judged->counts->pages_local + judged->counts->pages_remote)
		return false;
	return unknown(judged, "%" PRIu64 " samples are too few (at least %d are needed)%s", samples,
		       NUMAPERF_REPORT_MIN_SAMPLES,
		       judged->source == NUMAPERF_REPORT_HINT ?
			       "; the kernel arms pages slowly, and only those of threads that run" :
			       "; memory that is warm or was populated by the kernel does not fault");
}

static enum numaperf_health health_of(double local)
{
	return local >= EXCELLENT_FROM ? NUMAPERF_HEALTH_EXCELLENT :
	       local >= GOOD_FROM      ? NUMAPERF_HEALTH_GOOD :
	       local >= FAIR_FROM      ? NUMAPERF_HEALTH_FAIR :
					 NUMAPERF_HEALTH_POOR;
}

static double visible_share(const struct numaperf_snapshot *state)
{
	uint64_t total = coverage_total(&state->coverage);

	return state->coverage_error || !total ?
		       -1 :
		       (double)coverage_pages(&state->coverage, COVERAGE_VISIBLE) / (double)total;
}

void ratio_judge(enum numaperf_report_source source, const struct ratio_counts *counts,
		 const struct numaperf_snapshot *before, const struct numaperf_snapshot *state,
		 struct numaperf_ratio *ret_ratio)
{
	const struct judged judged = { source, counts, before, state, ret_ratio };
	bool hint = source == NUMAPERF_REPORT_HINT;

	*ret_ratio = (struct numaperf_ratio){
		.source = source,
		.estimand = estimands[source],
		.samples = counts->samples,
		.pages_local = counts->pages_local,
		.pages_remote = counts->pages_remote,
		.coverage = hint ? visible_share(state) : -1,
	};
	/* The first that applies explains most. */
	if (not_counting(&judged) || threads_lost(&judged) ||
	    (hint && (balancing_off(&judged) || threads_blind(&judged) || memory_hidden(&judged))) ||
	    too_few(&judged) || (hint && memory_not_seen(&judged)))
		return;
	ret_ratio->known = true;
	ret_ratio->local = (double)counts->pages_local / (double)(counts->pages_local + counts->pages_remote);
	ret_ratio->health = health_of(ret_ratio->local);
}
