/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/owner.h"
#include "perf/collector.h"
#include "perf/counters.h"

struct numaperf_counters {
	struct np_owner owner;
	const struct numaperf_counters_head *head;
	size_t length;
};

/* ---------------------------------------------------------------- reading */

bool counters_fit(const struct numaperf_counters_head *head, size_t length)
{
	size_t block;

	if (length < sizeof(*head))
		return false;
	block = sizeof(struct numaperf_counters_cpu) +
		(size_t)head->sources * head->nr_nodes * sizeof(struct numaperf_counters_cell);
	return head->node_ids <= length && head->nr_nodes <= (length - head->node_ids) / sizeof(__s32) &&
	       head->stride >= block && head->cpus <= length && head->nr_cpus <= (length - head->cpus) / head->stride;
}

static const struct numaperf_counters_cpu *block_of(const struct numaperf_counters_head *head, unsigned cpu)
{
	return (const void *)((const char *)head + head->cpus + (size_t)cpu * head->stride);
}

static int node_at(const struct numaperf_counters_head *head, unsigned place)
{
	const __s32 *ids = (const void *)((const char *)head + head->node_ids);

	return ids[place];
}

static bool wanted(int node, int asked)
{
	return asked == NUMAPERF_COUNTERS_ANY || asked == node;
}

/* Acquire: no later load, that of the sequence above all, may come before. */
static __u64 load(const __u64 *from)
{
	return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

/* Of one CPU; mixed up if it was written meanwhile. */
static struct numaperf_counters_sum sum_block(const struct numaperf_counters_head *head,
					      const struct numaperf_counters_cpu *block, unsigned source, int cpu_node,
					      int page_node)
{
	const struct numaperf_counters_cell *cells = &block->cells[(size_t)source * head->nr_nodes];
	int node = __atomic_load_n(&block->cpu_node, __ATOMIC_ACQUIRE);
	struct numaperf_counters_sum sum = { 0 };

	for (unsigned i = 0; wanted(node, cpu_node) && i < head->nr_nodes; i++) {
		__u64 pages = load(&cells[i].pages);

		if (!wanted(node_at(head, i), page_node))
			continue;
		sum.samples += load(&cells[i].samples);
		sum.pages += pages;
		if (node_at(head, i) == node)
			sum.pages_local += pages;
	}
	return sum;
}

/* The kernel writes with preemption off, for nanoseconds: worth waiting for. */
static struct numaperf_counters_sum sum_cpu(const struct numaperf_counters_head *head, unsigned cpu, unsigned source,
					    int cpu_node, int page_node)
{
	const struct numaperf_counters_cpu *block = block_of(head, cpu);

	for (;;) {
		__u32 sequence = __atomic_load_n(&block->sequence, __ATOMIC_ACQUIRE);
		struct numaperf_counters_sum sum;

		if (sequence & 1)
			continue;
		sum = sum_block(head, block, source, cpu_node, page_node);
		if (__atomic_load_n(&block->sequence, __ATOMIC_RELAXED) == sequence)
			return sum;
	}
}

int counters_sum(const struct numaperf_counters_head *head, unsigned source, int cpu_node, int page_node,
		 struct numaperf_counters_sum *ret_sum)
{
	struct numaperf_counters_sum sum = { 0 };

	if (source >= head->sources)
		return -ENOENT;
	for (unsigned cpu = 0; cpu < head->nr_cpus; cpu++) {
		struct numaperf_counters_sum one = sum_cpu(head, cpu, source, cpu_node, page_node);

		sum.samples += one.samples;
		sum.pages += one.pages;
		sum.pages_local += one.pages_local;
	}
	*ret_sum = sum;
	return 0;
}

/* ----------------------------------------------------------------- public */

static int map(struct numaperf_counters *counters, const struct numaperf_ioc_counters *told, const char *operation)
{
	void *at = mmap(NULL, told->length, PROT_READ, MAP_SHARED, told->fd, 0);

	if (at == MAP_FAILED)
		return np_fail(errno, NUMAPERF_ERROR_IO, operation, "The module's counters can't be mapped.");
	if (!counters_fit(at, told->length)) {
		munmap(at, told->length);
		return np_fail(EIO, NUMAPERF_ERROR_IO, operation,
			       "The module's counters are not as this library knows them.");
	}
	counters->head = at;
	counters->length = told->length;
	return 0;
}

int numaperf_counters_open(struct numaperf_collector *collector, struct numaperf_counters **ret_counters)
{
	static const char operation[] = "counters_open";
	struct numaperf_counters *counters = calloc(1, sizeof(*counters));
	struct numaperf_ioc_counters told;
	int r;

	if (!counters)
		return np_fail_nomem(operation);
	counters->owner = np_owner_here();
	r = collector_counters(collector, &told, operation);
	if (r < 0)
		goto err_free;
	r = map(counters, &told, operation);
	kmod_close(told.fd); /* the mapping stays */
	if (r < 0)
		goto err_free;
	*ret_counters = counters;
	return 0;

err_free:
	free(counters);
	return r;
}

void numaperf_counters_free(struct numaperf_counters *counters)
{
	if (!counters)
		return;
	munmap((void *)(uintptr_t)counters->head, counters->length);
	free(counters);
}

int numaperf_counters_read(const struct numaperf_counters *counters, enum numaperf_report_source source, int cpu_node,
			   int page_node, struct numaperf_counters_sum *ret_sum)
{
	static const char operation[] = "counters_read";
	int r = np_owner_check(counters->owner, operation);

	if (r < 0)
		return r;
	r = counters_sum(counters->head, source, cpu_node, page_node, ret_sum);
	return r < 0 ? np_fail(-r, NUMAPERF_ERROR_INVALID_ARGUMENT, operation, "The module knows no source %d.",
			       (int)source)
		     : 0;
}

uint64_t numaperf_counters_since(const struct numaperf_counters *counters)
{
	return counters->head->since_ns;
}
