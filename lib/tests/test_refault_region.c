/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Estimates from re-fault samples of a real region: two threads on two nodes use it in known ways and count what they do. What is offered must be
 * true at least nine times in ten; of the easy mixes it must be offered.
 * NUMAPERF_REFAULT_RUNS=60: so many runs a mix, for a table that means something (some minutes).
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include <linux/numaperf.h>
#include <numaperf.h>

#include "memory_nodes.h"

#define RUNS 1
#define PAGE 4096
#define REPEAT 8
#define READ_EVERY_MS 20
#define ROOM 65536

/* Of those offered, nine in ten; one more may fail where there are too few for a share. */
#define MUST_COVER(offered) ((offered) * 9 / 10)

struct mix {
	const char *name;
	unsigned pages;
	double seconds;
	unsigned rate;              /* pages chosen a second */
	unsigned local, remote;     /* visits a millisecond, then sleep: far fewer than pages, or a page's visits would come in runs */
	unsigned run;               /* accesses (a read and a write each) of the local thread a visit */
	unsigned hot;               /* the local thread uses the first so many pages nine times in ten; 0: all alike */
	bool one_page;              /* the remote thread uses one page only */
	bool in_turn;               /* pages are visited one after the other */
	bool easy;
};

struct user {
	const struct mix *mix;
	bool local;
	int cpu;
	volatile unsigned char *region;
	unsigned visits;
	_Atomic uint64_t accesses;
};

