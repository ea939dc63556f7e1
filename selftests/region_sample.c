// SPDX-License-Identifier: GPL-2.0
/* Sampling of observed regions: who, from where, where to, which part; chosen uniformly; nothing at rate 0. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define PAGES 200	/* no power of two */
#define RATE 4000
#define SAMPLES 100

static struct np_region_counts counts;

/* ------------------------------------------------------------ the matrix */

FIXTURE(matrix) {
	struct np_topo topo;
	int fd;
	int cpu, node;
	struct np_region region;
};

FIXTURE_VARIANT(matrix) {
	bool far_cpu, far_page;
	__u32 flags;
};

FIXTURE_VARIANT_ADD(matrix, near_near) { .far_cpu = false, .far_page = false };
FIXTURE_VARIANT_ADD(matrix, near_far) { .far_cpu = false, .far_page = true };
FIXTURE_VARIANT_ADD(matrix, far_near) { .far_cpu = true, .far_page = false };
FIXTURE_VARIANT_ADD(matrix, far_far) { .far_cpu = true, .far_page = true };

FIXTURE_SETUP(matrix)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->cpu = variant->far_cpu ? self->topo.far_cpu : self->topo.near_cpu;
	self->node = variant->far_page ? self->topo.far : self->topo.near;
	self->region.fd = -1;
}

FIXTURE_TEARDOWN(matrix)
{
	np_region_end(&self->region);
	close(self->fd);
}

#define NEED_MATRIX do {									\
	NP_NEED(self->cpu >= 0, "needs a CPU of the other node");				\
	NP_NEED(np_set_has(&self->topo.memory, self->node), "needs two nodes that can hold");	\
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->cpu));					\
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->node,			\
				    PAGES * np_page_size(), 0, RATE));				\
} while (0)

TEST_F(matrix, all_uses_are_in_the_one_cell)
{
	struct np_region_filter cell = {
		.tid = getpid(), .part = 0, .cpu_node = np_node_of_cpu(self->cpu), .page_node = self->node,
	};

	NEED_MATRIX;
	ASSERT_TRUE(np_region_use(&self->region, true, SAMPLES, &counts));
	np_region_print(&counts);
	EXPECT_LE(SAMPLES, (long long)np_region_uses(&counts, cell));
	EXPECT_EQ(np_region_uses(&counts, NP_REGION_ALL), np_region_uses(&counts, cell));
}

TEST_F(matrix, samples_tell_the_same)
{
	NEED_MATRIX;
	ASSERT_TRUE(np_region_use(&self->region, true, SAMPLES, &counts));
	ASSERT_LT(0, counts.read.nr_samples);
	for (__u32 i = 0; i < counts.read.nr_samples; i++) {
		const struct numaperf_region_sample *sample = &counts.samples[i];

		ASSERT_EQ(self->node, sample->page_node);
		ASSERT_GT(PAGES, sample->page);
		if (sample->flags & NUMAPERF_SAMPLE_OPEN)
			continue;
		ASSERT_EQ(np_node_of_cpu(self->cpu), sample->cpu_node);
		ASSERT_EQ(getpid(), sample->tid);
	}
}

/* ------------------------------------------------------------- one region */

FIXTURE(sample) {
	struct np_topo topo;
	int fd;
	struct np_region region;
};

FIXTURE_SETUP(sample)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, PAGES * np_page_size(), 0, RATE));
}

FIXTURE_TEARDOWN(sample)
{
	np_region_end(&self->region);
	close(self->fd);
}

static int set_rate(const FIXTURE_DATA(sample) *self, __u32 rate, __u32 repeat)
{
	return np_region_set(self->fd, self->region.arg.lease, rate, repeat);
}

TEST_F(sample, writes_are_writes)
{
	ASSERT_TRUE(np_region_use(&self->region, true, SAMPLES, &counts));
	EXPECT_LE(SAMPLES, (long long)np_region_writes(&counts, NP_REGION_ALL));
	EXPECT_EQ(0, np_region_reads(&counts, NP_REGION_ALL));
}

