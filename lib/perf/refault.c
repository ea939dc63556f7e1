/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/names.h"
#include "core/options.h"
#include "perf/refault.h"

/* numaperf/refault.h says these, too. */
#define MIN_SEEN 0.98
#define MIN_TURNS 8

/* Of all choices, torn ones above this share are more than the edges of what was read. */
#define MAX_TORN 0.1
/* Accesses of which the next was awaited right away, at least. */
#define MIN_CLOSE 100
/* Standard deviations from which on visits are not independent of each other. */
#define DEPENDENT 3
/* Visits that took all turns of their choice: more are no accident. */
#define MAX_BURSTS 2
/* A choice was fast if its turns took this many floors each, or less; such may carry this share of the rate at most. */
#define FAST_FLOORS 3
#define MAX_FAST 0.05
/* What may remain of the rate in choices that ended early, where visits are not independent. */
#define MAX_FULL 0.05

static const char *const doubt_names[] = {
	[NUMAPERF_REFAULT_SURE] = "sure",     [NUMAPERF_REFAULT_FEW] = "few",       [NUMAPERF_REFAULT_LOST] = "lost",
	[NUMAPERF_REFAULT_WIDE] = "wide",     [NUMAPERF_REFAULT_UNSEEN] = "unseen", [NUMAPERF_REFAULT_REPEAT] = "repeat",
	[NUMAPERF_REFAULT_LATE] = "late",     [NUMAPERF_REFAULT_BURSTS] = "bursts", [NUMAPERF_REFAULT_FLOOR] = "floor",
};
NP_DEFINE_ENUM_NAMES(refault_doubt, doubt_names)

/* What the two answers are made from. */
struct work {
	const struct numaperf_refault_options *options;
	struct refault_choices all;
	struct refault_value *values; /* one a choice */
	double floor_ns;
	struct numaperf_refault_estimate *estimate;
};

__attribute__((format(printf, 3, 4))) static void doubt(struct numaperf_refault_share *share,
							enum numaperf_refault_doubt why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(share->why, sizeof(share->why), format, args);
	va_end(args);
	share->doubt = why;
}

/* ------------------------------------------------------------- the values */

static void take_next_users(struct work *work)
{
	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];

		work->values[i] = (struct refault_value){ choice->page, choice->batch,
							  choice->visits && refault_is_mine(&work->all, choice->turns[0]),
							  !!choice->visits };
	}
}

/*
 * Accesses a nanosecond. If visits are independent of each other, the mean of this over the times at which a page can be chosen is its rate:
 * P(N >= K - 1) of it comes from choices that ended with their K-th visit, P(N <= K - 2) from those that ended with the window.
 */
static double rate_of(const struct refault_choice *choice)
{
	return choice->exposure_ns > 0 ? choice->accesses / choice->exposure_ns : 0;
}

static struct refault_interval share_of_accesses(struct work *work)
{
	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];

		work->values[i] = (struct refault_value){ choice->page, choice->batch,
							  choice->accesses ? rate_of(choice) * choice->mine / choice->accesses : 0,
							  rate_of(choice) };
	}
	return refault_share(work->values, work->all.count);
}

static int compare_by_exposure(const void *left, const void *right)
{
	const struct refault_choice *a = left, *b = right;

	return (a->exposure_ns > b->exposure_ns) - (a->exposure_ns < b->exposure_ns);
}

/*
 * The longest window before whose end hardly any choice, weighed by its rate, has had all its turns: there it is N / window alone that counts,
 * which needs no independence. It sees less of cold pages. Spoils the choices: look again.
 */
static uint64_t window_without_full(struct work *work)
{
	struct refault_choice *choices = work->all.choices;
	double all = 0, full = 0;

	for (size_t i = 0; i < work->all.count; i++)
		all += rate_of(&choices[i]);
	qsort(choices, work->all.count, sizeof(*choices), compare_by_exposure);
	for (size_t i = 0; i < work->all.count; i++) {
		if (!choices[i].full)
			continue;
		full += rate_of(&choices[i]);
		if (full > MAX_FULL * all)
			return (uint64_t)choices[i].exposure_ns;
	}
	return work->all.window_ns;
}

static void conclude(struct numaperf_refault_share *share, struct refault_interval interval)
{
	share->share = interval.share;
	share->low = interval.low;
	share->high = interval.high;
	if (interval.high - interval.low > NUMAPERF_REFAULT_MAX_WIDTH)
		doubt(share, NUMAPERF_REFAULT_WIDE, "the interval of %.2f to %.2f says nothing: sample longer or faster",
		      interval.low, interval.high);
	share->known = share->doubt == NUMAPERF_REFAULT_SURE;
}

