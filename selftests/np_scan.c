// SPDX-License-Identifier: GPL-2.0
/* The balancing scan, made quick, and programs whose accesses are known. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_track.h"

#define SCAN_DIR "/sys/kernel/debug/sched/numa_balancing/"

/* The whole of a test's memory in one pass, ten times a second. */
static struct knob {
	const char *path, *fast;
	char before[32];
} knobs[] = {
	{ SCAN_DIR "scan_size_mb", "256", "" },
	{ SCAN_DIR "scan_delay_ms", "100", "" },
	{ SCAN_DIR "scan_period_min_ms", "100", "" },
	{ SCAN_DIR "scan_period_max_ms", "200", "" },
};

#define NR_KNOBS (sizeof(knobs) / sizeof(knobs[0]))

bool np_balancing(void)
{
	char text[8];

	return np_read_file("/proc/sys/kernel/numa_balancing", text, sizeof(text)) > 0 && text[0] == '1';
}

void np_scan_fast(void)
{
	for (size_t i = 0; i < NR_KNOBS; i++)
		if (np_read_file(knobs[i].path, knobs[i].before, sizeof(knobs[i].before)) > 0)
			np_write_file(knobs[i].path, knobs[i].fast);
}

void np_scan_restore(void)
{
	for (size_t i = 0; i < NR_KNOBS; i++)
		if (knobs[i].before[0])
			np_write_file(knobs[i].path, knobs[i].before);
}

struct spinning {
	int cpu;
	unsigned long long armed;	/* until this many */
	__u64 end;
};

static void *spin(void *arg)
{
	struct spinning *spinning = arg;

	np_affinity_set_cpu(0, spinning->cpu);
	while (np_vmstat("numa_pte_updates") < spinning->armed && np_now_ns() < spinning->end)
		;
	return NULL;
}

/*
 * The scan comes by the run time of a thread: sleeping would not bring it. Each thread spins for a second only, as one
 * whose last scan was held up is kept from scanning for long; see np_hint_begin().
 */
void *np_map_armed(int cpu, int node, size_t length)
{
	struct spinning spinning = { .cpu = cpu, .armed = np_vmstat("numa_pte_updates") + length / np_page_size() };
	void *area;

	np_scan_fast();
	area = np_map_on(node, length);
	for (__u64 i = 0; i < np_patience_ns() / 1000000000 && np_vmstat("numa_pte_updates") < spinning.armed; i++) {
		pthread_t thread;

		spinning.end = np_now_ns() + 1000000000ULL;
		if (pthread_create(&thread, NULL, spin, &spinning))
			break;
		pthread_join(thread, NULL);
	}
	np_scan_restore();
	return np_vmstat("numa_pte_updates") < spinning.armed ? NULL : area;
}

/* ------------------------------------------------------------------ work */

struct running {
	struct np_work *work;
	struct np_job *job;
	volatile char *area[2];
	pthread_t thread;
};

struct np_work *np_work_new(int nr_jobs)
{
	/* Shared, so that orders reach the child; shared memory takes no hint faults of its own. */
	struct np_work *work = mmap(NULL, sizeof(*work), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (work == MAP_FAILED)
		abort();
	work->nr_jobs = nr_jobs;
	work->policy_node = -1;
	return work;
}

/* One round: every page of both areas once, evenly mixed, so that a round cut short is a fair sample as well. */
static void touch_round(struct running *running, size_t page)
{
	const size_t *pages = running->job->pages;
	size_t total = pages[0] + pages[1], second = 0;

	for (size_t i = 0; i < total; i++) {
		size_t due = (i + 1) * pages[1] / total;

		if (due > second)
			running->area[1][second++ * page] = 1;
		else
			running->area[0][(i - second) * page] = 1;
	}
}

static void *do_job(void *arg)
{
	struct running *running = arg;
	size_t page = np_page_size();

	np_affinity_set_cpu(0, running->job->cpu);
	running->job->tid = syscall(SYS_gettid);
	while (!running->work->stop)
		touch_round(running, page);
	return NULL;
}

static void map_areas(struct running *running)
{
	struct np_job *job = running->job;

	/* The first touch happens on the job's CPU, as in a program that is pinned before it allocates. */
	np_affinity_set_cpu(0, job->cpu);
	for (int i = 0; i < 2; i++) {
		size_t length = job->pages[i] * np_page_size();

		if (!length)
			continue;
		running->area[i] = np_map_on(job->node[i], length);
		job->area[i] = (void *)running->area[i];
		if (job->movable && np_unbind((void *)running->area[i], length))
			abort();
	}
}

static int work(struct np_child *me, void *arg)
{
	struct np_work *work = arg;
	struct running running[2] = { 0 };
	__u64 word;

	for (int i = 0; i < work->nr_jobs; i++) {
		running[i] = (struct running) { .work = work, .job = &work->job[i] };
		map_areas(&running[i]);
	}
	if (work->policy_node >= 0 && np_task_bind(work->policy_node, work->policy_balancing))
		return 1;
	if (np_say(me, 0) || np_hear(me, &word))
		return 1;
	for (int i = 1; i < work->nr_jobs; i++)
		if (pthread_create(&running[i].thread, NULL, do_job, &running[i]))
			return 1;
	do_job(&running[0]);
	for (int i = 1; i < work->nr_jobs; i++)
		pthread_join(running[i].thread, NULL);
	np_say(me, 0);
	np_hear(me, &word);
	return 0;
}

int np_work_prepare(struct np_work *w)
{
	__u64 word;

	return np_spawn(&w->child, 0, work, w) ?: np_hear(&w->child, &word);
}

int np_work_go(struct np_work *work)
{
	return np_say(&work->child, 0);
}

int np_work_stop(struct np_work *work)
{
	__u64 word;

	work->stop = true;
	return np_hear(&work->child, &word);
}

void np_work_abort(struct np_work *work)
{
	if (work->child.pid)
		np_kill(&work->child);
	work->child.pid = 0;
	work->stop = false;
	for (int i = 0; i < work->nr_jobs; i++)
		work->job[i].tid = 0;
}

void np_work_end(struct np_work *work)
{
	np_work_abort(work);
	munmap(work, sizeof(*work));
}
