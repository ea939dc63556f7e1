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
#define FLOOR_NS 20000
#define MIN_SEEN 0.98
#define MIN_TURNS 3

/* Of all choices, torn ones above this share are more than the edges of what was read. */
#define MAX_TORN 0.1
/* Pairs of delays of one choice that a test of bursts needs at least. */
#define MIN_PAIRS 100
/* Unmapping again that takes longer than this sees too little of what follows an access. */
#define LATE_NS 1000000
/*
 * Threads of one CPU that take turns at it make a just used page twice as likely to be used soon, four threads four times: that does no harm
 * here. Runs of accesses make it hundreds of times as likely.
 */
#define BURST_RATIO 5
/* A page is fast if its mean interval is shorter than this many floors; they may carry this share at most. */
#define FAST_FLOORS 3
#define MAX_FAST 0.05
/* What may remain of the rate in choices that ended early, where accesses are not independent. */
#define MAX_FULL 0.05
/* Standard deviations from which on they are not. */
#define DEPENDENT 3

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
							  choice->events && refault_is_mine(&work->all, choice->turns[0]),
							  !!choice->events };
	}
}

/*
 * Accesses a nanosecond, if each delay was too long by floor. The mean of this over the times at which a page can be chosen is its rate:
 * P(N >= K - 1) of it from choices that ended at their K-th turn, P(N <= K - 2) from those that ended with the window.
 */
static double rate_of(const struct refault_choice *choice, double floor)
{
	double exposure = choice->exposure_ns - floor * choice->events;

	if (exposure < floor * choice->events || exposure <= 0) /* faster than it can be told: checked by the share of such pages */
		exposure = floor * choice->events ?: choice->exposure_ns;
	return (choice->events - (choice->full ? 1 : 0)) / exposure;
}

static void take_rates(struct work *work, double floor)
{
	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];
		double rate = rate_of(choice, floor);

		work->values[i] = (struct refault_value){ choice->page, choice->batch,
							  choice->events ? rate * choice->mine / choice->events : 0, rate };
	}
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
		all += rate_of(&choices[i], 0);
	qsort(choices, work->all.count, sizeof(*choices), compare_by_exposure);
	for (size_t i = 0; i < work->all.count; i++) {
		if (!choices[i].full)
			continue;
		full += rate_of(&choices[i], 0);
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
 * Two delays of one choice within its window, the first after a random time, the other right after an access: if accesses are independent of
 * each other, either is the short one as often, however much pages differ. 1 if nothing speaks against that.
 */
static double burst_ratio_within(const struct work *work, double limit)
{
	double first = 0, later = 0, excess;

	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];

		for (unsigned turn = 1; turn < choice->events; turn++) {
			bool first_short = (double)choice->turns[0]->delay_ns < limit;
			bool later_short = (double)choice->turns[turn]->delay_ns < limit;

			first += first_short && !later_short;
			later += later_short && !first_short;
		}
	}
	excess = later - BURST_RATIO * first;
	/* Three standard deviations of the excess; a short first delay counts with each of the others. */
	return excess > 0 && excess * excess > 9 * (later + BURST_RATIO * BURST_RATIO * work->all.turns * first) ?
		       later / (first > 1 ? first : 1) :
		       1;
}

/* In as many choices the second delay should be shorter than the first as longer. */
static bool independent(const struct work *work)
{
	double shorter = 0, longer = 0, excess;

	for (size_t i = 0; i < work->all.count; i++) {
		const struct refault_choice *choice = &work->all.choices[i];

		if (choice->events < 2)
			continue;
		shorter += choice->turns[1]->delay_ns < choice->turns[0]->delay_ns;
		longer += choice->turns[1]->delay_ns > choice->turns[0]->delay_ns;
	}
	excess = shorter - longer;
	return excess * excess <= DEPENDENT * DEPENDENT * (shorter + longer);
}

