/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <stdlib.h>

#include "refault_model.h"

#define FLOOR_SHORTEST 5e-6
#define FLOOR_LONGEST 20e-6
#define GAP 20e-6
/* One gap in so many is long: the module's thread had to wait for a CPU. */
#define LATE_ONE_IN 50
#define LATE 2e-3

uint64_t model_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

double model_uniform(uint64_t *state)
{
	return ((double)(model_random(state) >> 12) + 0.5) / (double)(1ull << 52);
}

/* Of mean 1, by comparing uniform numbers only (von Neumann's way): how long a run falls decides. */
static double exponential(uint64_t *state)
{
	for (double whole = 0;; whole++) {
		double first = model_uniform(state), last = first, next;
		unsigned n = 0;

		while ((next = model_uniform(state)) < last) {
			last = next;
			n++;
		}
		if (n % 2 == 0)
			return whole + first;
	}
}

/* What is known of one user and one page while the page is chosen. */
struct visits {
	unsigned left; /* accesses of the run that it is in */
	double phase;
};

static unsigned run_of(const struct model_user *user)
{
	return user->run ?: 2;
}

static double run_time_of(const struct model_user *user)
{
	return user->run_time > 0 ? user->run_time : 50e-9;
}

/* The moment at which a user that runs one slice in so many has run for so long after t. */
static double after_running(const struct model *model, unsigned user, double t, double time)
{
	double round = model->slice * MODEL_USERS, begin, end;

	if (model->slice <= 0)
		return t + time;
	for (begin = (double)(uint64_t)(t / round) * round + model->slice * user;; begin += round) {
		end = begin + model->slice;
		if (end <= t)
			continue;
		if (begin > t)
			t = begin;
		if (t + time <= end)
			return t + time;
		time -= end - t;
		t = end;
	}
}

static double next_access(const struct model *model, unsigned user, unsigned page, struct visits *visits, double t,
			  uint64_t *state)
{
	const struct model_user *u = &model->users[user];
	double rate = u->rate[page];

	if (visits->left)
		return t + run_time_of(u) / run_of(u);
	if (rate <= 0)
		return 1e30;
	if (u->loop) {
		double rounds = (t - visits->phase) * rate;

		return visits->phase + ((double)(int64_t)rounds + (rounds >= 0)) / rate;
	}
	return after_running(model, user, t, exponential(state) / rate);
}

static void begin_visits(const struct model *model, unsigned page, double t, struct visits *visits, uint64_t *state)
{
	for (unsigned i = 0; i < MODEL_USERS; i++) {
		const struct model_user *u = &model->users[i];
		double busy = u->rate[page] * run_time_of(u);

		visits[i] = (struct visits){ .left = 0 };
		if (model_uniform(state) < busy / (1 + busy))
			visits[i].left = (unsigned)(model_uniform(state) * run_of(u));
		if (u->loop)
			visits[i].phase = t - model_uniform(state) / u->rate[page];
	}
}

static unsigned next_user(const struct model *model, unsigned page, struct visits *visits, double t, double *ret_at,
			  uint64_t *state)
{
	unsigned user = 0;

	*ret_at = 1e30;
	for (unsigned i = 0; i < MODEL_USERS; i++) {
		double at = next_access(model, i, page, &visits[i], t, state);

		if (at < *ret_at) {
			*ret_at = at;
			user = i;
		}
	}
	return user;
}

/* Returns when the page may be chosen again. */
static double choose(const struct model *model, unsigned page, double t, struct model_samples *out, uint64_t *state)
{
	struct visits visits[MODEL_USERS];
	bool late = model->gap > 0;

	begin_visits(model, page, t, visits, state);
	for (unsigned turn = 0; turn < model->repeat && t < model->seconds; turn++) {
		double at, gap = (late ? model->gap : GAP) * (0.5 + model_uniform(state));
		unsigned user = next_user(model, page, visits, t, &at, state);
		bool open = at > model->seconds;
		double floor = FLOOR_SHORTEST + (FLOOR_LONGEST - FLOOR_SHORTEST) * model_uniform(state);
		double delay = open ? model->seconds - t : at - t + floor;

		out->samples[out->count++] = (struct numaperf_region_sample){
			.page = page,
			.armed_ns = (uint64_t)(t * 1e9),
			.delay_ns = (uint64_t)(delay * 1e9),
			.cpu_node = open ? -1 : (int)user,
			.tid = open ? 0 : 100 + (int)user,
			.turn = turn,
			.flags = (open ? NUMAPERF_SAMPLE_OPEN : 0) | (turn && !late ? NUMAPERF_SAMPLE_CLOSE : 0),
		};
		if (open)
			return model->seconds;
		if (visits[user].left)
			visits[user].left--;
		else
			visits[user].left = run_of(&model->users[user]) - 1;
		if (late && gap > run_time_of(&model->users[user]))
			visits[user].left = 0;
		if (model_random(state) % LATE_ONE_IN == 0)
			gap += LATE * model_uniform(state);
		t += delay + gap;
	}
	return t;
}

static void shuffle(unsigned *pages, unsigned count, uint64_t *state)
{
	for (unsigned i = count; i > 1; i--) {
		unsigned j = (unsigned)(model_random(state) % i), page = pages[i - 1];

		pages[i - 1] = pages[j];
		pages[j] = page;
	}
}

struct model_samples model_run(const struct model *model)
{
	size_t choices = (size_t)(model->seconds * model->rate);
	struct model_samples out = { calloc(choices * model->repeat + 1, sizeof(*out.samples)), 0 };
	uint64_t state = model->seed * 0x2545f4914f6cdd1du + 1;
	double free_at[MODEL_PAGES_MAX] = { 0 };
	unsigned order[MODEL_PAGES_MAX];

	assert_non_null(out.samples);
	for (unsigned i = 0; i < model->pages; i++)
		order[i] = i;
	for (size_t i = 0; i < choices; i++) {
		unsigned at = (unsigned)(i % model->pages), page;
		double t;

		if (!model->drawn && at == 0)
			shuffle(order, model->pages, &state);
		page = model->drawn ? (unsigned)(model_random(&state) % model->pages) : order[at];
		t = ((double)i + model_uniform(&state)) / model->rate;
		if (t >= free_at[page])
			free_at[page] = choose(model, page, t, &out, &state);
	}
	return out;
}

double model_true_accesses(const struct model *model)
{
	double mine = 0, all = 0;

	for (unsigned page = 0; page < model->pages; page++)
		for (unsigned i = 0; i < MODEL_USERS; i++) {
			double accesses = model->users[i].rate[page] * run_of(&model->users[i]);

			all += accesses;
			mine += i == 0 ? accesses : 0;
		}
	return mine / all;
}

double model_true_next_user(const struct model *model)
{
	double mine = 0, used = 0;

	for (unsigned page = 0; page < model->pages; page++) {
		double a = model->users[0].rate[page], others = 0;

		for (unsigned i = 1; i < MODEL_USERS; i++)
			others += model->users[i].rate[page];
		if (a + others <= 0)
			continue;
		used++;
		if (model->users[0].loop) /* two loops: the phase of the faster one is uniform within the other's */
			mine += a > others ? 1 - others / a / 2 : a / others / 2;
		else
			mine += a / (a + others);
	}
	return mine / used;
}
