/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "perf/delta.h"

#define NO_THREAD UINT32_MAX

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

bool delta_is_rest(const struct numaperf_thread_record *thread)
{
	return thread->serial == 0 && thread->pid == 0 && thread->tid == 0 && thread->comm[0] == '\0';
}

/* --------------------------------------------------------------- matching */

/* A thread in one snapshot, for sorting. */
struct identity {
	uint64_t serial;
	int32_t pid, tid;
	bool living;
	uint32_t index;
};

static int compare_ids(const struct identity *a, const struct identity *b)
{
	if (a->serial || b->serial)
		return (a->serial > b->serial) - (a->serial < b->serial);
	return order(a->pid, b->pid) ?: order(a->tid, b->tid);
}

static int compare_identities(const void *left, const void *right)
{
	const struct identity *a = left, *b = right;

	return compare_ids(a, b) ?: order(a->living, b->living) ?: order(a->index, b->index);
}

/* All but the rest, with those of the same ids in the order in which they began. NULL only for want of memory. */
static struct identity *sorted_identities(const struct numaperf_snapshot *snapshot, size_t *ret_count)
{
	struct identity *ids = calloc(snapshot->nr_threads + 1, sizeof(*ids));
	size_t n = 0;

	if (!ids)
		return NULL;
	for (size_t i = 0; i < snapshot->nr_threads; i++) {
		const struct numaperf_thread_record *thread = &snapshot->threads[i];

		if (!delta_is_rest(thread))
			ids[n++] = (struct identity){ thread->serial, thread->pid, thread->tid,
						      !(thread->flags & NUMAPERF_THREAD_EXITED), (uint32_t)i };
	}
	qsort(ids, n, sizeof(*ids), compare_identities);
	*ret_count = n;
	return ids;
}

static size_t same_ids(const struct identity *ids, size_t count)
{
	size_t n = 0;

	while (n < count && compare_ids(&ids[n], &ids[0]) == 0)
		n++;
	return n;
}

/* old: all with the same ids; new: those with the ids of old, maybe none. If they are fewer, the oldest were folded. */
static void match_same(const struct identity *old, size_t nr_old, const struct identity *new, size_t nr_new,
		       uint32_t *homes)
{
	size_t folded = nr_old > nr_new ? nr_old - nr_new : 0;

	for (size_t i = folded; i < nr_old; i++)
		homes[old[i].index] = new[i - folded].index;
}

static uint32_t index_of_rest(const struct numaperf_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_threads; i++)
		if (delta_is_rest(&snapshot->threads[i]))
			return (uint32_t)i;
	return NO_THREAD;
}

/* homes[i]: the thread of "to" that has the counts of thread i of "from" now; NO_THREAD: none. */
static int find_homes(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to, uint32_t *homes)
{
	size_t nr_old, nr_new, i = 0, j = 0;
	struct identity *old = sorted_identities(from, &nr_old), *new = sorted_identities(to, &nr_new);
	int r = old && new ? 0 : -ENOMEM;

	for (size_t k = 0; k < from->nr_threads; k++)
		homes[k] = index_of_rest(to);
	while (r == 0 && i < nr_old) {
		size_t n = same_ids(old + i, nr_old - i), m;

		while (j < nr_new && compare_ids(&new[j], &old[i]) < 0)
			j++;
		m = j < nr_new && compare_ids(&new[j], &old[i]) == 0 ? same_ids(new + j, nr_new - j) : 0;
		match_same(old + i, n, new + j, m, homes);
		i += n;
		j += m;
	}
	free(old);
	free(new);
	return r;
}

/* ------------------------------------------------------------ subtracting */

/*
 * Differences are taken modulo 2^64, so that many can be subtracted from one before it is looked at: above 2^63 it went
 * backwards. The rest may, where the module had no memory to fold all of a thread; others never.
 */
static bool settle(__u64 *difference, bool may_shrink)
{
	if (*difference <= INT64_MAX)
		return true;
	*difference = 0;
	return may_shrink;
}

static bool settle_thread(struct numaperf_thread_record *thread)
{
	bool rest = delta_is_rest(thread);

	return settle(&thread->faults, rest) && settle(&thread->unresolved, rest) && settle(&thread->missed, rest) &&
	       settle(&thread->migrations, rest) && settle(&thread->node_switches, rest) &&
	       settle(&thread->execs, rest);
}

static int subtract_threads(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to,
			    const uint32_t *homes, struct numaperf_thread_record *threads)
{
	if (to->nr_threads)
		memcpy(threads, to->threads, to->nr_threads * sizeof(*threads));
	for (size_t i = 0; i < from->nr_threads; i++) {
		const struct numaperf_thread_record *old = &from->threads[i];

		if (homes[i] == NO_THREAD)
			continue;
		threads[homes[i]].faults -= old->faults;
		threads[homes[i]].unresolved -= old->unresolved;
		threads[homes[i]].missed -= old->missed;
		threads[homes[i]].migrations -= old->migrations;
		threads[homes[i]].node_switches -= old->node_switches;
		threads[homes[i]].execs -= old->execs;
	}
	for (size_t i = 0; i < to->nr_threads; i++)
		if (!settle_thread(&threads[i]))
			return -EINVAL;
	return 0;
}

static int compare_cells(const void *left, const void *right)
{
	const struct numaperf_cell *a = left, *b = right;

	return order(a->thread, b->thread) ?: order(a->source, b->source) ?: order(a->cpu_node, b->cpu_node) ?:
	       order(a->page_node, b->page_node) ?: order(a->range, b->range);
}