static bool in_bursts(const struct work *work, struct numaperf_refault_share *share)
{
	struct numaperf_refault_estimate *estimate = work->estimate;

	for (double limit = work->floor_ns; limit < (double)work->all.window_ns; limit *= 2) {
		double ratio = burst_ratio_within(work, limit);

		if (ratio > estimate->burst_ratio)
			estimate->burst_ratio = ratio;
	}
	if (estimate->burst_ratio > BURST_RATIO)
		doubt(share, NUMAPERF_REFAULT_BURSTS,
		      "accesses come in runs: a page is used again soon %.0f times as often right after an access as at any time",
		      estimate->burst_ratio);
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

/* -ENOMEM, or whether runs of accesses would have escaped. */
static int too_late(const struct work *work, struct numaperf_refault_share *share)
{
	uint64_t *gaps = calloc(work->all.count + 1, sizeof(*gaps));
	size_t n = 0;

	if (!gaps)
		return -ENOMEM;
	for (size_t i = 0; i < work->all.count; i++)
		if (work->all.choices[i].events > 1)
			gaps[n++] = gap_of(&work->all.choices[i]);
	qsort(gaps, n, sizeof(*gaps), compare_numbers);
	work->estimate->resolution_ns = n ? gaps[n / 2] : 0;
	free(gaps);
	if (n < MIN_PAIRS)
		doubt(share, NUMAPERF_REFAULT_FEW, "%zu pages that were used twice in %.3f s are too few: %d are needed", n,
		      (double)work->all.window_ns / 1e9, MIN_PAIRS);
	else if (work->estimate->resolution_ns > LATE_NS)
		doubt(share, NUMAPERF_REFAULT_LATE,
		      "unmapping again took %.1f ms, in which accesses in a row escape: sample more slowly",
		      (double)work->estimate->resolution_ns / 1e6);
	return share->doubt != NUMAPERF_REFAULT_SURE;
}

/* Share of the rate that lies in pages used nearly as often as faults take time. */
static double share_of_fast(const struct work *work)
{
	const struct refault_choice *choices = work->all.choices;
	double fast = 0, all = 0;

	for (size_t i = 0, n; i < work->all.count; i += n) {
		double events = 0, exposure = 0, rate = 0;

		for (n = 0; i + n < work->all.count && choices[i + n].page == choices[i].page; n++) {
			events += choices[i + n].events;
			exposure += choices[i + n].exposure_ns;
			rate += work->values[i + n].all;
		}
		rate /= (double)n;
		all += rate;
		if (exposure < FAST_FLOORS * work->floor_ns * events)
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
	int r;

	for (size_t i = 0; i < work->all.count; i++)
		share->samples += work->all.choices[i].events;
	if (too_few(work, share) || too_few_turns(work, share))
		return 0;
	r = too_late(work, share);
	if (r)
		return r < 0 ? r : 0;
	if (in_bursts(work, share))
		return 0;
	work->estimate->independent = independent(work);
	if (!work->estimate->independent)
		refault_choices_look(&work->all, window_without_full(work));
	take_rates(work, work->floor_ns);
	floored = refault_share(work->values, work->all.count);
	take_rates(work, 0);
	if (on_the_floor(work, share) || not_all_seen(work, share))
		return 0;
	interval = refault_share(work->values, work->all.count);
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
		estimate->unused += !work->all.choices[i].events;
		estimate->pages_seen += i == 0 || work->all.choices[i].page != work->all.choices[i - 1].page;
	}
}

int numaperf_refault_estimate(const struct numaperf_region_sample *samples, size_t count,
			      const struct numaperf_refault_options *options,
			      struct numaperf_refault_estimate *ret_estimate)
{
	static const char operation[] = "refault_estimate";
	struct numaperf_refault_estimate estimate = {
		.next_user.estimand = "next-user", .accesses.estimand = "accesses", .burst_ratio = 1
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
	work.floor_ns = (double)taken.floor_ns;
	if (!taken.floor_ns)
		work.floor_ns = work.all.shortest_ns > FLOOR_NS && count ? (double)work.all.shortest_ns : FLOOR_NS;
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