/* --------------------------------------------------------------- refusals */

static bool too_few(const struct work *work, struct numaperf_refault_share *share)
{
	const struct numaperf_refault_estimate *estimate = work->estimate;
	uint64_t used = estimate->choices - estimate->unused;

	if (used < NUMAPERF_REFAULT_MIN_CHOICES)
		doubt(share, NUMAPERF_REFAULT_FEW,
		      "%" PRIu64 " chosen pages that were used within %.3f s are too few: %d are needed", used,
		      (double)estimate->window_ns / 1e9, NUMAPERF_REFAULT_MIN_CHOICES);
	else if ((double)estimate->torn > MAX_TORN * (double)(estimate->choices + estimate->torn))
		doubt(share, NUMAPERF_REFAULT_LOST,
		      "samples are missing of %" PRIu64 " of %" PRIu64 " chosen pages: read more often or sample more slowly",
		      estimate->torn, estimate->choices + estimate->torn);
	return share->doubt != NUMAPERF_REFAULT_SURE;
}

static bool not_all_seen(const struct work *work, struct numaperf_refault_share *share)
{
	uint64_t pages = work->options->pages, seen = work->estimate->pages_seen;

	if (!pages)
		doubt(share, NUMAPERF_REFAULT_UNSEEN, "how many pages there are was not told");
	else if ((double)seen < MIN_SEEN * (double)pages)
		doubt(share, NUMAPERF_REFAULT_UNSEEN,
		      "%" PRIu64 " of %" PRIu64 " pages were sampled: any of the others may be used most; sample longer or faster", seen,
		      pages);
	return share->doubt != NUMAPERF_REFAULT_SURE;
}

static bool too_few_turns(const struct work *work, struct numaperf_refault_share *share)
{
	if (work->all.turns < MIN_TURNS)
		doubt(share, NUMAPERF_REFAULT_REPEAT,
		      "a page's rate needs %d accesses in a row or more: sample with a higher repeat", MIN_TURNS);
	return share->doubt != NUMAPERF_REFAULT_SURE;
}

/*
 * Two delays of one choice within its window, the first after a random time, the other right after a visit: if visits are independent of each
 * other, either is the shorter one as often, however much pages differ.
 */
static bool independent(const struct work *work)
{
	double shorter = 0, longer = 0, excess;

	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];

		if (choice->visits < 2)
			continue;
		shorter += choice->next_ns < choice->first_ns;
		longer += choice->next_ns > choice->first_ns;
	}
	excess = shorter - longer;
	return excess * excess <= DEPENDENT * DEPENDENT * (shorter + longer);
}

/* Visits of as many accesses as there are turns, or more, to pages that had waited for them. */
static bool in_bursts(const struct work *work, struct numaperf_refault_share *share)
{
	uint64_t bursts = 0;

	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];

		bursts += choice->full && choice->visits == 1 && choice->first_ns > FAST_FLOORS * work->all.at_once_ns;
	}
	work->estimate->bursts = bursts;
	if (bursts > MAX_BURSTS)
		doubt(share, NUMAPERF_REFAULT_BURSTS,
		      "accesses come in runs: %" PRIu64 " of %" PRIu64 " were of %u or more, how many can't be told; try a higher repeat",
		      bursts, work->estimate->choices, work->all.turns);
	return share->doubt != NUMAPERF_REFAULT_SURE;
}

static int compare_numbers(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* From the first use to being unmapped again. */
static uint64_t gap_of(const struct refault_choice *choice)
{
	uint64_t used_ns = choice->turns[0]->armed_ns + choice->turns[0]->delay_ns, again_ns = choice->turns[1]->armed_ns;

	return again_ns > used_ns ? again_ns - used_ns : 0;
}

/* -ENOMEM, or whether what follows an access at once would have escaped. */
static int too_late(const struct work *work, struct numaperf_refault_share *share)
{
	uint64_t *gaps = calloc(work->all.count + 1, sizeof(*gaps));
	size_t n = 0, close = 0;

	if (!gaps)
		return -ENOMEM;
	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];

		if (choice->nr_turns < 2)
			continue;
		gaps[n++] = gap_of(choice);
		close += !!(choice->turns[1]->flags & NUMAPERF_SAMPLE_CLOSE);
	}
	qsort(gaps, n, sizeof(*gaps), compare_numbers);
	work->estimate->gap_ns = n ? gaps[n / 2] : 0;
	free(gaps);
	if (n < MIN_CLOSE)
		doubt(share, NUMAPERF_REFAULT_FEW, "%zu pages that were used twice in %.3f s are too few: %d are needed", n,
		      (double)work->all.window_ns / 1e9, MIN_CLOSE);
	else if (2 * close < n)
		doubt(share, NUMAPERF_REFAULT_LATE,
		      "after %zu of %zu accesses the page was not unmapped again at once: others in a row with them escape", n - close, n);
	return share->doubt != NUMAPERF_REFAULT_SURE;
}

