// SPDX-License-Identifier: GPL-2.0
/* Tracking and reading the counters. */
#include <stdio.h>
#include <string.h>

#include "np_track.h"

static int track(int fd, struct numaperf_ioc_track *track, __u32 *ret_target)
{
	int err = np_ioctl(fd, NUMAPERF_IOC_TRACK, track);

	*ret_target = track->target;
	return err;
}

int np_track(int fd, pid_t pid, __u32 sources, __u32 flags, __u32 *ret_target)
{
	struct numaperf_ioc_track arg = {
		.size = sizeof(arg), .flags = flags, .pid = pid, .sources = sources,
	};

	return track(fd, &arg, ret_target);
}

int np_track_faults(int fd, pid_t pid, __u32 flags, __u32 period, __u32 *ret_target)
{
	struct numaperf_ioc_track arg = {
		.size = sizeof(arg), .flags = flags, .pid = pid, .sources = NP_FAULT, .fault_period = period,
	};

	return track(fd, &arg, ret_target);
}

int np_counts_read(int fd, __u32 target, __u32 flags, struct np_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	counts->read = (struct numaperf_ioc_read) {
		.size = sizeof(counts->read),
		.flags = flags,
		.target = target,
		.threads = (uintptr_t)counts->threads,
		.cells = (uintptr_t)counts->cells,
		.nr_threads = sizeof(counts->threads) / sizeof(counts->threads[0]),
		.nr_cells = sizeof(counts->cells) / sizeof(counts->cells[0]),
		.thread_size = sizeof(counts->threads[0]),
		.cell_size = sizeof(counts->cells[0]),
	};
	return np_ioctl(fd, NUMAPERF_IOC_READ, &counts->read);
}

static bool matches(const struct np_counts *counts, const struct numaperf_cell *cell, pid_t tid,
		    enum numaperf_source source, int cpu_node, int page_node)
{
	return cell->source == source && !cell->range &&
		(tid == NP_ANY || counts->threads[cell->thread].tid == tid) &&
		(cpu_node == NP_ANY || cell->cpu_node == cpu_node) &&
		(page_node == NP_ANY || cell->page_node == page_node);
}

__u64 np_samples(const struct np_counts *counts, pid_t tid, enum numaperf_source source, int cpu_node, int page_node)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < counts->read.nr_cells; i++)
		if (matches(counts, &counts->cells[i], tid, source, cpu_node, page_node))
			sum += counts->cells[i].samples;
	return sum;
}

__u64 np_sampled_pages(const struct np_counts *counts, pid_t tid, enum numaperf_source source, int cpu_node,
		       int page_node)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < counts->read.nr_cells; i++)
		if (matches(counts, &counts->cells[i], tid, source, cpu_node, page_node))
			sum += counts->cells[i].pages;
	return sum;
}

__u64 np_local_samples(const struct np_counts *counts, pid_t tid, enum numaperf_source source)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < counts->read.nr_cells; i++)
		if (matches(counts, &counts->cells[i], tid, source, NP_ANY, counts->cells[i].cpu_node))
			sum += counts->cells[i].samples;
	return sum;
}

int np_watch(int fd, __u32 target, pid_t pid, const void *addr, size_t length, struct numaperf_ioc_watch *watch)
{
	*watch = (struct numaperf_ioc_watch) {
		.size = sizeof(*watch), .target = target, .addr = (uintptr_t)addr, .length = length, .pid = pid,
	};
	return np_ioctl(fd, NUMAPERF_IOC_WATCH, watch);
}

int np_unwatch(int fd, __u32 target, __u32 range)
{
	struct numaperf_ioc_watch watch = { .size = sizeof(watch), .target = target, .range = range };

	return np_ioctl(fd, NUMAPERF_IOC_WATCH, &watch);
}

static bool in_range(const struct numaperf_cell *cell, __u32 range, enum numaperf_source source, int page_node)
{
	return cell->range == range && cell->source == source && (page_node == NP_ANY || cell->page_node == page_node);
}

__u64 np_range_samples(const struct np_counts *counts, __u32 range, enum numaperf_source source, int page_node)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < counts->read.nr_cells; i++)
		if (in_range(&counts->cells[i], range, source, page_node))
			sum += counts->cells[i].samples;
	return sum;
}

__u64 np_range_pages(const struct np_counts *counts, __u32 range, enum numaperf_source source, int page_node)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < counts->read.nr_cells; i++)
		if (in_range(&counts->cells[i], range, source, page_node))
			sum += counts->cells[i].pages;
	return sum;
}

const struct numaperf_thread_record *np_thread_of(const struct np_counts *counts, pid_t tid)
{
	for (__u32 i = 0; i < counts->read.nr_threads; i++)
		if (counts->threads[i].tid == tid)
			return &counts->threads[i];
	return NULL;
}

__u64 np_faults(const struct np_counts *counts)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < counts->read.nr_threads; i++)
		sum += counts->threads[i].faults;
	return sum;
}

void np_counts_print(const struct np_counts *counts)
{
	fprintf(stderr, "#   active %#x, missed %llu, untracked %llu\n", counts->read.active, counts->read.missed,
		counts->read.untracked);
	fprintf(stderr, "#   vmstat: %llu PTEs armed, %llu hint faults, %llu local\n", np_vmstat("numa_pte_updates"),
		np_vmstat("numa_hint_faults"), np_vmstat("numa_hint_faults_local"));
	for (__u32 i = 0; i < counts->read.nr_threads; i++) {
		const struct numaperf_thread_record *thread = &counts->threads[i];

		fprintf(stderr, "#   thread %d flags %#x: %llu faults, %llu unresolved, %llu missed\n", thread->tid,
			thread->flags, thread->faults, thread->unresolved, thread->missed);
	}
	for (__u32 i = 0; i < counts->read.nr_cells; i++) {
		const struct numaperf_cell *cell = &counts->cells[i];

		fprintf(stderr, "#   thread %d source %u: CPU of node %d, page of node %d: %llu samples, %llu pages\n",
			counts->threads[cell->thread].tid, cell->source, cell->cpu_node, cell->page_node,
			cell->samples, cell->pages);
	}
}
