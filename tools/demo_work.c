/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The workload of act 2: threads that libnumaperf pins to the CPUs of one node work on memory that it binds to a node,
 * the same or another. Each thread goes over memory that stays (which the kernel's balancing scan arms for hint faults)
 * and over memory that it gives back every time (so that its pages are touched for the first time again and again).
 *
 * With one thread the process really is single-threaded: that is the case in which the kernel tells nothing of local
 * pages by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numaperf/affinity.h>
#include <numaperf/error.h>
#include <numaperf/memory.h>
#include <numaperf/set.h>

#include "demo.h"

#define READY "ready"
#define WARM_BYTES (32UL << 20) /* of all threads together */
#define FRESH_BYTES (2UL << 20) /* of each thread */

struct worker {
	const struct demo_work *work;
	pthread_barrier_t *ready;
	int report; /* where errors are told */
};

static void give_up(int report)
{
	const struct numaperf_error *error = numaperf_last_error();

	dprintf(report, "%s: %s", error->operation, error->message);
	_exit(1);
}

/* Small pages, so that there are thousands to be sampled. */
static volatile char *bound_memory(const struct worker *worker, size_t size)
{
	struct numaperf_region_options options = NUMAPERF_REGION_OPTIONS_INIT;
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;
	struct numaperf_region *region;

	options.policy = NUMAPERF_POLICY_BIND;
	if (numaperf_nodeset_new(&nodes) < 0 || numaperf_nodeset_add(nodes, (unsigned)worker->work->page_node) < 0)
		give_up(worker->report);
	options.nodes = nodes;
	if (numaperf_region_new(size, &options, &region) < 0)
		give_up(worker->report);
	madvise(numaperf_region_data(region), size, MADV_NOHUGEPAGE); /* EINVAL where there are no huge pages anyway */
	return numaperf_region_data(region);
}

/* Writes only: a page that is read first is the kernel's shared zero page, which has no node of its own. */
static void touch(volatile char *memory, size_t size, size_t page)
{
	for (size_t offset = 0; offset < size; offset += page)
		memory[offset] = 1;
}

static void *work_forever(void *arg)
{
	const struct worker *worker = arg;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), warm_size = WARM_BYTES / worker->work->threads;
	struct numaperf_topology *topology;
	volatile char *warm, *fresh;
	struct numaperf_pin *pin;

	if (numaperf_topology_discover(NULL, &topology) < 0 ||
	    numaperf_pin_node(topology, worker->work->cpu_node, NULL, &pin) < 0)
		give_up(worker->report);
	warm = bound_memory(worker, warm_size);
	fresh = bound_memory(worker, FRESH_BYTES);
	touch(warm, warm_size, page);
	if (pthread_barrier_wait(worker->ready) == PTHREAD_BARRIER_SERIAL_THREAD)
		dprintf(worker->report, READY); /* all threads are in place */
	for (;;) {
		touch(warm, warm_size, page);
		touch(fresh, FRESH_BYTES, page);
		madvise((void *)fresh, FRESH_BYTES, MADV_DONTNEED);
	}
	return NULL;
}

static _Noreturn void work(const struct demo_work *todo, int report)
{
	struct worker worker = { .work = todo, .report = report };
	pthread_barrier_t ready;
	pthread_t thread;

	worker.ready = &ready;
	pthread_barrier_init(&ready, NULL, todo->threads);
	for (unsigned i = 1; i < todo->threads; i++)
		if (pthread_create(&thread, NULL, work_forever, &worker) != 0) {
			dprintf(report, "a thread can't be started");
			_exit(1);
		}
	work_forever(&worker); /* the main thread is the first worker */
	_exit(0);
}

pid_t demo_work_start(struct demo *demo, const struct demo_work *todo)
{
	char answer[512];
	ssize_t length;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		demo_claim(demo, false, "the workload starts: %s", strerror(errno));
		return -1;
	}
	pid = demo_fork(demo);
	if (pid == 0)
		work(todo, ends[1]);
	close(ends[1]);
	length = read(ends[0], answer, sizeof(answer) - 1);
	answer[length > 0 ? length : 0] = '\0';
	close(ends[0]);
	if (strcmp(answer, READY) == 0)
		return pid;
	demo_stop(pid);
	demo_claim(demo, false, "the workload starts: %s", answer);
	return -1;
}
