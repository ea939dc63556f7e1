// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np_region.h"

int np_region_new(int session, size_t length, const struct np_set *nodes, __u32 flags, __u32 rate,
		  struct numaperf_ioc_region_new *arg)
{
	*arg = (struct numaperf_ioc_region_new) {
		.size = sizeof(*arg),
		.flags = flags,
		.length = length,
		.nodes = (uintptr_t)nodes->words,
		.nodes_bits = NP_SET_BITS,
		.rate = rate,
	};
	return np_ioctl(session, NUMAPERF_IOC_REGION_NEW, arg);
}

int np_region_make(struct np_region *region, int session, int node, size_t length, __u32 flags, __u32 rate)
{
	struct np_set nodes = np_set_of(node);
	int err;

	*region = (struct np_region) { .session = session, .fd = -1, .length = length };
	err = np_region_new(session, length, &nodes, flags, rate, &region->arg);
	if (err)
		return err;
	region->fd = region->arg.fd;
	region->at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, 0);
	if (region->at == MAP_FAILED) {
		region->at = NULL;
		return -errno;
	}
	return 0;
}

void np_region_end(struct np_region *region)
{
	if (region->at)
		munmap(region->at, region->length);
	if (region->fd >= 0)
		close(region->fd);
	if (region->arg.lease)
		np_release(region->session, region->arg.lease);
	*region = (struct np_region) { .fd = -1 };
}

int np_region_set(int session, __u64 lease, __u32 rate, __u32 repeat)
{
	struct numaperf_ioc_region_set set = {
		.size = sizeof(set), .lease = lease, .rate = rate, .repeat = repeat,
	};

	return np_ioctl(session, NUMAPERF_IOC_REGION_SET, &set);
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

int np_region_read(int session, __u64 lease, struct np_region_counts *counts)
{
	counts->read = (struct numaperf_ioc_region_read) {
		.size = sizeof(counts->read),
		.lease = lease,
		.threads = (uintptr_t)counts->threads,
		.cells = (uintptr_t)counts->cells,
		.samples = (uintptr_t)counts->samples,
		.nr_threads = COUNT_OF(counts->threads),
		.nr_cells = COUNT_OF(counts->cells),
		.nr_samples = COUNT_OF(counts->samples),
		.thread_size = sizeof(counts->threads[0]),
		.cell_size = sizeof(counts->cells[0]),
		.sample_size = sizeof(counts->samples[0]),
	};
	return np_ioctl(session, NUMAPERF_IOC_REGION_READ, &counts->read);
}

static bool matches(int wanted, int value)
{
	return wanted == NP_REGION_ANY || wanted == value;
}

static __u64 sum(const struct np_region_counts *counts, struct np_region_filter filter, bool reads, bool writes)
{
	__u64 total = 0;

	for (__u32 i = 0; i < counts->read.nr_cells; i++) {
		const struct numaperf_region_cell *cell = &counts->cells[i];

		if (!matches(filter.tid, counts->threads[cell->thread].tid) || !matches(filter.part, cell->part) ||
		    !matches(filter.cpu_node, cell->cpu_node) || !matches(filter.page_node, cell->page_node))
			continue;
		total += (reads ? cell->reads : 0) + (writes ? cell->writes : 0);
	}
	return total;
}

__u64 np_region_reads(const struct np_region_counts *counts, struct np_region_filter filter)
{
	return sum(counts, filter, true, false);
}

__u64 np_region_writes(const struct np_region_counts *counts, struct np_region_filter filter)
{
	return sum(counts, filter, false, true);
}

__u64 np_region_uses(const struct np_region_counts *counts, struct np_region_filter filter)
{
	return sum(counts, filter, true, true);
}

void np_region_print(const struct np_region_counts *counts)
{
	const struct numaperf_ioc_region_read *read = &counts->read;

	printf("# armed %llu used %llu unmapped %llu dropped %llu limited %llu threads %u cells %u samples %u\n",
	       read->armed, read->used, read->unmapped, read->dropped, read->limited, read->nr_threads,
	       read->nr_cells, read->nr_samples);
	for (__u32 i = 0; i < read->nr_cells && i < 32; i++) {
		const struct numaperf_region_cell *cell = &counts->cells[i];

		printf("# tid %d part %u cpu node %d page node %d: %llu reads, %llu writes\n",
		       counts->threads[cell->thread].tid, cell->part, cell->cpu_node, cell->page_node, cell->reads,
		       cell->writes);
	}
}

static void touch_all(struct np_region *region, bool write)
{
	size_t page = np_page_size();

	for (size_t at = 0; at < region->length; at += page) {
		if (write)
			((volatile char *)region->at)[at] = 1;
		else
			(void)((volatile char *)region->at)[at];
	}
}

bool np_region_use(struct np_region *region, bool write, __u64 samples, struct np_region_counts *counts)
{
	return np_eventually(({
		for (int round = 0; round < 20; round++)
			touch_all(region, write);
		np_region_read(region->session, region->arg.lease, counts) == 0 && counts->read.used >= samples;
	}));
}