size_t delta_merge_cells(struct numaperf_cell *cells, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(cells, count, sizeof(*cells), compare_cells);
	for (size_t i = 0; i < count; i++) {
		if (kept && compare_cells(&cells[kept - 1], &cells[i]) == 0) {
			cells[kept - 1].samples += cells[i].samples;
			cells[kept - 1].pages += cells[i].pages;
		} else {
			cells[kept++] = cells[i];
		}
	}
	return kept;
}

/*
 * Puts the cells of "to" and, negated, those of "from" at home, into cells, which has room for both: how many there
 * are, or -EINVAL.
 */
static ssize_t gather_cells(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to,
			    const uint32_t *homes, struct numaperf_cell *cells)
{
	size_t n = 0;

	for (size_t i = 0; i < to->nr_cells; i++) {
		if (to->cells[i].thread >= to->nr_threads)
			return -EINVAL;
		cells[n++] = to->cells[i];
	}
	for (size_t i = 0; i < from->nr_cells; i++) {
		struct numaperf_cell cell = from->cells[i];

		if (cell.thread >= from->nr_threads)
			return -EINVAL;
		cell.thread = homes[cell.thread];
		cell.samples = -cell.samples;
		cell.pages = -cell.pages;
		if (cell.thread != NO_THREAD)
			cells[n++] = cell;
	}
	return (ssize_t)n;
}

static int settle_cells(struct delta *delta)
{
	size_t kept = 0;

	for (size_t i = 0; i < delta->nr_cells; i++) {
		struct numaperf_cell *cell = &delta->cells[i];
		bool rest = delta_is_rest(&delta->threads[cell->thread]);

		if (!settle(&cell->samples, rest) || !settle(&cell->pages, rest))
			return -EINVAL;
		if (cell->samples)
			delta->cells[kept++] = *cell;
	}
	delta->nr_cells = kept;
	return 0;
}

static int subtract_cells(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to,
			  const uint32_t *homes, struct delta *delta)
{
	ssize_t n = gather_cells(from, to, homes, delta->cells);

	if (n < 0)
		return (int)n;
	delta->nr_cells = delta_merge_cells(delta->cells, (size_t)n);
	return settle_cells(delta);
}

/* ----------------------------------------------------------- leaving out */

/* Threads that had exited before the window, and a rest to which nothing came. */
static void mark_old(const struct numaperf_snapshot *from, const uint32_t *homes, const struct delta *delta,
		     uint32_t *places)
{
	for (size_t i = 0; i < from->nr_threads; i++)
		if (homes[i] != NO_THREAD && from->threads[i].flags & NUMAPERF_THREAD_EXITED)
			places[homes[i]] = NO_THREAD;
	for (size_t i = 0; i < delta->nr_threads; i++)
		if (delta_is_rest(&delta->threads[i]))
			places[i] = delta->threads[i].faults ? 0 : NO_THREAD;
	for (size_t i = 0; i < delta->nr_cells; i++)
		places[delta->cells[i].thread] = 0;
}

static int leave_out_old(const struct numaperf_snapshot *from, const uint32_t *homes, struct delta *delta)
{
	uint32_t *places = calloc(delta->nr_threads + 1, sizeof(*places));
	size_t kept = 0;

	if (!places)
		return -ENOMEM;
	mark_old(from, homes, delta, places);
	for (size_t i = 0; i < delta->nr_threads; i++)
		if (places[i] != NO_THREAD) {
			places[i] = (uint32_t)kept;
			delta->threads[kept++] = delta->threads[i];
		}
	delta->nr_threads = kept;
	for (size_t i = 0; i < delta->nr_cells; i++) /* stays sorted: the order of threads is kept */
		delta->cells[i].thread = places[delta->cells[i].thread];
	free(places);
	return 0;
}

/* ------------------------------------------------------------------ whole */

static int subtract(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to, struct delta *delta)
{
	uint32_t *homes = calloc(from->nr_threads + 1, sizeof(*homes));
	int r = -ENOMEM;

	delta->threads = calloc(to->nr_threads + 1, sizeof(*delta->threads));
	delta->cells = calloc(to->nr_cells + from->nr_cells + 1, sizeof(*delta->cells));
	delta->nr_threads = to->nr_threads;
	if (homes && delta->threads && delta->cells)
		r = find_homes(from, to, homes);
	if (r == 0)
		r = subtract_threads(from, to, homes, delta->threads);
	if (r == 0)
		r = subtract_cells(from, to, homes, delta);
	if (r == 0)
		r = leave_out_old(from, homes, delta);
	free(homes);
	return r;
}

int delta_make(const struct numaperf_snapshot *from, const struct numaperf_snapshot *to, struct delta *ret_delta)
{
	const struct numaperf_snapshot nothing = { .collector = to->collector,
						   .time_ns = to->since_ns,
						   .since_ns = to->since_ns };
	struct delta delta = { 0 };
	int r;

	if (!from)
		from = &nothing;
	delta.missed = to->missed - from->missed;
	delta.untracked = to->untracked - from->untracked;
	if (from->collector != to->collector || from->since_ns != to->since_ns || from->time_ns > to->time_ns ||
	    !settle(&delta.missed, false) || !settle(&delta.untracked, false))
		return -EINVAL;
	delta.seconds = (double)(to->time_ns - from->time_ns) / 1e9;
	r = subtract(from, to, &delta);
	if (r == 0)
		*ret_delta = delta;
	else
		delta_free(&delta);
	return r;
}

void delta_free(struct delta *delta)
{
	free(delta->threads);
	free(delta->cells);
	*delta = (struct delta){ 0 };
}