static int device = -1, cpu_of_local, cpu_of_remote;
static unsigned runs;
static _Atomic bool stop;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t random_of(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static unsigned page_of_visit(const struct user *user, uint64_t visit, uint64_t *state)
{
	const struct mix *mix = user->mix;

	if (mix->in_turn)
		return (unsigned)(visit % mix->pages);
	if (!user->local && mix->one_page)
		return mix->pages * 2 / 3;
	if (user->local && mix->hot && random_of(state) % 10 < 9)
		return (unsigned)(random_of(state) % mix->hot);
	return (unsigned)(random_of(state) % mix->pages);
}

static void *use(void *arg)
{
	struct user *user = arg;
	unsigned run = user->local && user->mix->run ? user->mix->run : 1;
	uint64_t state = now_ns() + (uint64_t)user->cpu;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)user->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		return (void *)"a thread can't be put on its CPU";
	for (uint64_t visit = 0; !atomic_load_explicit(&stop, memory_order_relaxed); visit++) {
		volatile unsigned char *page = user->region + (size_t)page_of_visit(user, visit, &state) * PAGE;

		for (unsigned i = 0; i < run; i++)
			page[64 * (i % 64)]++;
		atomic_store_explicit(&user->accesses, user->accesses + run, memory_order_relaxed);
		if (visit % user->visits == 0)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return NULL;
}

/* ---------------------------------------------------------------- samples */

struct samples {
	struct numaperf_region_sample *samples;
	size_t count, room;
	uint64_t dropped;
};

/* Adds what is there; those OPEN only at last, as they come again. */
static void drain(uint64_t lease, struct samples *all, bool last)
{
	static struct numaperf_region_thread threads[256];
	static struct numaperf_region_cell cells[4096];
	struct numaperf_ioc_region_read read = {
		.size = sizeof(read),
		.lease = lease,
		.threads = (uintptr_t)threads,
		.cells = (uintptr_t)cells,
		.nr_threads = sizeof(threads) / sizeof(threads[0]),
		.nr_cells = sizeof(cells) / sizeof(cells[0]),
		.nr_samples = ROOM,
		.thread_size = sizeof(threads[0]),
		.cell_size = sizeof(cells[0]),
		.sample_size = sizeof(*all->samples),
	};

	if (all->room - all->count < ROOM) {
		all->room = 2 * all->room + ROOM;
		all->samples = realloc(all->samples, all->room * sizeof(*all->samples));
		assert_non_null(all->samples);
	}
	read.samples = (uintptr_t)(all->samples + all->count);
	assert_int_equal(ioctl(device, NUMAPERF_IOC_REGION_READ, &read), 0);
	all->dropped = read.dropped;
	for (uint32_t i = 0; i < read.nr_samples; i++) {
		struct numaperf_region_sample *sample = &all->samples[all->count + i];

		if (!last && sample->flags & NUMAPERF_SAMPLE_OPEN) {
			read.nr_samples = i;
			break;
		}
	}
	all->count += read.nr_samples;
}

static struct numaperf_ioc_region_new new_region(const struct mix *mix, uint32_t flags)
{
	uint64_t nodes[16] = { 0 };
	struct numaperf_ioc_region_new region = {
		.size = sizeof(region),
		.flags = flags,
		.length = (uint64_t)mix->pages * PAGE,
		.nodes = (uintptr_t)nodes,
		.nodes_bits = 64 * sizeof(nodes) / sizeof(nodes[0]),
		.rate = 0,
		.fd = -1,
	};

	nodes[memory_nodes[0] / 64] = (uint64_t)1 << memory_nodes[0] % 64;
	assert_int_equal(ioctl(device, NUMAPERF_IOC_REGION_NEW, &region), 0);
	return region;
}

static void set_sampling(uint64_t lease, unsigned rate)
{
	struct numaperf_ioc_region_set set = { .size = sizeof(set), .lease = lease, .rate = rate, .repeat = REPEAT };

	assert_int_equal(ioctl(device, NUMAPERF_IOC_REGION_SET, &set), 0);
}

static void sample_for(double seconds, uint64_t lease, unsigned rate, struct samples *all)
{
	uint64_t end_ns = now_ns() + (uint64_t)(seconds * 1e9);

	set_sampling(lease, rate);
	while (now_ns() < end_ns) {
		struct timespec wait = { .tv_nsec = READ_EVERY_MS * 1000000 };

		nanosleep(&wait, NULL);
		drain(lease, all, false);
	}
	drain(lease, all, true);
}

/* ------------------------------------------------------------------- runs */

static double share(uint64_t mine, uint64_t others)
{
	return (double)mine / (double)(mine + others);
}

/* One run: the estimate, and the true share of accesses while it was made. */
static struct numaperf_refault_estimate run_once(const struct mix *mix, double *ret_truth)
{
	struct numaperf_ioc_region_new region = new_region(mix, 0);
	struct numaperf_ioc_release release = { .size = sizeof(release), .lease = region.lease };
	struct numaperf_refault_options options = NUMAPERF_REFAULT_OPTIONS_INIT;
	unsigned char *memory = mmap(NULL, region.length, PROT_READ | PROT_WRITE, MAP_SHARED, region.fd, 0);
	struct user users[2] = {
		{ .mix = mix, .local = true, .cpu = cpu_of_local, .visits = mix->local },
		{ .mix = mix, .cpu = cpu_of_remote, .visits = mix->remote },
	};
	struct numaperf_refault_estimate estimate;
	struct samples all = { 0 };
	pthread_t threads[2];
	uint64_t before[2];

	assert_true(memory != MAP_FAILED);
	memset(memory, 1, region.length);
	atomic_store(&stop, false);
	for (int i = 0; i < 2; i++) {
		users[i].region = memory;
		assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
	}
	while (!users[0].accesses || !users[1].accesses)
		sched_yield();
	for (int i = 0; i < 2; i++)
		before[i] = users[i].accesses;
	sample_for(mix->seconds, region.lease, mix->rate, &all);
	*ret_truth = share(users[0].accesses - before[0], users[1].accesses - before[1]);
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		void *failure;

		pthread_join(threads[i], &failure);
		assert_null(failure);
	}
	options.pages = mix->pages;
	assert_int_equal(numaperf_refault_estimate(all.samples, all.count, &options, &estimate), 0);
	if (getenv("NUMAPERF_REFAULT_VERBOSE"))
		print_message("# %s: %zu samples, %" PRIu64 " dropped, %" PRIu64 " choices, %" PRIu64 " torn, %" PRIu64 " unused, %" PRIu64
			      " pages, window %.3f s, gap %.1f us, bursts %" PRIu64 ", independent %d, truth %.4f, "
			      "next-user %.3f (%.3f-%.3f), accesses %.3f (%.3f-%.3f) %s\n",
			      mix->name, all.count, all.dropped, estimate.choices, estimate.torn, estimate.unused, estimate.pages_seen,
			      (double)estimate.window_ns / 1e9, (double)estimate.gap_ns / 1e3, estimate.bursts,
			      estimate.independent, *ret_truth, estimate.next_user.share, estimate.next_user.low,
			      estimate.next_user.high, estimate.accesses.share, estimate.accesses.low, estimate.accesses.high,
			      estimate.accesses.why);
	free(all.samples);
	munmap(memory, region.length);
	assert_int_equal(ioctl(device, NUMAPERF_IOC_RELEASE, &release), 0);
	close(region.fd);
	return estimate;
}

