/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Estimates from the re-fault samples of an observed region: pure arithmetic on what REGION_READ of <linux/numaperf.h> gave.
 *
 * A sampled page is one that was chosen uniformly, at a time that has nothing to do with its use, and unmapped; its next access is seen, with
 * its thread, its CPU's node, and the time since. With repeat, the thread that made it unmaps the page again right after it, until so many
 * accesses were seen. One page's samples in a row (turn 0, 1, ...) are a "choice" here. Two questions are answered, and never merged:
 *
 *   next-user   page-weighted: of uniformly chosen pages that are used within the window, the share whose next user is local (or on a node
 *               asked for). Only turn 0 counts. It is the share of accesses only where all pages are used alike.
 *   accesses    access-weighted: of the accesses to the region by instructions, the share that is local. Each page weighs as its rate of
 *               accesses: how many were seen by how long it was looked at, within a window, choices that saw none included. Accesses of one
 *               thread that follow each other at once (a read and a write of one word) are a visit and count as many as they are. Of a choice
 *               that ended early, at its last turn after K visits and time T, the rate is that of K - 1 visits in T, which together with N / window
 *               for the others has exactly the right mean if visits come independently of each other. Where the times after a visit are not like
 *               those after any moment (loops, threads that come and go), a window is taken in which hardly any choice had all its turns, and N / window
 *               alone counts, which has the right mean for all stationary visits (Campbell's formula). The first time alone would not do: by the
 *               inspection paradox a random moment falls into long intervals more often than into short ones.
 *
 * Rates are averaged by page, then summed (the Horvitz-Thompson estimator: all pages have the same probability of being chosen). Intervals are
 * of 95 %: sixteen batches of choices, consecutive in time and thus of other pages or other times, each left out in turn (jackknife), with
 * Student's t of 15 degrees of freedom; never narrower than Wilson's interval of as many independent choices, so that "all local" is not taken
 * for certain. That of accesses also covers both extremes of what the latency of a fault may hide.
 *
 * "accesses" is unknown, and says why, wherever it could be wrong without showing it:
 *   UNSEEN      pages that were never chosen may have been used most; only a region of which 98 % of the used pages were seen is answered for.
 *   REPEAT      needs REGION_SET with a repeat of 8 or more.
 *   LATE        most pages were not unmapped again by their user at once (NUMAPERF_SAMPLE_CLOSE): what followed escaped. So it is with accesses by
 *               system calls, and where a debugger has the debug registers.
 *   BURSTS      some visits were of as many accesses as there are turns, or more: how many is not known.
 *   FLOOR       pages used nearly as often as faults take time carry too much: their rates have no upper bound.
 *   FEW, LOST, WIDE   as for next-user: too few choices, too many torn by samples that were dropped, an interval that says nothing.
 *
 * Both hold for the time that the samples were taken in, and for programs as they are while they are sampled: faults slow down whoever takes
 * them. Thread safety: no state; any thread.
 */
#ifndef NUMAPERF_REFAULT_H
#define NUMAPERF_REFAULT_H

#include <stdbool.h>

#include <numaperf/base.h>

NUMAPERF_BEGIN_DECLS

struct numaperf_region_sample; /* of <linux/numaperf.h> */

/* Fewer choices than this yield UNKNOWN. */
#define NUMAPERF_REFAULT_MIN_CHOICES 160
/* So does an interval wider than this. */
#define NUMAPERF_REFAULT_MAX_WIDTH 0.5

struct numaperf_refault_options {
	size_t size;
	uint64_t pages;     /* of the region that were ever used; 0: not known, so that "accesses" stays unknown */
	bool of_node;       /* the share of accesses from cpu_node, wherever the page is; else, from the page's own node */
	int cpu_node;
	uint64_t window_ns; /* how long a chosen page is watched; 0: an eighth of the time that the samples span */
	uint64_t floor_ns;  /* what is at most hidden in each delay by unmapping and the fault; 0: 20 us, or four times the shortest delay if longer */
};
#define NUMAPERF_REFAULT_OPTIONS_INIT { .size = sizeof(struct numaperf_refault_options) }
NUMAPERF_DEFINE_OPTIONS_INIT(refault)

enum numaperf_refault_doubt {
	NUMAPERF_REFAULT_SURE = 0,
	NUMAPERF_REFAULT_FEW,
	NUMAPERF_REFAULT_LOST,
	NUMAPERF_REFAULT_WIDE,
	NUMAPERF_REFAULT_UNSEEN,
	NUMAPERF_REFAULT_REPEAT,
	NUMAPERF_REFAULT_LATE,
	NUMAPERF_REFAULT_BURSTS,
	NUMAPERF_REFAULT_FLOOR,
};

/* One answer. */
struct numaperf_refault_share {
	const char *estimand; /* "next-user", "accesses" */
	bool known;           /* if not, "doubt" and "why" say why and the numbers mean nothing */
	enum numaperf_refault_doubt doubt;
	double share;         /* 0 to 1 */
	double low, high;     /* interval of 95 % */
	uint64_t samples;     /* re-faults that it rests on */
	char why[200];        /* "" if known */
};

struct numaperf_refault_estimate {
	struct numaperf_refault_share next_user, accesses;
	uint64_t choices;       /* that were watched for the whole window */
	uint64_t unused;        /* of these, not used within it */
	uint64_t torn;          /* choices left out, as samples of theirs are missing */
	uint64_t pages_seen;
	uint64_t window_ns;
	uint64_t gap_ns;        /* median time from a first access to the page being unmapped again; 0: none was */
	bool independent;       /* nothing shows that a visit tells when the next one comes; else the rates are from a shorter window */
	uint64_t bursts;        /* choices all of whose turns were one run of accesses */
};

/*
 * Samples in any order; those of several reads of one region may be put together if only the OPEN ones of the last are among them. O(n log n) time
 * and 64 bytes a sample of memory while it works. Errors: INVALID_ARGUMENT, ALLOCATION. Samples that are too few or doubtful are no error.
 */
NUMAPERF_API int numaperf_refault_estimate(const struct numaperf_region_sample *samples, size_t count,
					   const struct numaperf_refault_options *options,
					   struct numaperf_refault_estimate *ret_estimate);

NUMAPERF_API const char *numaperf_refault_doubt_to_string(enum numaperf_refault_doubt doubt);
NUMAPERF_API int numaperf_refault_doubt_parse(const char *text, enum numaperf_refault_doubt *ret_doubt);

NUMAPERF_END_DECLS

#endif
