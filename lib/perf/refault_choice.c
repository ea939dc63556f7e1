/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "perf/refault.h"

/* Of what the samples span; the choices of the last window are lost, a short one sees less of each. */
#define WINDOWS 8

/* Accesses that follow each other in less than this many floors are of one visit. */
#define FLOORS_AT_ONCE 2

/* What unmapping and a fault take: this, or on a slow machine so many times what they took when they were quickest. */
#define FLOOR_NS 20000
#define SLOW_FLOORS 4

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_turns(const void *left, const void *right)
{
	const refault_turn a = *(const refault_turn *)left, b = *(const refault_turn *)right;

	return order(a->page, b->page) ?: order(a->armed_ns, b->armed_ns) ?: order(a->turn, b->turn);
}

static int compare_starts(const void *left, const void *right)
{
	const struct refault_choice *a = left, *b = right;

	return order(a->start_ns, b->start_ns) ?: order(a->page, b->page);
}

static int compare_pages(const void *left, const void *right)
{
	const struct refault_choice *a = left, *b = right;

	return order(a->page, b->page) ?: order(a->start_ns, b->start_ns);
}

static bool is_open(refault_turn turn)
{
	return turn->flags & NUMAPERF_SAMPLE_OPEN;
}

double refault_floor(const struct refault_choices *all)
{
	if (all->options->floor_ns)
		return (double)all->options->floor_ns;
	return SLOW_FLOORS * all->shortest_ns > FLOOR_NS ? SLOW_FLOORS * (double)all->shortest_ns : FLOOR_NS;
}

bool refault_is_mine(const struct refault_choices *all, refault_turn turn)
{
	return turn->cpu_node == (all->options->of_node ? all->options->cpu_node : turn->page_node);
}

/* How many samples, from the first, are of one choice. */
static size_t length_of(const refault_turn *sorted, size_t count)
{
	size_t n = 1;

	while (n < count && sorted[n]->page == sorted[0]->page && sorted[n]->turn == sorted[n - 1]->turn + 1 &&
	       !is_open(sorted[n - 1]))
		n++;
	return n;
}

static bool goes_on(const struct refault_choices *all, const refault_turn *turns, size_t i)
{
	return i > 0 && turns[i]->flags & NUMAPERF_SAMPLE_CLOSE && turns[i]->tid == turns[i - 1]->tid && !is_open(turns[i]) &&
	       (double)turns[i]->delay_ns < all->at_once_ns;
}

static void add_access(const struct refault_choices *all, size_t i, double delay, struct refault_choice *choice,
		       unsigned *last, unsigned *last_mine)
{
	if (!goes_on(all, choice->turns, i)) {
		choice->visits++;
		choice->accesses += *last;
		choice->mine += *last_mine;
		*last = *last_mine = 0;
	}
	if (choice->visits == 1 && i == 0)
		choice->first_ns = delay;
	else if (choice->visits == 2 && *last == 0)
		choice->next_ns = delay;
	++*last;
	*last_mine += refault_is_mine(all, choice->turns[i]);
}

static void look_at(const struct refault_choices *all, double hidden, struct refault_choice *choice)
{
	double window = (double)all->window_ns;
	unsigned last = 0, last_mine = 0;
	size_t i;

	for (i = 0; i < choice->nr_turns; i++) {
		double delay = (double)choice->turns[i]->delay_ns - hidden;

		delay = delay > 1 ? delay : 1;
		if (choice->exposure_ns + delay > window) {
			choice->exposure_ns = window;
			break;
		}
		choice->exposure_ns += delay;
		if (is_open(choice->turns[i]))
			break;
		add_access(all, i, delay, choice, &last, &last_mine);
	}
	choice->full = i == all->turns;
	if (choice->full && choice->visits > 1)
		return;
	choice->accesses += last;
	choice->mine += last_mine;
}

static void share_out_batches(struct refault_choices *all)
{
	qsort(all->choices, all->count, sizeof(*all->choices), compare_starts);
	for (size_t i = 0; i < all->count; i++)
		all->choices[i].batch = (unsigned)(i * REFAULT_BATCHES / all->count);
	qsort(all->choices, all->count, sizeof(*all->choices), compare_pages);
}

void refault_choices_look(struct refault_choices *all, uint64_t window_ns, double hidden)
{
	all->window_ns = window_ns;
	all->count = all->torn = 0;
	for (size_t i = 0, n; i < all->nr_sorted; i += n) {
		const refault_turn *turns = all->sorted + i;
		struct refault_choice *choice = &all->choices[all->count];

		n = length_of(turns, all->nr_sorted - i);
		/* By age alone: to leave out those that are still waiting would leave out cold pages. */
		if (all->end_ns - turns[0]->armed_ns < window_ns)
			continue;
		*choice = (struct refault_choice){
			.turns = turns, .nr_turns = n, .page = turns[0]->page, .start_ns = turns[0]->armed_ns
		};
		look_at(all, hidden, choice);
		/* Unmapping again is no exposure, so that a little may lack; where more does, a sample is missing. */
		if (turns[0]->turn == 0 && (choice->full || choice->exposure_ns >= (double)window_ns / 2))
			all->count++;
		else
			all->torn++;
	}
	share_out_batches(all);
}

/* When the samples begin and end, the most turns, the shortest delay. The beginning is returned. */
static uint64_t survey(const struct numaperf_region_sample *samples, size_t count, struct refault_choices *all)
{
	uint64_t begin_ns = count ? UINT64_MAX : 0;

	for (size_t i = 0; i < count; i++) {
		const struct numaperf_region_sample *sample = &samples[i];

		if (sample->armed_ns < begin_ns)
			begin_ns = sample->armed_ns;
		if (sample->armed_ns + sample->delay_ns > all->end_ns)
			all->end_ns = sample->armed_ns + sample->delay_ns;
		if (is_open(sample))
			continue;
		if (!all->turns || sample->delay_ns < all->shortest_ns)
			all->shortest_ns = sample->delay_ns;
		if (sample->turn >= all->turns)
			all->turns = sample->turn + 1;
	}
	return begin_ns;
}

int refault_choices_make(const struct numaperf_region_sample *samples, size_t count,
			 const struct numaperf_refault_options *options, struct refault_choices *ret_choices)
{
	struct refault_choices all = { .options = options, .nr_sorted = count };
	uint64_t begin_ns = survey(samples, count, &all);

	all.sorted = calloc(count + 1, sizeof(refault_turn));
	all.choices = calloc(count + 1, sizeof(*all.choices));
	if (!all.sorted || !all.choices) {
		refault_choices_free(&all);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		all.sorted[i] = &samples[i];
	qsort(all.sorted, count, sizeof(*all.sorted), compare_turns);
	all.at_once_ns = FLOORS_AT_ONCE * refault_floor(&all);
	refault_choices_look(&all, options->window_ns ? options->window_ns : (all.end_ns - begin_ns) / WINDOWS, 0);
	*ret_choices = all;
	return 0;
}

void refault_choices_free(struct refault_choices *all)
{
	free(all->sorted);
	free(all->choices);
}