TEST_F(sample, reads_are_reads)
{
	ASSERT_TRUE(np_region_use(&self->region, false, SAMPLES, &counts));
	EXPECT_LE(SAMPLES, (long long)np_region_reads(&counts, NP_REGION_ALL));
	EXPECT_EQ(0, np_region_writes(&counts, NP_REGION_ALL));
}

TEST_F(sample, times_are_of_this_run)
{
	__u64 begin = np_now_ns();

	ASSERT_EQ(0, set_rate(self, RATE, 0));
	np_region_read(self->fd, self->region.arg.lease, &counts);
	ASSERT_TRUE(np_region_use(&self->region, true, SAMPLES, &counts));
	for (__u32 i = 0; i < counts.read.nr_samples; i++) {
		const struct numaperf_region_sample *sample = &counts.samples[i];

		/* stored in units of 16 ns */
		ASSERT_LE(begin, sample->armed_ns + 16);
		ASSERT_LE(sample->armed_ns + sample->delay_ns, np_now_ns());
	}
}

TEST_F(sample, cells_samples_and_sums_agree)
{
	__u32 used = 0;

	ASSERT_TRUE(np_region_use(&self->region, true, SAMPLES, &counts));
	ASSERT_EQ(0, set_rate(self, 0, 0));
	/* the first read took samples out */
	np_touch(self->region.at, self->region.length);
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	EXPECT_EQ(counts.read.used, np_region_uses(&counts, NP_REGION_ALL));
	EXPECT_EQ(counts.read.armed, counts.read.used);
	for (__u32 i = 0; i < counts.read.nr_samples; i++)
		used += !(counts.samples[i].flags & NUMAPERF_SAMPLE_OPEN);
	EXPECT_EQ(counts.read.nr_samples, used);
}

/* Nobody uses it any more: at last every page is armed, and stays so. */
TEST_F(sample, idle_pages_are_open)
{
	np_touch(self->region.at, self->region.length);
	ASSERT_TRUE(np_eventually(np_region_read(self->fd, self->region.arg.lease, &counts) == 0 &&
				  counts.read.armed - counts.read.used == PAGES));
	EXPECT_EQ(PAGES, counts.read.nr_samples);
	for (__u32 i = 0; i < counts.read.nr_samples; i++) {
		EXPECT_EQ(NUMAPERF_SAMPLE_OPEN, counts.samples[i].flags);
		EXPECT_EQ(i, counts.samples[i].page);
		EXPECT_EQ(-1, counts.samples[i].cpu_node);
	}
}

TEST_F(sample, unmapped_pages_are_not_armed)
{
	ASSERT_TRUE(np_eventually(np_region_read(self->fd, self->region.arg.lease, &counts) == 0 &&
				  counts.read.unmapped >= SAMPLES));
	EXPECT_EQ(0, counts.read.armed);
}

TEST_F(sample, rate_0_ends_it)
{
	__u64 armed;

	ASSERT_TRUE(np_region_use(&self->region, true, SAMPLES, &counts));
	ASSERT_EQ(0, set_rate(self, 0, 0));
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	armed = counts.read.armed;
	for (int round = 0; round < 20; round++) {
		np_touch(self->region.at, self->region.length);
		np_nap();
	}
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	EXPECT_EQ(armed, counts.read.armed);
	EXPECT_EQ(0, counts.read.rate);
}

/* Of one choice: turn 0, 1, 2, and then the next choice's turn 0. */
TEST_F(sample, turns_of_a_page_follow_each_other)
{
	static __u32 next[PAGES];
	__u32 complete = 0;

	ASSERT_EQ(0, set_rate(self, 0, 0));
	np_touch(self->region.at, self->region.length);
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	ASSERT_EQ(0, set_rate(self, RATE, 3));
	EXPECT_TRUE(np_eventually(({
		np_touch(self->region.at, self->region.length);
		ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
		ASSERT_EQ(0, counts.read.dropped);
		for (__u32 i = 0; i < counts.read.nr_samples; i++) {
			const struct numaperf_region_sample *sample = &counts.samples[i];

			if (sample->flags & NUMAPERF_SAMPLE_OPEN)
				continue;
			ASSERT_EQ(next[sample->page], sample->turn);
			next[sample->page] = (sample->turn + 1) % 3;
			complete += sample->turn == 2;
		}
		complete >= PAGES / 2;
	})));
}

