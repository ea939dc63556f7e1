// SPDX-License-Identifier: GPL-2.0
/* What a NUMA hint fault costs: without a hook, hooked by ftrace, hooked by a kprobe. Argument: the parameter. */
#include "bench.h"

#define PAGES 2000

/* Instructions a hint fault: the scanner arms memory of the node without a CPU, then all of it is touched. */
static double hint_cost(void)
{
	size_t length = PAGES * np_page_size();
	char *area = np_map_armed(0, 1, length);
	unsigned long long before;
	uint64_t start, end;
	double faults;

	if (!area)
		MUST(-1);
	before = np_vmstat("numa_hint_faults");
	start = instructions();
	np_touch(area, length);
	end = instructions();
	faults = np_vmstat("numa_hint_faults") - before;
	if (faults < PAGES * 0.9)
		fprintf(stderr, "bench: only %g of %d pages were armed\n", faults, PAGES);
	np_unmap(area, length);
	return (end - start) / (faults ? faults : 1);
}

static double tracked(void)
{
	int fd = bench_open();
	__u32 target;
	double cost;

	MUST(np_track(fd, 0, NP_HINT, NUMAPERF_TRACK_PROCESS, &target));
	cost = hint_cost();
	close(fd);
	return cost;
}

int main(int argc, char **argv)
{
	const char *parameter = argc > 1 ? argv[1] : "hint=auto";
	char name[64];

	MUST(np_module_unload());
	MUST(np_module_load(parameter));
	snprintf(name, sizeof(name), "hint fault, %s", parameter);
	row(name, "stated", 0, "instructions a hint fault", "tracked", "not tracked");
	for (int i = 0; i < PAIRS; i++) {
		double peer;

		hooks_gone();
		peer = hint_cost();
		pair(name, tracked(), peer);
	}
	hooks_gone();
	MUST(np_module_unload());
	MUST(np_module_load(""));
	return 0;
}
