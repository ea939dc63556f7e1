// SPDX-License-Identifier: GPL-2.0
/* Samples of page faults: on which node freshly touched pages landed, and how often one is taken. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 2000
#define PERIOD 50
#define PERIOD_PAGES 20000
#define DEFAULT_PERIOD_PAGES 20000

FIXTURE(fault) {
	int fd;
	struct np_topo topo;
	__u32 target;
	size_t page;
};

static struct np_counts counts;

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_page_size();
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->topo.near_cpu));
}

FIXTURE_TEARDOWN(fault)
{
	close(self->fd);
}

#define NEED_FAULTS NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT)

/* The calling thread's samples while it touches fresh memory of a node, stopped at once afterwards. */
static int sample(FIXTURE_DATA(fault) *self, int node, size_t pages, __u32 period)
{
	char *area = np_map(pages * self->page);
	int err = np_bind_plain(area, pages * self->page, node) ?:
		np_track_faults(self->fd, 0, 0, period, &self->target);

	np_touch(area, pages * self->page);
	err = err ?: np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts);
	np_unmap(area, pages * self->page);
	return err;
}

static __u64 samples_from_to(int cpu_node, int page_node)
{
	return np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, cpu_node, page_node);
}

TEST_F(fault, every_fault_is_counted)
{
	NEED_FAULTS;
	ASSERT_EQ(0, sample(self, self->topo.near, PAGES, 1));
	EXPECT_LE(PAGES, (int)np_faults(&counts));
}

TEST_F(fault, faults_are_counted_without_being_sampled)
{
	NEED_FAULTS;
	ASSERT_EQ(0, sample(self, self->topo.near, PAGES, 1000000));
	EXPECT_LE(PAGES, (int)np_faults(&counts));
	EXPECT_GE(PAGES / 10, (int)samples_from_to(NP_ANY, NP_ANY));
}

/* Besides ours there are a few faults of the C library and of the test's own data, all local. */
TEST_F(fault, period_one_samples_every_fault)
{
	const struct numaperf_thread_record *thread = &counts.threads[0];

	NEED_FAULTS;
	ASSERT_EQ(0, sample(self, self->topo.near, PAGES, 1));
	ASSERT_EQ(1, counts.read.nr_threads);
	EXPECT_LE(PAGES, (int)(samples_from_to(self->topo.near, self->topo.near) + thread->missed));
	EXPECT_GE(thread->faults, samples_from_to(NP_ANY, NP_ANY) + thread->unresolved + thread->missed);
}

TEST_F(fault, nothing_is_missed)
{
	NEED_FAULTS;
	ASSERT_EQ(0, sample(self, self->topo.near, PAGES, 1));
	ASSERT_EQ(1, counts.read.nr_threads);
	EXPECT_EQ(0, counts.threads[0].missed);
}

TEST_F(fault, far_pages_are_told_from_near_ones)
{
	NEED_FAULTS;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, sample(self, self->topo.far, PAGES, 1));
	EXPECT_LE(PAGES, (int)(samples_from_to(self->topo.near, self->topo.far) + counts.threads[0].missed));
	EXPECT_EQ(0, samples_from_to(self->topo.far, NP_ANY));
}

TEST_F(fault, matrix_is_mirrored_from_the_other_side)
{
	NEED_FAULTS;
	NP_NEED_TWO_NODES(self->topo);
	NP_NEED(self->topo.far_cpu >= 0, "needs two nodes with CPUs and memory");
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->topo.far_cpu));
	ASSERT_EQ(0, sample(self, self->topo.near, PAGES, 1));
	EXPECT_LE(PAGES, (int)(samples_from_to(self->topo.far, self->topo.near) + counts.threads[0].missed));
	EXPECT_EQ(0, samples_from_to(self->topo.near, NP_ANY));
}

static int cpu_without_memory(const struct np_topo *topo)
{
	for (int cpu = np_set_first(&topo->cpus); cpu >= 0; cpu = np_set_next(&topo->cpus, cpu)) {
		int node = np_node_of_cpu(cpu);

		if (!np_set_has(&topo->memory, node) && !np_set_has(&topo->movable, node))
			return cpu;
	}
	return -1;
}

