// SPDX-License-Identifier: GPL-2.0
/*
 * What using an observed region costs: sampled at the default rate against the same one not sampled; and against
 * anonymous memory in huge pages, as that is what one would have without it.
 */
#include <errno.h>

#include "bench.h"

#define LENGTH (64UL << 20)
#define RATE 100		/* the rate that numaperf's tools ask for */
#define SECONDS 5

static const char name_rate[] = "region, sampled", name_huge[] = "region, against THP";

struct region {
	int fd;
	__u64 lease;
	char *area;
};

static int region_new(int session, struct region *region)
{
	struct np_set node = np_set_of(1);
	struct numaperf_ioc_region_new arg = {
		.size = sizeof(arg), .length = LENGTH, .nodes = (uintptr_t)node.words, .nodes_bits = NP_SET_BITS,
	};
	int err = np_ioctl(session, NUMAPERF_IOC_REGION_NEW, &arg);

	if (err)
		return err;
	region->fd = arg.fd;
	region->lease = arg.lease;
	region->area = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, arg.fd, 0);
	return region->area == MAP_FAILED ? -errno : 0;
}

static void region_rate(int session, const struct region *region, __u32 rate)
{
	struct numaperf_ioc_region_set arg = { .size = sizeof(arg), .lease = region->lease, .rate = rate };

	MUST(np_ioctl(session, NUMAPERF_IOC_REGION_SET, &arg));
}

/* Rounds of stores over the whole memory in a fixed time, which is instructions: the more, the cheaper each. */
static double use_cost(char *area)
{
	uint64_t start = instructions(), end = start + SECONDS * 1000000000ULL, rounds = 0;

	while (instructions() < end) {
		for (size_t at = 0; at < LENGTH; at += 64)
			((volatile char *)area)[at] = 1;
		rounds++;
	}
	return (double)(instructions() - start) / rounds / (LENGTH / 64);
}

static char *huge_area(void)
{
	size_t huge = np_huge_size() ?: 1;
	char *raw = mmap(NULL, LENGTH + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *area = (char *)(((uintptr_t)raw + huge - 1) / huge * huge);

	madvise(area, LENGTH, MADV_HUGEPAGE);
	MUST(np_bind_plain(area, LENGTH, 1));
	np_touch(area, LENGTH);
	return area;
}

int main(void)
{
	struct region region;
	int session = bench_open(), err = region_new(session, &region);
	char *huge;

	if (err == -ENOTTY || err == -EOPNOTSUPP) {
		row(name_rate, "absent", 1.01, "instructions a store", "not available in this build", "");
		return 0;
	}
	MUST(err);
	np_touch(region.area, LENGTH);
	row(name_rate, "ratio", 1.01, "instructions a store", "at 100 samples a second", "rate 0");
	for (int i = 0; i < PAIRS; i++) {
		double ours, peer;

		region_rate(session, &region, RATE);
		ours = use_cost(region.area);
		region_rate(session, &region, 0);
		peer = use_cost(region.area);
		pair(name_rate, ours, peer);
	}
	huge = huge_area();
	region_rate(session, &region, RATE);
	row(name_huge, "stated", 0, "instructions a store", "at 100 samples a second", "anonymous, 2 MiB pages");
	for (int i = 0; i < PAIRS; i++)
		pair(name_huge, use_cost(region.area), use_cost(huge));
	return 0;
}
