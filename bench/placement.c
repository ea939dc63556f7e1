// SPDX-License-Identifier: GPL-2.0
/* Where are the pages of 1 GiB? PLACEMENT, and move_pages(2) asked for every page. */
#include <sys/syscall.h>

#include "bench.h"

#define LENGTH (1UL << 30)

static void **addresses;
static int *status;

static double by_device(int fd, char *area)
{
	struct numaperf_node_pages nodes[8];
	struct numaperf_ioc_placement arg = {
		.size = sizeof(arg), .addr = (uintptr_t)area, .length = LENGTH,
		.nodes = (uintptr_t)nodes, .count = 8, .entry_size = sizeof(nodes[0]),
	};
	uint64_t start = instructions(), end;
	int err = np_ioctl(fd, NUMAPERF_IOC_PLACEMENT, &arg);

	end = instructions();
	MUST(err);
	if (arg.count != 1 || nodes[0].pages != LENGTH / np_page_size())
		MUST(-1);
	return end - start;
}

static double by_move_pages(size_t pages)
{
	uint64_t start = instructions(), end;
	long err = syscall(SYS_move_pages, 0, pages, addresses, NULL, status, 0);

	end = instructions();
	MUST(err);
	for (size_t i = 0; i < pages; i++)
		if (status[i] != 0)
			MUST(-1);
	return end - start;
}

static void compare(const char *name, int fd, char *area, size_t pages)
{
	double ours, peer;

	for (int i = 0; i < PAIRS; i++) {
		ours = by_device(fd, area);
		peer = by_move_pages(pages);
		pair(name, ours / pages, peer / pages);
	}
}

int main(void)
{
	size_t page = np_page_size(), pages = LENGTH / page;
	int fd = bench_open();
	char *area = np_map(LENGTH);

	addresses = calloc(pages, sizeof(*addresses));
	status = calloc(pages, sizeof(*status));
	for (size_t i = 0; i < pages; i++) {
		addresses[i] = area + i * page;
		status[i] = -1;
	}
	MUST(np_bind_plain(area, LENGTH, 0));
	np_touch(area, LENGTH);
	row("placement", "ratio", 0.1, "instructions a page, 1 GiB of 4 KiB pages", "PLACEMENT",
	    "move_pages(2), query");
	compare("placement", fd, area, pages);
	return 0;
}
