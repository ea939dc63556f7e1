// SPDX-License-Identifier: GPL-2.0
/* Mapped counters: read-only, consistent while they are written, equal to what READ tells, there after the target. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 500
#define WRITERS 3
#define MS_OF_HAMMERING 2000

static struct np_counts counts;

FIXTURE(map) {
	int fd;
	__u32 target;
	struct np_topo topo;
	struct numaperf_ioc_counters arg;
	const struct numaperf_counters_head *head;
};

FIXTURE_SETUP(map)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_track_faults(self->fd, 0, NUMAPERF_TRACK_PROCESS, 1, &self->target));
	self->arg.fd = -1;
}

FIXTURE_TEARDOWN(map)
{
	close(self->arg.fd);
	close(self->fd);
}

#define NEED_COUNTERS do {						\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_COUNTERS);		\
} while (0)

static int ask(FIXTURE_DATA(map) *self)
{
	self->arg = (struct numaperf_ioc_counters) { .size = sizeof(self->arg), .target = self->target };
	return np_ioctl(self->fd, NUMAPERF_IOC_COUNTERS, &self->arg);
}

static int ask_and_map(FIXTURE_DATA(map) *self)
{
	int err = ask(self);

	if (err)
		return err;
	self->head = mmap(NULL, self->arg.length, PROT_READ, MAP_SHARED, self->arg.fd, 0);
	return self->head == MAP_FAILED ? -errno : 0;
}

/* One CPU's block, copied while nobody wrote to it. Returns how many looks that took. */
static int copy_block(const struct numaperf_counters_head *head, __u32 cpu, struct numaperf_counters_cpu *to)
{
	const struct numaperf_counters_cpu *from = (const void *)((const char *)head + head->cpus +
								   (size_t)cpu * head->stride);
	size_t cells = (size_t)head->sources * head->nr_nodes;

	for (int looks = 1;; looks++) {
		__u32 sequence = __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE);

		to->sequence = sequence;
		to->cpu_node = __atomic_load_n(&from->cpu_node, __ATOMIC_RELAXED);
		for (size_t i = 0; i < cells; i++) {
			to->cells[i].samples = __atomic_load_n(&from->cells[i].samples, __ATOMIC_RELAXED);
			to->cells[i].pages = __atomic_load_n(&from->cells[i].pages, __ATOMIC_RELAXED);
		}
		atomic_thread_fence(memory_order_acquire);
		if (!(sequence & 1) && __atomic_load_n(&from->sequence, __ATOMIC_RELAXED) == sequence)
			return looks;
		sched_yield();	/* its writer may need this CPU, in a guest */
	}
}

static struct numaperf_counters_cpu *room(const struct numaperf_counters_head *head)
{
	return malloc(head->stride);
}

static int place_of(const struct numaperf_counters_head *head, int node)
{
	const __s32 *ids = (const void *)((const char *)head + head->node_ids);

	for (__u32 i = 0; i < head->nr_nodes; i++)
		if (ids[i] == node)
			return (int)i;
	return -1;
}

/* Samples of a source from CPUs of one node on pages of another; NP_ANY: all. */
static __u64 mapped(const struct numaperf_counters_head *head, enum numaperf_source source, int cpu_node, int page_node)
{
	struct numaperf_counters_cpu *block = room(head);
	__u64 sum = 0;

	for (__u32 cpu = 0; cpu < head->nr_cpus; cpu++) {
		copy_block(head, cpu, block);
		if (cpu_node != NP_ANY && block->cpu_node != cpu_node)
			continue;
		for (__u32 i = 0; i < head->nr_nodes; i++)
			if (page_node == NP_ANY || (int)i == place_of(head, page_node))
				sum += block->cells[source * head->nr_nodes + i].samples;
	}
	free(block);
	return sum;
}

/* ------------------------------------------------------------ read-only */