/* 20 bins of 10 pages: chi-square has 19 degrees of freedom; beyond 80 once in 10^8. */
TEST_F(sample, choice_is_uniform)
{
	double bins[20] = { 0 }, total = 0, chi = 0;

	for (__u64 want = 200; total < 2000; want += 200) {
		ASSERT_TRUE(np_region_use(&self->region, true, want, &counts));
		for (__u32 i = 0; i < counts.read.nr_samples; i++) {
			if (counts.samples[i].flags & NUMAPERF_SAMPLE_OPEN)
				continue;
			bins[counts.samples[i].page / 10]++;
			total++;
		}
	}
	for (int i = 0; i < 20; i++)
		chi += (bins[i] - total / 20) * (bins[i] - total / 20) / (total / 20);
	TH_LOG("chi-square %.1f of %.0f samples", chi, total);
	EXPECT_GT(80, chi);
}

TEST_F(sample, beyond_the_range_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, set_rate(self, NUMAPERF_REGION_RATE_MAX + 1, 0));
	EXPECT_EQ(-EINVAL, set_rate(self, RATE, NUMAPERF_REGION_REPEAT_MAX + 1));
}

static int read_as_child(struct np_child *me, void *arg)
{
	struct np_region *region = arg;

	(void)me;
	return np_status(np_region_read(region->session, region->arg.lease, &counts));
}

TEST_F(sample, other_process_is_ESTALE)
{
	EXPECT_EQ(ESTALE, np_run(geteuid(), read_as_child, &self->region));
}

TEST_F(sample, other_session_is_ENOENT)
{
	int other = np_open(O_CLOEXEC);

	EXPECT_EQ(-ENOENT, np_region_read(other, self->region.arg.lease, &counts));
	EXPECT_EQ(-ENOENT, np_region_set(other, self->region.arg.lease, RATE, 0));
	close(other);
}

TEST_F(sample, room_for_cells_is_told)
{
	struct numaperf_ioc_region_read read = {
		.size = sizeof(read), .lease = self->region.arg.lease, .thread_size = 24, .cell_size = 32,
		.sample_size = 56,
	};

	ASSERT_TRUE(np_region_use(&self->region, true, SAMPLES, &counts));
	EXPECT_EQ(-EMSGSIZE, np_ioctl(self->fd, NUMAPERF_IOC_REGION_READ, &read));
	EXPECT_EQ(1, read.nr_threads);
	EXPECT_LE(1, read.nr_cells);
}

/* ------------------------------------------------------------------- rest */

#define BUDGET "/sys/module/numaperf/parameters/samples_max"

TEST_F(sample, budget_of_the_user_binds)
{
	char before[32];
	__u64 begin, seconds, armed;

	ASSERT_LT(0, np_read_file(BUDGET, before, sizeof(before)));
	ASSERT_EQ(0, set_rate(self, 0, 0));
	np_touch(self->region.at, self->region.length);
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	armed = counts.read.armed;
	ASSERT_EQ(0, np_write_file(BUDGET, "20"));
	begin = np_now_ns();
	EXPECT_EQ(0, set_rate(self, RATE, 0));
	EXPECT_TRUE(np_region_use(&self->region, true, counts.read.used + 30, &counts));
	seconds = (np_now_ns() - begin) / 1000000000 + 1;
	np_write_file(BUDGET, before);
	EXPECT_LT(0, (long long)counts.read.limited);
	/* 20 a second, and what the bucket holds at first */
	EXPECT_GE(20 * seconds + 10, counts.read.armed - armed);
}

