/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/refault.h"

/* 97.5 % quantiles: Student's with REFAULT_BATCHES - 1 degrees of freedom, and the normal one. */
#define STUDENT 2.1314
#define NORMAL 1.9600

struct sums {
	double mine, all;
};

/* Newton's, so that the library needs no libm. */
static double square_root(double x)
{
	double root = x > 1 ? x : 1;

	if (!(x > 0))
		return 0;
	for (int i = 0; i < 64; i++)
		root = (root + x / root) / 2;
	return root;
}

/*
 * Adds the means of one page: over all its choices to sums[REFAULT_BATCHES], over those not of batch b to sums[b]. A page that is only in b
 * is not in what is left without b.
 */
static void add_page(const struct refault_value *values, size_t count, struct sums *sums)
{
	struct {
		struct sums sums;
		double choices;
	} batches[REFAULT_BATCHES] = { 0 }, whole = { 0 };

	for (size_t i = 0; i < count; i++) {
		unsigned b = values[i].batch;

		batches[b].sums.mine += values[i].mine;
		batches[b].sums.all += values[i].all;
		batches[b].choices++;
		whole.sums.mine += values[i].mine;
		whole.sums.all += values[i].all;
		whole.choices++;
	}
	for (int b = 0; b < REFAULT_BATCHES; b++) {
		double left = whole.choices - batches[b].choices;

		if (left <= 0)
			continue;
		sums[b].mine += (whole.sums.mine - batches[b].sums.mine) / left;
		sums[b].all += (whole.sums.all - batches[b].sums.all) / left;
	}
	sums[REFAULT_BATCHES].mine += whole.sums.mine / whole.choices;
	sums[REFAULT_BATCHES].all += whole.sums.all / whole.choices;
}

static double share_of(const struct sums *sums, double otherwise)
{
	double share = sums->all > 0 ? sums->mine / sums->all : otherwise;

	return share < 1 ? share : 1; /* but for rounding */
}

/* Of a ratio of sums, by leaving out each batch. */
static double standard_error(const struct sums *sums, double share)
{
	double mean = 0, squares = 0;

	for (int b = 0; b < REFAULT_BATCHES; b++)
		mean += share_of(&sums[b], share) / REFAULT_BATCHES;
	for (int b = 0; b < REFAULT_BATCHES; b++) {
		double d = share_of(&sums[b], share) - mean;

		squares += d * d;
	}
	return square_root(squares * (REFAULT_BATCHES - 1) / REFAULT_BATCHES);
}

/* Wilson's interval of n independent ones, n as Kish counts unequal weights. */
static void not_narrower_than_independent(const struct refault_value *values, size_t count,
					  struct refault_interval *interval)
{
	double all = 0, squares = 0, n, centre, half, z2 = NORMAL * NORMAL, p = interval->share;

	for (size_t i = 0; i < count; i++) {
		all += values[i].all;
		squares += values[i].all * values[i].all;
	}
	n = squares > 0 ? all * all / squares : 1;
	centre = (p + z2 / (2 * n)) / (1 + z2 / n);
	half = NORMAL / (1 + z2 / n) * square_root(p * (1 - p) / n + z2 / (4 * n * n));
	if (centre - half < interval->low)
		interval->low = centre - half;
	if (centre + half > interval->high)
		interval->high = centre + half;
}

struct refault_interval refault_share(const struct refault_value *values, size_t count)
{
	struct sums sums[REFAULT_BATCHES + 1] = { 0 };
	struct refault_interval interval;
	double half;

	for (size_t i = 0, n; i < count; i += n) {
		for (n = 1; i + n < count && values[i + n].page == values[i].page;)
			n++;
		add_page(values + i, n, sums);
	}
	interval.share = share_of(&sums[REFAULT_BATCHES], 0);
	half = STUDENT * standard_error(sums, interval.share);
	interval.low = interval.share - half;
	interval.high = interval.share + half;
	not_narrower_than_independent(values, count, &interval);
	if (interval.low < 0)
		interval.low = 0;
	if (interval.high > 1)
		interval.high = 1;
	return interval;
}