TEST_F(fault, cpu_of_a_memory_less_node_has_that_node)
{
	int cpu = cpu_without_memory(&self->topo);

	NEED_FAULTS;
	NP_NEED(cpu >= 0, "needs a node with CPUs and without memory");
	ASSERT_EQ(0, np_affinity_set_cpu(0, cpu));
	ASSERT_EQ(0, sample(self, self->topo.near, PAGES, 1));
	EXPECT_LE(PAGES, (int)(samples_from_to(np_node_of_cpu(cpu), self->topo.near) + counts.threads[0].missed));
}

TEST_F(fault, period_is_honoured_in_the_mean)
{
	__u64 samples, faults;

	NEED_FAULTS;
	ASSERT_EQ(0, sample(self, self->topo.near, PERIOD_PAGES, PERIOD));
	samples = samples_from_to(NP_ANY, NP_ANY) + counts.threads[0].unresolved + counts.threads[0].missed;
	faults = np_faults(&counts);
	TH_LOG("%llu samples of %llu faults, period %d", samples, faults, PERIOD);
	/* 400 expected; drawn periods make about 5 % of standard deviation at most */
	EXPECT_LE(faults / PERIOD * 3 / 4, samples);
	EXPECT_GE(faults / PERIOD * 5 / 4, samples);
}

TEST_F(fault, default_period_samples)
{
	NEED_FAULTS;
	ASSERT_EQ(0, sample(self, self->topo.near, DEFAULT_PERIOD_PAGES, 0));
	EXPECT_LT(0, samples_from_to(NP_ANY, NP_ANY));
}

TEST_F(fault, small_page_is_one_page)
{
	NEED_FAULTS;
	ASSERT_EQ(0, sample(self, self->topo.near, PAGES, 1));
	EXPECT_EQ(samples_from_to(NP_ANY, NP_ANY),
		  np_sampled_pages(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
}

TEST_F(fault, huge_page_is_many_pages)
{
	size_t size = 0;
	char *area;

	NEED_FAULTS;
	ASSERT_EQ(0, np_track_faults(self->fd, 0, 0, 1, &self->target));
	area = np_map_huge(self->topo.near, &size);
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	NP_NEED(area && np_proc_bytes("/proc/self/smaps", "AnonHugePages") > 0, "no transparent huge page was given");
	EXPECT_LE(size / self->page, np_sampled_pages(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, self->topo.near));
	EXPECT_GE(PAGES / 10, (int)samples_from_to(NP_ANY, NP_ANY));
}

/* A first touch that only reads gets the shared zero page, which is on no node of one's own. */
TEST_F(fault, zero_page_has_no_node)
{
	volatile char *area = np_map(PAGES * self->page);
	int sum = 0;

	NEED_FAULTS;
	ASSERT_EQ(0, np_track_faults(self->fd, 0, 0, 1, &self->target));
	for (size_t i = 0; i < PAGES; i++)
		sum += area[i * self->page];
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	ASSERT_EQ(0, sum);
	ASSERT_EQ(1, counts.read.nr_threads);
	EXPECT_LE(PAGES, (int)(counts.threads[0].unresolved + counts.threads[0].missed));
	EXPECT_GE(PAGES / 10, (int)samples_from_to(NP_ANY, NP_ANY));
}

TEST_F(fault, counts_shared_memory)
{
	size_t length = PAGES * self->page;
	char *area = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	NEED_FAULTS;
	ASSERT_NE(MAP_FAILED, area);
	ASSERT_EQ(0, np_bind_plain(area, length, self->topo.near));
	ASSERT_EQ(0, np_track_faults(self->fd, 0, 0, 1, &self->target));
	np_touch(area, length);
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	EXPECT_LE(PAGES, (int)(samples_from_to(self->topo.near, self->topo.near) + counts.threads[0].missed));
}

TEST_HARNESS_MAIN
