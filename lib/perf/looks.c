/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "perf/looks.h"

static struct look *look_of(struct looks *looks, pid_t pid)
{
	struct look *more;

	for (size_t i = 0; i < looks->count; i++)
		if (looks->looks[i].pid == pid)
			return &looks->looks[i];
	more = reallocarray(looks->looks, looks->count + 1, sizeof(*more));
	if (!more)
		return NULL;
	looks->looks = more;
	looks->looks[looks->count] = (struct look){ .pid = pid };
	return &looks->looks[looks->count++];
}

static int look_at(struct looks *looks, pid_t pid)
{
	struct coverage coverage;
	struct look *look;
	int r = coverage_read(pid, &coverage);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		looks->error = r;
		return 0;
	}
	look = look_of(looks, pid);
	if (!look) {
		coverage_free(&coverage);
		return -ENOMEM;
	}
	coverage_free(&look->coverage);
	look->coverage = coverage;
	return 0;
}

/* Threads of one process follow each other more often than not, but need not. */
static bool seen_before(const struct numaperf_snapshot *snapshot, size_t i)
{
	pid_t pid = snapshot->threads[i].pid;

	while (i-- > 0)
		if (snapshot->threads[i].pid == pid && !(snapshot->threads[i].flags & NUMAPERF_THREAD_EXITED))
			return true;
	return false;
}

int looks_take(struct looks *looks, struct numaperf_snapshot *snapshot)
{
	int r = 0;

	for (size_t i = 0; i < snapshot->nr_threads && r == 0; i++) {
		const struct numaperf_thread_record *thread = &snapshot->threads[i];

		if (thread->pid > 0 && !(thread->flags & NUMAPERF_THREAD_EXITED) && !seen_before(snapshot, i))
			r = look_at(looks, thread->pid);
	}
	for (size_t i = 0; i < looks->count && r == 0; i++)
		r = coverage_add(&snapshot->coverage, &looks->looks[i].coverage);
	snapshot->coverage_error = looks->count ? 0 : looks->error ? looks->error : -ESRCH;
	return r;
}

void looks_free(struct looks *looks)
{
	for (size_t i = 0; i < looks->count; i++)
		coverage_free(&looks->looks[i].coverage);
	free(looks->looks);
	*looks = (struct looks){ 0 };
}