TEST_F(map, describes_itself)
{
	struct numaperf_ioc_info info;

	NEED_COUNTERS;
	ASSERT_EQ(0, ask_and_map(self));
	ASSERT_EQ(0, np_info(self->fd, &info));
	EXPECT_LE(sizeof(*self->head), self->head->size);
	EXPECT_EQ(NUMAPERF_SOURCE_COUNT, self->head->sources);
	EXPECT_EQ(info.cpu_ids, self->head->nr_cpus);
	EXPECT_GE(self->arg.length, self->head->cpus + (__u64)self->head->nr_cpus * self->head->stride);
	EXPECT_LE(0, place_of(self->head, self->topo.near));
	EXPECT_GE(np_now_ns(), self->head->since_ns);
}

TEST_F(map, descriptor_is_closed_on_exec)
{
	NEED_COUNTERS;
	ASSERT_EQ(0, ask(self));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->arg.fd, F_GETFD));
}

TEST_F(map, can_not_be_written)
{
	NEED_COUNTERS;
	ASSERT_EQ(0, ask(self));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->arg.length, PROT_READ | PROT_WRITE, MAP_SHARED, self->arg.fd, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->arg.length, PROT_READ | PROT_EXEC, MAP_SHARED, self->arg.fd, 0));
}

TEST_F(map, can_not_be_made_writable)
{
	NEED_COUNTERS;
	ASSERT_EQ(0, ask_and_map(self));
	EXPECT_EQ(-1, mprotect((void *)self->head, self->arg.length, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(map, can_not_be_private)
{
	NEED_COUNTERS;
	ASSERT_EQ(0, ask(self));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->arg.length, PROT_READ, MAP_PRIVATE, self->arg.fd, 0));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(map, has_no_more_than_its_length)
{
	NEED_COUNTERS;
	ASSERT_EQ(0, ask(self));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->arg.length + np_page_size(), PROT_READ, MAP_SHARED, self->arg.fd, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, np_page_size(), PROT_READ, MAP_SHARED, self->arg.fd, self->arg.length));
}

TEST_F(map, unknown_target_is_ENOENT)
{
	self->target = ~0U;
	EXPECT_EQ(-ENOENT, ask(self));
}

/* --------------------------------------------------------------- counts */

TEST_F(map, far_touches_are_counted_where_they_belong)
{
	size_t length = PAGES * np_page_size();
	char *area = np_map(length);
	__u64 before, samples;

	NEED_COUNTERS;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->topo.near_cpu));
	ASSERT_EQ(0, np_bind_plain(area, length, self->topo.far));
	ASSERT_EQ(0, ask_and_map(self));
	before = mapped(self->head, NUMAPERF_SOURCE_FAULT, self->topo.near, self->topo.far);
	np_touch(area, length);
	samples = mapped(self->head, NUMAPERF_SOURCE_FAULT, self->topo.near, self->topo.far) - before;
	EXPECT_LE(PAGES, samples);
	EXPECT_GT(PAGES + 10, samples);		/* a page of a library may lie there */
	EXPECT_EQ(0, mapped(self->head, NUMAPERF_SOURCE_FAULT, self->topo.far, NP_ANY));
}

static atomic_bool done;

struct writer {
	pthread_t thread;
	const struct np_topo *topo;
	bool moves;		/* from CPU to CPU */
};

/* Touches small pages only: each sample is of one page. */
static void *touch_on_and_on(void *arg)
{
	struct writer *writer = arg;
	int cpu = writer->topo->near_cpu;

	np_affinity_set_cpu(0, cpu);
	while (!done) {
		np_touch_fresh(50);
		if (!writer->moves)
			continue;
		cpu = np_set_next(&writer->topo->cpus, cpu);
		if (cpu < 0)
			cpu = np_set_first(&writer->topo->cpus);
		np_affinity_set_cpu(0, cpu);
	}
	return NULL;
}