static void run_mix(const struct mix *mix)
{
	unsigned offered = 0, covered = 0, doubts[NUMAPERF_REFAULT_FLOOR + 1] = { 0 };
	double mean_truth = 0, width = 0;

	if (device < 0)
		skip_because("needs the module with observed regions, and CPUs and memory on two nodes");
	for (unsigned run = 0; run < runs; run++) {
		double truth;
		struct numaperf_refault_share got = run_once(mix, &truth).accesses;

		doubts[got.doubt]++;
		mean_truth += truth / runs;
		offered += got.known;
		covered += got.known && got.low <= truth && truth <= got.high;
		width += got.known ? got.high - got.low : 0;
	}
	print_message("# %-12s truth %.3f: offered %u of %u, covered %u, width %.3f", mix->name, mean_truth, offered, runs, covered,
		      width / (offered ?: 1));
	for (int i = NUMAPERF_REFAULT_SURE + 1; i <= NUMAPERF_REFAULT_FLOOR; i++)
		if (doubts[i])
			print_message(", %s %u", numaperf_refault_doubt_to_string(i), doubts[i]);
	print_message("\n");
	assert_true(covered >= MUST_COVER(offered));
	if (mix->easy)
		assert_true(offered >= runs * 50 / 60);
}

static void nine_to_one(void **state)
{
	static const struct mix mix = { .name = "90/10", .pages = 64, .seconds = 5, .rate = 50, .local = 9, .remote = 1,
					.easy = true };

	(void)state;
	run_mix(&mix);
}

static void one_to_one(void **state)
{
	static const struct mix mix = { .name = "50/50", .pages = 64, .seconds = 5, .rate = 50, .local = 5, .remote = 5,
					.easy = true };

	(void)state;
	run_mix(&mix);
}

static void one_hot_page(void **state)
{
	struct mix mix = { .name = "one hot page", .pages = 250, .seconds = 6, .rate = 60, .local = 20,
					.remote = 2, .one_page = true };

	(void)state;
	if (runs > RUNS) { /* one in a thousand, and in time */
		mix.pages = 1000;
		mix.seconds = 20;
	}
	run_mix(&mix);
}

static void skewed(void **state)
{
	static const struct mix mix = { .name = "skewed", .pages = 128, .seconds = 5, .rate = 50, .local = 3, .remote = 1,
					.hot = 13 };

	(void)state;
	run_mix(&mix);
}

static void bursts(void **state)
{
	static const struct mix mix = { .name = "bursts", .pages = 64, .seconds = 5, .rate = 50, .local = 5, .remote = 5,
					.run = 100 };

	(void)state;
	run_mix(&mix);
}

static void loops(void **state)
{
	static const struct mix mix = { .name = "loops", .pages = 64, .seconds = 5, .rate = 50, .local = 5, .remote = 1,
					.in_turn = true };

	(void)state;
	run_mix(&mix);
}

/* ------------------------------------------------------------------ setup */

static int first_cpu_of(const struct numaperf_topology *topology, int node)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return -1;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && numaperf_topology_node_of_cpu(topology, cpu) == node)
			return (int)cpu;
	return -1;
}

static bool has_regions(int fd)
{
	struct numaperf_ioc_info info = { .size = sizeof(info) };

	return ioctl(fd, NUMAPERF_IOC_INFO, &info) == 0 && info.features >> NUMAPERF_FEATURE_REGION & 1;
}

static int set_up(void **state)
{
	NUMAPERF_AUTO(topology) struct numaperf_topology *topology = NULL;
	const char *asked = getenv("NUMAPERF_REFAULT_RUNS");
	int fd = open(NUMAPERF_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	(void)state;
	runs = asked ? (unsigned)strtoul(asked, NULL, 10) : RUNS;
	if (fd < 0)
		return 0;
	if (memory_nodes_find() < 0 || numaperf_topology_discover(NULL, &topology) < 0)
		return -1;
	cpu_of_local = memory_node_count ? first_cpu_of(topology, memory_nodes[0]) : -1;
	cpu_of_remote = -1;
	for (size_t i = 1; i < memory_node_count && cpu_of_remote < 0; i++)
		cpu_of_remote = first_cpu_of(topology, memory_nodes[i]);
	if (!has_regions(fd) || cpu_of_local < 0 || cpu_of_remote < 0) {
		close(fd);
		return 0;
	}
	device = fd;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nine_to_one), cmocka_unit_test(one_to_one), cmocka_unit_test(one_hot_page),
		cmocka_unit_test(skewed),      cmocka_unit_test(bursts),     cmocka_unit_test(loops),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
