/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program that holds memory strictly, until it is killed.
 *
 *	memory_holder NODE MEBIBYTES
 *
 * Says "held" when it does. SIGUSR1 makes it discard its first page, which no lease can refuse.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numaperf/error.h>
#include <numaperf/memory.h>

static int hold(unsigned node, size_t bytes, struct numaperf_region **ret_region)
{
	struct numaperf_region_options options = NUMAPERF_REGION_OPTIONS_INIT;
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;

	if (numaperf_nodeset_new(&nodes) < 0 || numaperf_nodeset_add(nodes, node) < 0)
		return -1;
	options.mode = NUMAPERF_MODE_HARD;
	options.policy = NUMAPERF_POLICY_BIND;
	options.nodes = nodes;
	return numaperf_region_new(bytes, &options, ret_region);
}

int main(int argc, char **argv)
{
	struct numaperf_region *region;
	sigset_t wanted;
	int number;

	if (argc != 3) {
		fputs("usage: memory_holder NODE MEBIBYTES\n", stderr);
		return 2;
	}
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	if (hold((unsigned)atoi(argv[1]), strtoul(argv[2], NULL, 10) << 20, &region) < 0) {
		fprintf(stderr, "%s\n", numaperf_last_error()->message);
		return 1;
	}
	puts("held");
	fflush(stdout);
	while (sigwait(&wanted, &number) == 0)
		if (madvise(numaperf_region_data(region), (size_t)sysconf(_SC_PAGESIZE), MADV_DONTNEED) < 0)
			perror("madvise");
	return 1;
}