/* Share of the rate in choices whose turns came as fast as faults can be taken. */
static double share_of_fast(const struct work *work)
{
	double fast = 0, all = 0;

	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];
		double rate = rate_of(choice);

		all += rate;
		if (choice->full && choice->exposure_ns < FAST_FLOORS * work->floor_ns * work->all.turns)
			fast += rate;
	}
	return all > 0 ? fast / all : 0;
}

static bool on_the_floor(const struct work *work, struct numaperf_refault_share *share)
{
	double fast = share_of_fast(work);

	if (fast > MAX_FAST)
		doubt(share, NUMAPERF_REFAULT_FLOOR,
		      "pages with %.0f %% of the accesses or more are used every %.0f us or less, which is about what a fault takes",
		      100 * fast, FAST_FLOORS * work->floor_ns / 1e3);
	return share->doubt != NUMAPERF_REFAULT_SURE;
}

/* ------------------------------------------------------------ the answers */

static void answer_next_user(struct work *work)
{
	struct numaperf_refault_share *share = &work->estimate->next_user;

	share->samples = work->estimate->choices - work->estimate->unused;
	if (too_few(work, share))
		return;
	take_next_users(work);
	conclude(share, refault_share(work->values, work->all.count));
}

static int answer_accesses(struct work *work)
{
	struct numaperf_refault_share *share = &work->estimate->accesses;
	struct refault_interval interval, floored;
	uint64_t window_ns = work->all.window_ns;
	int r;

	for (size_t i = 0; i < work->all.count; i++)
		share->samples += work->all.choices[i].accesses;
	if (too_few(work, share) || too_few_turns(work, share))
		return 0;
	r = too_late(work, share);
	if (r)
		return r < 0 ? r : 0;
	if (in_bursts(work, share) || on_the_floor(work, share) || not_all_seen(work, share))
		return 0;
	work->estimate->independent = independent(work);
	if (!work->estimate->independent) {
		window_ns = window_without_full(work);
		refault_choices_look(&work->all, window_ns, 0);
	}
	interval = share_of_accesses(work);
	refault_choices_look(&work->all, window_ns, work->floor_ns);
	floored = share_of_accesses(work);
	interval.low = floored.low < interval.low ? floored.low : interval.low;
	interval.high = floored.high > interval.high ? floored.high : interval.high;
	conclude(share, interval);
	return 0;
}

static void count_choices(struct work *work)
{
	struct numaperf_refault_estimate *estimate = work->estimate;

	estimate->choices = work->all.count;
	estimate->torn = work->all.torn;
	estimate->window_ns = work->all.window_ns;
	for (size_t i = 0; i < work->all.count; i++) {
		estimate->unused += !work->all.choices[i].visits;
		estimate->pages_seen += i == 0 || work->all.choices[i].page != work->all.choices[i - 1].page;
	}
}

int numaperf_refault_estimate(const struct numaperf_region_sample *samples, size_t count,
			      const struct numaperf_refault_options *options,
			      struct numaperf_refault_estimate *ret_estimate)
{
	static const char operation[] = "refault_estimate";
	struct numaperf_refault_estimate estimate = {
		.next_user.estimand = "next-user", .accesses.estimand = "accesses"
	};
	struct numaperf_refault_options taken;
	struct work work = { .options = &taken, .estimate = &estimate };
	int r;

	r = np_options_take(options, &taken, sizeof(taken), operation);
	if (r < 0)
		return r;
	if (refault_choices_make(samples, count, &taken, &work.all) < 0)
		return np_fail_nomem(operation);
	work.values = calloc(count + 1, sizeof(*work.values));
	if (!work.values) {
		refault_choices_free(&work.all);
		return np_fail_nomem(operation);
	}
	work.floor_ns = refault_floor(&work.all);
	count_choices(&work);
	answer_next_user(&work);
	r = answer_accesses(&work);
	free(work.values);
	refault_choices_free(&work.all);
	if (r < 0)
		return np_fail_nomem(operation);
	*ret_estimate = estimate;
	return 0;
}