/* Small pages only: what was copied while it was written has fewer pages than samples, or goes backwards. */
static bool plausible(const struct numaperf_counters_head *head, struct numaperf_counters_cpu *block, __u64 *before)
{
	size_t cells = (size_t)head->sources * head->nr_nodes;

	for (__u32 cpu = 0; cpu < head->nr_cpus; cpu++) {
		__u64 sum = 0;

		copy_block(head, cpu, block);
		for (size_t i = 0; i < cells; i++) {
			if (block->cells[i].samples != block->cells[i].pages)
				return false;
			sum += block->cells[i].samples;
		}
		if (sum < before[cpu])
			return false;
		before[cpu] = sum;
	}
	return true;
}

/* The same matrix as READ's, summed over threads. */
static bool equals_read(const struct numaperf_counters_head *head, int nodes)
{
	for (int cpu = 0; cpu < nodes; cpu++)
		for (int page = 0; page < nodes; page++)
			if (np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, cpu, page) !=
			    mapped(head, NUMAPERF_SOURCE_FAULT, cpu, page))
				return false;
	return true;
}

TEST_F(map, is_consistent_while_written_and_equals_read)
{
	struct writer writers[WRITERS] = { 0 };
	struct numaperf_counters_cpu *block;
	struct numaperf_ioc_info info;
	__u64 end, looks = 0, *before;
	bool good = true;

	NEED_COUNTERS;
	ASSERT_EQ(0, np_info(self->fd, &info));
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));	/* the threads' stacks could have huge pages */
	/* A target of its own, so that the mapping is there before anything is counted. */
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	ASSERT_EQ(0, np_track_faults(self->fd, 0, NUMAPERF_TRACK_PROCESS, 1, &self->target));
	ASSERT_EQ(0, ask_and_map(self));
	block = room(self->head);
	before = calloc(self->head->nr_cpus, sizeof(*before));
	for (int i = 0; i < WRITERS; i++) {
		writers[i].topo = &self->topo;
		writers[i].moves = i > 0;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, touch_on_and_on, &writers[i]));
	}
	for (end = np_now_ns() + MS_OF_HAMMERING * 1000000ULL; good && np_now_ns() < end; looks++)
		good = plausible(self->head, block, before);
	done = true;
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	EXPECT_TRUE(good);
	TH_LOG("%llu looks", looks);
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	/* The two calls' own faults lie between the target's first and the mapping's. */
	EXPECT_LE(mapped(self->head, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY),
		  np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
	EXPECT_LT(WRITERS * 50, (int)mapped(self->head, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
	if (np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY) ==
	    mapped(self->head, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY))
		EXPECT_TRUE(equals_read(self->head, info.node_ids));
}

/* Whoever has said that it is ready may still fault on its way to sleep. */
static bool is_asleep(pid_t pid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (np_read_file(path, text, sizeof(text)) < 0)
		return false;
	end = strrchr(text, ')');
	return end && end[2] == 'S';
}

/* Another process, which does nothing between TRACK and COUNTERS: not one sample differs. */
TEST_F(map, equals_read_to_the_last_sample)
{
	struct np_work *work = np_work_new(2);
	struct numaperf_ioc_info info;

	NEED_COUNTERS;
	ASSERT_EQ(0, np_info(self->fd, &info));
	work->job[0] = (struct np_job) { .cpu = self->topo.near_cpu, .node = { self->topo.near }, .pages = { 10 } };
	work->job[1] = (struct np_job) {
		.cpu = self->topo.far_cpu >= 0 ? self->topo.far_cpu : self->topo.near_cpu,
		.node = { self->topo.far >= 0 ? self->topo.far : self->topo.near }, .pages = { 10 },
	};
	ASSERT_EQ(0, np_work_prepare(work));
	ASSERT_TRUE(np_eventually(is_asleep(work->child.pid)));
	ASSERT_EQ(0, np_track_faults(self->fd, work->child.pid, NUMAPERF_TRACK_PROCESS, 1, &self->target));
	ASSERT_EQ(0, ask_and_map(self));
	ASSERT_EQ(0, np_work_go(work));
	ASSERT_TRUE(np_eventually(work->job[0].tid && work->job[1].tid));
	ASSERT_EQ(0, np_work_stop(work));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	EXPECT_LT(0, np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
	EXPECT_TRUE(equals_read(self->head, info.node_ids));
	np_work_end(work);
}

/* ------------------------------------------------------------- lifetime */

TEST_F(map, outlives_target_and_session)
{
	__u64 sum;

	NEED_COUNTERS;
	ASSERT_EQ(0, ask_and_map(self));
	np_touch_fresh(PAGES);
	close(self->fd);
	self->fd = -1;
	close(self->arg.fd);
	self->arg.fd = -1;
	sum = mapped(self->head, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY);
	EXPECT_LE(PAGES, (int)sum);
	np_touch_fresh(PAGES);
	EXPECT_EQ(sum, mapped(self->head, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
}

TEST_F(map, two_descriptors_show_the_same)
{
	const struct numaperf_counters_head *first;
	int fd;

	NEED_COUNTERS;
	ASSERT_EQ(0, ask_and_map(self));
	first = self->head;
	fd = self->arg.fd;
	np_touch_fresh(PAGES);
	ASSERT_EQ(0, ask_and_map(self));
	EXPECT_NE(fd, self->arg.fd);
	EXPECT_EQ(first->since_ns, self->head->since_ns);
	EXPECT_LE(PAGES, (int)mapped(self->head, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
	close(fd);
}

TEST_F(map, forked_child_can_read_it)
{
	int status;
	pid_t pid;

	NEED_COUNTERS;
	ASSERT_EQ(0, ask_and_map(self));
	np_touch_fresh(PAGES);
	pid = fork();
	if (pid == 0)
		_exit(mapped(self->head, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY) < PAGES);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---------------------------------------------------------------- quota */

static int ask_with_little_locked_memory(struct np_child *me, void *arg)
{
	struct numaperf_ioc_counters counters = { .size = sizeof(counters) };
	int fd = np_open(O_CLOEXEC), err;

	(void)me;
	(void)arg;
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit) { 0, 0 });
	if (np_track_faults(fd, 0, 0, 1, &counters.target))
		return 255;
	err = np_ioctl(fd, NUMAPERF_IOC_COUNTERS, &counters);
	return counters.reason == NUMAPERF_REASON_LOCKED_MEMORY ? np_status(err) : 254;
}

TEST_F(map, is_locked_memory_of_the_user)
{
	NEED_COUNTERS;
	EXPECT_EQ(EDQUOT, np_run(NP_NOBODY, ask_with_little_locked_memory, NULL));
}

/* A user of whom nothing else is locked. */
static int ask_and_give_back(struct np_child *me, void *arg)
{
	struct numaperf_ioc_counters counters = { .size = sizeof(counters) };
	int fd = np_open(O_CLOEXEC), other = np_open(O_CLOEXEC);
	struct numaperf_ioc_info info;
	void *map;

	(void)me;
	(void)arg;
	if (np_info(other, &info) || info.locked_bytes)
		return 1;
	if (np_track_faults(fd, 0, 0, 1, &counters.target) || np_ioctl(fd, NUMAPERF_IOC_COUNTERS, &counters))
		return 2;
	map = mmap(NULL, counters.length, PROT_READ, MAP_SHARED, counters.fd, 0);
	if (np_info(other, &info) || info.locked_bytes != counters.length)
		return 3;
	close(fd);
	close(counters.fd);
	if (np_info(other, &info) || info.locked_bytes != counters.length)	/* it is mapped still */
		return 4;
	munmap(map, counters.length);
	return np_eventually(np_info(other, &info) == 0 && info.locked_bytes == 0) ? 0 : 5;
}

TEST_F(map, locked_memory_is_given_back_at_the_end)
{
	NEED_COUNTERS;
	EXPECT_EQ(0, np_run(NP_SOMEBODY, ask_and_give_back, NULL));
}

TEST_HARNESS_MAIN
