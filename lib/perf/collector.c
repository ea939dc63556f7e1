/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/fs.h"
#include "core/kmod.h"
#include "core/options.h"
#include "core/owner.h"
#include "perf/collector.h"
#include "perf/events.h"
#include "perf/looks.h"
#include "perf/snapshot.h"

#define ALL_SOURCES ((1U << NUMAPERF_REPORT_SOURCES) - 1)

struct numaperf_collector {
	struct np_owner owner;
	uint64_t number; /* told to snapshots, so that those of two collectors are not mixed */
	int fd;
	bool has_target;
	uint32_t target;
	struct numaperf_collector_options options;
	struct looks looks;
};

/* Handle of the target or -errno; async-signal-safe. */
static int track(const struct numaperf_collector *collector, struct numaperf_ioc_track *ret_track)
{
	int r;

	*ret_track = (struct numaperf_ioc_track){
		.flags = NUMAPERF_TRACK_PROCESS | (collector->options.children ? NUMAPERF_TRACK_CHILDREN : 0),
		.pid = collector->options.pid,
		.sources = ALL_SOURCES,
		.fault_period = collector->options.fault_period,
	};
	r = kmod_track(collector->fd, ret_track);
	return r < 0 ? r : (int)ret_track->target;
}

int numaperf_collector_new(const struct numaperf_collector_options *options, struct numaperf_collector **ret_collector)
{
	static const char operation[] = "collector_new";
	static atomic_uint_least64_t numbers;
	struct numaperf_collector *collector;
	int r;

	collector = calloc(1, sizeof(*collector));
	if (!collector)
		return np_fail_nomem(operation);
	collector->owner = np_owner_here();
	collector->number = atomic_fetch_add(&numbers, 1) + 1;
	r = np_options_take(options, &collector->options, sizeof(collector->options), operation);
	if (r < 0)
		goto err_free;
	if (collector->options.pid < 0) {
		r = np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation, "%d is not the id of a process.",
			    (int)collector->options.pid);
		goto err_free;
	}
	r = kmod_open(operation, &collector->fd);
	if (r < 0)
		goto err_free;
	if (collector->options.pid) {
		struct numaperf_ioc_track told;

		r = track(collector, &told);
		if (r < 0) {
			r = kmod_track_failed(&told, r, operation);
			goto err_close;
		}
		collector->has_target = true;
		collector->target = (uint32_t)r;
	}
	*ret_collector = collector;
	return 0;

err_close:
	kmod_close(collector->fd);
err_free:
	free(collector);
	return r;
}

int numaperf_collector_track_self(struct numaperf_collector *collector)
{
	struct numaperf_ioc_track told;

	return collector->options.pid ? -EINVAL : track(collector, &told);
}

int numaperf_collector_set_target(struct numaperf_collector *collector, int target)
{
	static const char operation[] = "collector_set_target";
	int r = np_owner_check(collector->owner, operation);

	if (r < 0)
		return r;
	if (target < 0)
		return kmod_track_failed(&(struct numaperf_ioc_track){ 0 }, target, operation);
	collector->target = (uint32_t)target;
	collector->has_target = true;
	return 0;
}

void numaperf_collector_free(struct numaperf_collector *collector)
{
	if (!collector)
		return;
	/*
	 * A forked child's copy of the descriptor is a reference to the parent's session: closing it takes nothing
	 * away.
	 */
	kmod_close(collector->fd);
	looks_free(&collector->looks);
	free(collector);
}

static int check_target(const struct numaperf_collector *collector, const char *operation)
{
	int r = np_owner_check(collector->owner, operation);

	if (r < 0 || collector->has_target)
		return r;
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, operation,
		       "The collector counts nothing yet: it has no target.");
}

int collector_counters(const struct numaperf_collector *collector, struct numaperf_ioc_counters *ret_counters,
		       const char *operation)
{
	int r = check_target(collector, operation);

	if (r < 0)
		return r;
	*ret_counters = (struct numaperf_ioc_counters){ .target = collector->target };
	r = kmod_counters(collector->fd, ret_counters);
	return r < 0 ? np_fail_in(r, NUMAPERF_ERROR_NONE, operation) : 0;
}

int collector_descriptor(const struct numaperf_collector *collector, const char *operation)
{
	int r = np_owner_check(collector->owner, operation);

	return r < 0 ? r : collector->fd;
}

static enum balancing read_balancing(void)
{
	enum balancing answer = BALANCING_UNKNOWN;
	struct np_fs fs;
	long long value;

	if (np_fs_open(NULL, &fs) < 0)
		return answer;
	if (np_fs_read_number(&fs, "proc/sys/kernel/numa_balancing", &value) == 0)
		answer = value & 1 ? BALANCING_ON : BALANCING_OFF; /* 2 alone is tiering: it arms slow tiers only */
	np_fs_close(&fs);
	return answer;
}

/* Room for what there is and some more, as more may come before the next call. */
static int make_room(struct numaperf_snapshot *snapshot, const struct numaperf_ioc_read *read)
{
	size_t threads = read->nr_threads + read->nr_threads / 4 + 16, cells = read->nr_cells + read->nr_cells / 4 + 64;

	free(snapshot->threads);
	free(snapshot->cells);
	snapshot->threads = calloc(threads, sizeof(*snapshot->threads));
	snapshot->cells = calloc(cells, sizeof(*snapshot->cells));
	snapshot->nr_threads = threads;
	snapshot->nr_cells = cells;
	return snapshot->threads && snapshot->cells ? 0 : -ENOMEM;
}

static int read_counters(const struct numaperf_collector *collector, struct numaperf_snapshot *snapshot,
			 const char *operation)
{
	struct numaperf_ioc_read read = { 0 };
	int r;

	do {
		if (make_room(snapshot, &read) < 0)
			return np_fail_nomem(operation);
		read = (struct numaperf_ioc_read){
			.target = collector->target,
			.threads = (uintptr_t)snapshot->threads,
			.cells = (uintptr_t)snapshot->cells,
			.nr_threads = (uint32_t)snapshot->nr_threads,
			.nr_cells = (uint32_t)snapshot->nr_cells,
		};
		r = kmod_read(collector->fd, &read);
	} while (r == -EMSGSIZE);
	if (r < 0)
		return np_fail_in(r, NUMAPERF_ERROR_NONE, operation);
	snapshot->nr_threads = read.nr_threads;
	snapshot->nr_cells = read.nr_cells;
	snapshot->time_ns = read.time_ns;
	snapshot->since_ns = read.since_ns;
	snapshot->missed = read.missed;
	snapshot->untracked = read.untracked;
	snapshot->active = read.active;
	memcpy(snapshot->reasons, read.reasons, sizeof(snapshot->reasons));
	return 0;
}

int numaperf_collector_snapshot(struct numaperf_collector *collector, struct numaperf_snapshot **ret_snapshot)
{
	static const char operation[] = "collector_snapshot";
	struct numaperf_snapshot *snapshot;
	int r = check_target(collector, operation);

	if (r < 0)
		return r;
	snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return np_fail_nomem(operation);
	snapshot->collector = collector->number;
	snapshot->balancing = read_balancing();
	r = read_counters(collector, snapshot, operation);
	if (r == 0 && looks_take(&collector->looks, snapshot) < 0)
		r = np_fail_nomem(operation);
	if (r < 0) {
		numaperf_snapshot_free(snapshot);
		return r;
	}
	*ret_snapshot = snapshot;
	return 0;
}