TEST_F(sample, parts_are_told_apart)
{
	size_t page = np_page_size();
	struct np_set node = np_set_of(self->topo.near);
	struct np_region_filter third = NP_REGION_ALL;
	struct np_region parted = { .session = self->fd, .length = PAGES * page };
	struct numaperf_ioc_region_new arg = {
		.size = sizeof(arg), .length = PAGES * page, .nodes = (uintptr_t)node.words,
		.nodes_bits = NP_SET_BITS, .parts = 4, .rate = RATE,
	};

	ASSERT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_REGION_NEW, &arg));
	parted.arg = arg;
	parted.fd = arg.fd;
	/* only its third quarter is mapped */
	parted.length = PAGES / 4 * page;
	parted.at = mmap(NULL, parted.length, PROT_READ | PROT_WRITE, MAP_SHARED, arg.fd, 2 * PAGES / 4 * page);
	ASSERT_NE(MAP_FAILED, (void *)parted.at);
	third.part = 2;
	EXPECT_TRUE(np_region_use(&parted, true, SAMPLES / 4, &counts));
	EXPECT_EQ(np_region_uses(&counts, NP_REGION_ALL), np_region_uses(&counts, third));
	EXPECT_EQ(4, counts.read.parts);
	np_region_end(&parted);
}

TEST_F(sample, none_at_rate_0_from_the_start)
{
	struct np_region quiet;

	ASSERT_EQ(0, np_region_make(&quiet, self->fd, self->topo.near, PAGES * np_page_size(), 0, 0));
	for (int round = 0; round < 10; round++) {
		np_touch(quiet.at, quiet.length);
		np_nap();
	}
	EXPECT_EQ(0, np_region_read(self->fd, quiet.arg.lease, &counts));
	EXPECT_EQ(0, counts.read.armed);
	EXPECT_EQ(0, counts.read.unmapped);
	EXPECT_EQ(0, counts.read.nr_cells);
	EXPECT_EQ(PAGES, counts.read.pages);
	EXPECT_EQ(np_page_size(), counts.read.page_size);
	np_region_end(&quiet);
}

/* The other thread of two: known by its own tid and its own CPU's node. */
struct toucher {
	struct np_region *region;
	int cpu;
	atomic_int tid;
	atomic_bool stop;
};

static void *touch_until_told(void *arg)
{
	struct toucher *toucher = arg;

	np_affinity_set_cpu(0, toucher->cpu);
	toucher->tid = syscall(SYS_gettid);
	while (!toucher->stop)
		np_touch(toucher->region->at, toucher->region->length);
	return NULL;
}

TEST_F(sample, threads_are_told_apart)
{
	struct toucher toucher = { .region = &self->region };
	struct np_region_filter mine = NP_REGION_ALL, others = NP_REGION_ALL;
	pthread_t thread;

	toucher.cpu = self->topo.far_cpu >= 0 ? self->topo.far_cpu : np_set_next(&self->topo.cpus,
										  self->topo.near_cpu);
	NP_NEED(toucher.cpu >= 0, "needs two CPUs");
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->topo.near_cpu));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_until_told, &toucher));
	EXPECT_TRUE(np_eventually(({
		np_touch(self->region.at, self->region.length);
		np_region_read(self->fd, self->region.arg.lease, &counts);
		mine.tid = getpid();
		others.tid = toucher.tid;
		np_region_uses(&counts, mine) >= 10 && np_region_uses(&counts, others) >= 10;
	})));
	toucher.stop = true;
	pthread_join(thread, NULL);
	np_region_print(&counts);
	others.cpu_node = np_node_of_cpu(toucher.cpu);
	mine.cpu_node = np_node_of_cpu(self->topo.near_cpu);
	EXPECT_EQ(np_region_uses(&counts, NP_REGION_ALL),
		  np_region_uses(&counts, mine) + np_region_uses(&counts, others));
}

TEST_HARNESS_MAIN
