// SPDX-License-Identifier: GPL-2.0
/* What a page fault costs: not tracked, tracked, tracked in another process, and when all hooks have gone. */
#include "bench.h"

#define PAGES 4000
#define ROUNDS 11

static char *area;

/* Instructions a fault: anonymous memory written to for the first time, in small pages. */
static double fault_cost(void)
{
	size_t page = np_page_size(), length = PAGES * page;
	double rounds[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start;

		MUST(madvise(area, length, MADV_DONTNEED));
		start = instructions();
		np_touch(area, length);
		rounds[i] = (double)(instructions() - start) / PAGES;
	}
	return median(rounds, ROUNDS);
}

static int track(pid_t pid, __u32 period)
{
	int fd = bench_open();
	__u32 target;

	MUST(np_track_faults(fd, pid, NUMAPERF_TRACK_PROCESS, period, &target));
	return fd;
}

static double untracked(void)
{
	hooks_gone();
	return fault_cost();
}

static double tracked(pid_t pid, __u32 period)
{
	int fd = track(pid, period);
	double cost = fault_cost();

	close(fd);
	return cost;
}

static void compare_tracked(const char *name, const char *promise, double bound, const char *ours, pid_t pid,
			    __u32 period)
{
	row(name, promise, bound, "instructions a fault", ours, "not tracked");
	for (int i = 0; i < PAIRS; i++) {
		double peer = untracked();

		pair(name, tracked(pid, period), peer);
	}
}

/* A user without privileges, whose credentials are looked at with each fault. */
static int compare_as_user(struct np_child *me, void *arg)
{
	(void)me;
	(void)arg;
	compare_tracked("fault, tracked by user", "more", 60, "tracked without CAP_PERFMON", 0, 0);
	return 0;
}

static int wait_for_word(struct np_child *me, void *arg)
{
	__u64 word;

	(void)arg;
	np_hear(me, &word);
	return 0;
}

/* Before the first use of any hook, and after its end. */
static void compare_after(double before)
{
	row("fault, after tracking", "more", 1, "instructions a fault", "hooks have gone", "never tracked");
	for (int i = 0; i < PAIRS; i++) {
		tracked(0, 0);
		pair("fault, after tracking", untracked(), before);
	}
}

int main(void)
{
	struct np_child child;
	double before;

	area = np_map(PAGES * np_page_size());
	np_touch(area, PAGES * np_page_size());
	printf("# the output's buffer is a mapping more, which costs a fault 14 instructions\n");
	before = untracked();
	compare_tracked("fault, tracked", "more", 60, "tracked, default period", 0, 0);
	fflush(stdout);
	MUST(-np_run(NP_NOBODY, compare_as_user, NULL));
	compare_tracked("fault, all sampled", "stated", 0, "tracked, period 1", 0, 1);
	MUST(np_spawn(&child, 0, wait_for_word, NULL));
	compare_tracked("fault, other tracked", "stated", 0, "another process is tracked", child.pid, 0);
	np_kill(&child);
	compare_after(before);
	return 0;
}
