/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Collector: counts of a process by the kernel module, snapshots of them, and reports on the window between two snapshots.
 *
 * Every ratio carries its source, its estimand and its sample count, and is known only above a minimum of samples; sources are never merged.
 * Thread safety: a collector may be used by one thread at a time; snapshots and reports are immutable.
 */
#ifndef NUMAPERF_COLLECTOR_H
#define NUMAPERF_COLLECTOR_H

#include <stdbool.h>
#include <sys/types.h>

#include <numaperf/base.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_collector;
struct numaperf_snapshot;
struct numaperf_report;

enum numaperf_report_source { /* values of enum numaperf_source of <linux/numaperf.h> */
	NUMAPERF_REPORT_HINT = 0,
	NUMAPERF_REPORT_FAULT,
	NUMAPERF_REPORT_SOURCES
};

/* Fewer samples than this yield UNKNOWN. */
#define NUMAPERF_REPORT_MIN_SAMPLES 100
/* A larger share of memory (or of threads) than this hidden from a source yields UNKNOWN. */
#define NUMAPERF_REPORT_MAX_HIDDEN 0.5

struct numaperf_collector_options {
	size_t size;
	pid_t pid;             /* process to count, all its threads; 0: see collector_track_self */
	bool children;         /* forked children, too */
	unsigned fault_period; /* page faults between samples, 0: the module's default */
};
#define NUMAPERF_COLLECTOR_OPTIONS_INIT { .size = sizeof(struct numaperf_collector_options) }
NUMAPERF_DEFINE_OPTIONS_INIT(collector)

/*
 * Opens a session; begins to count at once if pid is given. Errors: HARD_MODE_UNAVAILABLE is never used here; CAPABILITY_MISSING (no module, no right to
 * that process: the message has the remedy), INVALID_ARGUMENT (-ESRCH: no such process).
 */
NUMAPERF_API int numaperf_collector_new(const struct numaperf_collector_options *options, struct numaperf_collector **ret_collector);
/*
 * With pid 0: called in a child forked after collector_new, before it execs: counts that child through the descriptor both share. Returns the
 * target handle (positive), which the parent passes to collector_set_target. Async-signal-safe: one ioctl, nothing else.
 */
NUMAPERF_API int numaperf_collector_track_self(struct numaperf_collector *collector);
/* A negative target, passed on from the child, fails with the error it stands for. */
NUMAPERF_API int numaperf_collector_set_target(struct numaperf_collector *collector, int target);
NUMAPERF_API void numaperf_collector_free(struct numaperf_collector *collector);
NUMAPERF_DEFINE_CLEANUP(collector, numaperf_collector_free)

/*
 * The counters now, and where the memory of the processes that still live is. What was seen of a process last is kept when it is gone, so take
 * snapshots while the target lives: without any look at its memory a hint ratio stays unknown. Reading numa_maps walks page tables: it takes
 * time with the memory of the target.
 */
NUMAPERF_API int numaperf_collector_snapshot(struct numaperf_collector *collector, struct numaperf_snapshot **ret_snapshot);
NUMAPERF_API void numaperf_snapshot_free(struct numaperf_snapshot *snapshot);
NUMAPERF_DEFINE_CLEANUP(snapshot, numaperf_snapshot_free)

/* What was counted from one snapshot (NULL: from the beginning) to another of the same collector. */
NUMAPERF_API int numaperf_report_generate(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to,
					  struct numaperf_report **ret_report);
NUMAPERF_API void numaperf_report_free(struct numaperf_report *report);
NUMAPERF_DEFINE_CLEANUP(report, numaperf_report_free)

enum numaperf_health {
	NUMAPERF_HEALTH_UNKNOWN = 0,
	NUMAPERF_HEALTH_POOR,      /* below 70 % local */
	NUMAPERF_HEALTH_FAIR,      /* 70 % or more */
	NUMAPERF_HEALTH_GOOD,      /* 85 % or more */
	NUMAPERF_HEALTH_EXCELLENT, /* 95 % or more */
};

/* One source's answer for the whole target or for one thread. */
struct numaperf_ratio {
	enum numaperf_report_source source;
	const char *estimand;       /* "touched-pages", "first-touch" */
	bool known;                 /* if not, "why" says why and the ratio means nothing */
	double local;               /* 0 to 1, share of pages whose node was the toucher's */
	uint64_t samples;           /* faults */
	uint64_t pages_local, pages_remote;
	enum numaperf_health health;
	double coverage;            /* share of the resident memory that the source can see at all, at the last look; -1: not known, or does not apply */
	char why[200];              /* "" if known */
};

struct numaperf_report_thread {
	pid_t pid, tid;  /* 0: not visible from this pid namespace, or "(ended threads)": the sum of those too many to be kept apart */
	char name[16];
	bool exited;
	bool lost;       /* counting ended before the thread did: its credentials changed */
	uint64_t faults; /* user-mode page faults */
	uint64_t unresolved, missed;
	int cpu_node;
	uint64_t migrations;    /* times it was moved to another CPU */
	uint64_t node_switches; /* of these, to another node */
	uint64_t execs;         /* programs it began */
};

NUMAPERF_API double numaperf_report_seconds(const struct numaperf_report *report);
NUMAPERF_API int numaperf_report_ratio(const struct numaperf_report *report, enum numaperf_report_source source,
				       struct numaperf_ratio *ret_ratio);
/* Threads by index from 0; -ENOENT after the last. */
NUMAPERF_API int numaperf_report_thread(const struct numaperf_report *report, size_t i, struct numaperf_report_thread *ret_thread);
NUMAPERF_API int numaperf_report_thread_ratio(const struct numaperf_report *report, size_t i, enum numaperf_report_source source,
					      struct numaperf_ratio *ret_ratio);

/* Cells of the matrix CPU node x page node that are not zero, by index; -ENOENT after the last. thread -1: summed over all threads. */
struct numaperf_report_cell {
	enum numaperf_report_source source;
	int cpu_node, page_node;
	uint64_t samples, pages;
};
NUMAPERF_API int numaperf_report_cell(const struct numaperf_report *report, ssize_t thread, size_t i,
				      struct numaperf_report_cell *ret_cell);
/*
 * Where the memory of the target was when it was last looked at while it lived (/proc/PID/numa_maps at a snapshot), by index; -ENOENT after the
 * last. Says where memory is, not who uses it.
 */
struct numaperf_report_resident {
	int node;
	uint64_t pages;  /* base pages */
	uint64_t hidden; /* of these, pages of mappings that hint faults can't see: policy without MPOL_F_NUMA_BALANCING, shared, read-only file, hugetlb */
};
NUMAPERF_API int numaperf_report_resident(const struct numaperf_report *report, size_t i,
					  struct numaperf_report_resident *ret_resident);
/* Hits of hooks that the kernel skipped in the window (whole machine), and threads that could not be counted. */
NUMAPERF_API uint64_t numaperf_report_missed(const struct numaperf_report *report);
NUMAPERF_API uint64_t numaperf_report_untracked(const struct numaperf_report *report);

NUMAPERF_API const char *numaperf_report_source_to_string(enum numaperf_report_source source);
NUMAPERF_API int numaperf_report_source_parse(const char *text, enum numaperf_report_source *ret_source);
NUMAPERF_API const char *numaperf_health_to_string(enum numaperf_health health);
NUMAPERF_API int numaperf_health_parse(const char *text, enum numaperf_health *ret_health);

NUMAPERF_END_DECLS

#endif
