// SPDX-License-Identifier: GPL-2.0
/* Users of the region's memory other than loads and stores: they see and leave the right data, while it is sampled. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define PAGES 64
#define RATE 4000
#define ROUNDS 20

FIXTURE(gup) {
	struct np_topo topo;
	int fd;
	size_t page;
	struct np_region region;
};

FIXTURE_SETUP(gup)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_page_size();
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, PAGES * self->page, 0, RATE));
	memset(self->region.at, 0x5a, self->region.length);
}

FIXTURE_TEARDOWN(gup)
{
	np_region_end(&self->region);
	close(self->fd);
}

static struct np_region_counts counts;

/* A process that has the region, and nothing else to do. */
static int just_wait(struct np_child *me, void *arg)
{
	__u64 word;

	(void)arg;
	np_say(me, 0);
	np_hear(me, &word);
	return 0;
}

static int spawn_waiting(struct np_child *child)
{
	__u64 word;

	return np_spawn(child, geteuid(), just_wait, NULL) ?: np_hear(child, &word);
}

TEST_F(gup, process_vm_reads_and_writes)
{
	char *copy = np_map(self->region.length);
	struct iovec here = { copy, self->region.length }, there = { self->region.at, self->region.length };
	struct np_child child;

	ASSERT_EQ(0, spawn_waiting(&child));
	for (int round = 0; round < ROUNDS; round++) {
		memset(self->region.at, round, self->region.length);
		ASSERT_EQ(self->region.length, process_vm_readv(child.pid, &here, 1, &there, 1, 0));
		ASSERT_EQ(0, memcmp(copy, self->region.at, self->region.length));
		memset(copy, ~round, self->region.length);
		ASSERT_EQ(self->region.length, process_vm_writev(child.pid, &here, 1, &there, 1, 0));
		ASSERT_EQ(0, memcmp(copy, self->region.at, self->region.length));
	}
	np_reap(&child);
}

/* The reader's node is not that of the process whose memory it is: such a use is counted apart. */
TEST_F(gup, uses_for_another_process_are_counted_apart)
{
	char *copy = np_map(self->region.length);
	struct iovec here = { copy, self->region.length }, there = { self->region.at, self->region.length };
	struct np_child child;

	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, 0, 0));
	np_touch(self->region.at, self->region.length);
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	__u64 own = np_region_uses(&counts, NP_REGION_ALL), foreign = counts.read.foreign;

	ASSERT_EQ(0, spawn_waiting(&child));
	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, RATE, 0));
	EXPECT_TRUE(np_eventually(({
		process_vm_readv(child.pid, &here, 1, &there, 1, 0);
		np_region_read(self->fd, self->region.arg.lease, &counts);
		counts.read.foreign >= foreign + 20;
	})));
	EXPECT_EQ(own, np_region_uses(&counts, NP_REGION_ALL));
	np_reap(&child);
}

TEST_F(gup, proc_mem_reads_and_writes)
{
	char *copy = np_map(self->region.length);
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, mem);
	for (int round = 0; round < ROUNDS; round++) {
		memset(self->region.at, round, self->region.length);
		ASSERT_EQ(self->region.length, pread(mem, copy, self->region.length, (uintptr_t)self->region.at));
		ASSERT_EQ(0, memcmp(copy, self->region.at, self->region.length));
		memset(copy, ~round, self->region.length);
		ASSERT_EQ(self->region.length, pwrite(mem, copy, self->region.length, (uintptr_t)self->region.at));
		ASSERT_EQ(0, memcmp(copy, self->region.at, self->region.length));
	}
	close(mem);
}

TEST_F(gup, ptrace_peeks_and_pokes)
{
	struct np_child child;
	int status;

	ASSERT_EQ(0, spawn_waiting(&child));
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, child.pid, NULL, NULL));
	ASSERT_EQ(child.pid, waitpid(child.pid, &status, 0));
	for (int round = 0; round < ROUNDS; round++) {
		long word = 0x1234567 + round;

		*(volatile long *)self->region.at = word;
		ASSERT_EQ(word, ptrace(PTRACE_PEEKDATA, child.pid, self->region.at, NULL));
		ASSERT_EQ(0, ptrace(PTRACE_POKEDATA, child.pid, self->region.at, (void *)~word));
		ASSERT_EQ(~word, *(volatile long *)self->region.at);
	}
	ptrace(PTRACE_DETACH, child.pid, NULL, NULL);
	np_reap(&child);
}

TEST_F(gup, vmsplice_hands_over_the_page_itself)
{
	char byte, *copy = np_map(self->page);
	int pipe_fd[2];

	ASSERT_EQ(0, pipe2(pipe_fd, O_CLOEXEC));
	for (int round = 0; round < ROUNDS; round++) {
		struct iovec part = { self->region.at + round * self->page, self->page };

		ASSERT_EQ(self->page, vmsplice(pipe_fd[1], &part, 1, 0));
		/* after the fact: seen by the reader, as it is the same page */
		byte = round;
		memset(part.iov_base, byte, self->page);
		ASSERT_EQ(self->page, read(pipe_fd[0], copy, self->page));
		ASSERT_EQ(byte, copy[self->page - 1]);
	}
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

TEST_F(gup, page_in_a_pipe_outlives_the_region)
{
	struct iovec part = { self->region.at, self->page };
	char *copy = np_map(self->page);
	int pipe_fd[2];

	ASSERT_EQ(0, pipe2(pipe_fd, O_CLOEXEC));
	ASSERT_EQ(self->page, vmsplice(pipe_fd[1], &part, 1, 0));
	np_region_end(&self->region);
	ASSERT_EQ(self->page, read(pipe_fd[0], copy, self->page));
	EXPECT_EQ(0x5a, copy[0]);
	EXPECT_EQ(0x5a, copy[self->page - 1]);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

TEST_F(gup, system_calls_read_into_it)
{
	int pipe_fd[2];
	char *copy = np_map(self->page);

	ASSERT_EQ(0, pipe2(pipe_fd, O_CLOEXEC));
	for (int round = 0; round < ROUNDS; round++) {
		memset(copy, round, self->page);
		ASSERT_EQ(self->page, write(pipe_fd[1], copy, self->page));
		ASSERT_EQ(self->page, read(pipe_fd[0], self->region.at + round * self->page, self->page));
		ASSERT_EQ(0, memcmp(copy, self->region.at + round * self->page, self->page));
	}
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

/* As a distribution has it, or from where guests have theirs: beside the programs. */
static int load_zram(void)
{
	char command[2 * 4096], *dir = strdup(np_helper_path());

	*strrchr(dir, '/') = 0;
	snprintf(command, sizeof(command),
		 "exec 2>/dev/null; modprobe zram || { insmod %s/../modules/zsmalloc.ko; insmod %s/../modules/zram.ko; }",
		 dir, dir);
	free(dir);
	return system(command);
}

/* A block device whose contents nobody needs: one of memory. NULL: none is to be had. */
static const char *scratch_device(void)
{
	if (access("/dev/zram0", F_OK) == 0 || load_zram())
		return NULL;
	return np_write_file("/sys/block/zram0/disksize", "8388608") ? NULL : "/dev/zram0";
}

static void unload_zram(void)
{
	np_write_file("/sys/block/zram0/reset", "1");
	if (system("exec 2>/dev/null; rmmod zram; rmmod zsmalloc"))
		fprintf(stderr, "# zram stays loaded\n");
}

TEST_F(gup, direct_io_goes_both_ways)
{
	const char *device = scratch_device();
	int disk;

	NP_NEED(device, "no block device of memory (zram)");
	disk = open(device, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_LE(0, disk);
	for (int round = 0; round < ROUNDS; round++) {
		memset(self->region.at, round + 1, self->region.length);
		ASSERT_EQ(self->region.length, pwrite(disk, self->region.at, self->region.length, 0));
		memset(self->region.at, 0, self->region.length);
		ASSERT_EQ(self->region.length, pread(disk, self->region.at, self->region.length, 0));
		for (size_t i = 0; i < self->region.length; i++)
			ASSERT_EQ(round + 1, self->region.at[i]);
	}
	close(disk);
	unload_zram();
}

/* -------------------------------------------------------------- io_uring */

struct ring {
	int fd;
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *entries;
};

static int ring_open(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0)
		return -errno;
	ring->rings = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, np_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->entries == MAP_FAILED ? -errno : 0;
}

static __u32 *ring_word(struct ring *ring, __u32 offset)
{
	return (__u32 *)(ring->rings + offset);
}

/* One request at a time: its result. */
static int ring_do(struct ring *ring, __u8 what, int fd, void *addr, __u32 length)
{
	__u32 *tail = ring_word(ring, ring->params.sq_off.tail), mask = ring->params.sq_entries - 1;
	__u32 *head = ring_word(ring, ring->params.cq_off.head);
	struct io_uring_cqe *results = (void *)(ring->rings + ring->params.cq_off.cqes);
	int result;

	ring->entries[*tail & mask] = (struct io_uring_sqe) {
		.opcode = what, .fd = fd, .addr = (uintptr_t)addr, .len = length, .off = -1,
	};
	ring_word(ring, ring->params.sq_off.array)[*tail & mask] = *tail & mask;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	result = results[*head & (ring->params.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

TEST_F(gup, io_uring_reads_and_writes)
{
	struct ring ring;
	int pipe_fd[2], err = ring_open(&ring);

	NP_NEED(err != -ENOSYS && err != -EPERM, "no io_uring here");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, pipe2(pipe_fd, O_CLOEXEC));
	for (int round = 0; round < ROUNDS; round++) {
		memset(self->region.at, round + 1, self->page);
		ASSERT_EQ(self->page, ring_do(&ring, IORING_OP_WRITE, pipe_fd[1], self->region.at, self->page));
		ASSERT_EQ(self->page, ring_do(&ring, IORING_OP_READ, pipe_fd[0], self->region.at + self->page,
					      self->page));
		ASSERT_EQ(0, memcmp(self->region.at, self->region.at + self->page, self->page));
	}
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	close(ring.fd);
}

/* Linux 6.1 registers no memory of a file but shmem's and hugetlb's, later kernels any. */
TEST_F(gup, io_uring_registers_it_or_says_so)
{
	struct iovec part = { self->region.at, self->region.length };
	struct ring ring;
	int err = ring_open(&ring);

	NP_NEED(err != -ENOSYS && err != -EPERM, "no io_uring here");
	ASSERT_EQ(0, err);
	err = syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &part, 1) ? -errno : 0;
	EXPECT_TRUE(err == 0 || err == -EOPNOTSUPP) TH_LOG("%d", err);
	close(ring.fd);
}

/* -------------------------------------------------------------- core dump */

#define MARK 0x91753e6f9a7265a6ULL

/* The marks of all pages are found in the core file. */
static size_t marks_in(const char *path)
{
	unsigned long long word;
	FILE *file = fopen(path, "r");
	size_t found = 0;

	if (!file)
		return 0;
	while (fread(&word, sizeof(word), 1, file) == 1)
		found += word == MARK;
	fclose(file);
	return found;
}

static int dump_with_marks(struct np_child *me, void *arg)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct np_region *region = arg;

	(void)me;
	for (size_t i = 0; i < region->length; i += np_page_size())
		*(unsigned long long *)(region->at + i) = MARK;
	if (chdir("/tmp") || setrlimit(RLIMIT_CORE, &unlimited) || prctl(PR_SET_DUMPABLE, 1))
		return 1;
	abort();
}

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

TEST_F(gup, core_dump_holds_it)
{
	char before[256];

	ASSERT_LT(0, np_read_file(CORE_PATTERN, before, sizeof(before)));
	unlink("/tmp/np_region_core");
	ASSERT_EQ(0, np_write_file(CORE_PATTERN, "/tmp/np_region_core"));
	EXPECT_EQ(256 + SIGABRT, np_run(geteuid(), dump_with_marks, &self->region));
	np_write_file(CORE_PATTERN, before);
	NP_NEED(access("/tmp/np_region_core", R_OK) == 0, "no core file was written");
	EXPECT_LE(PAGES, marks_in("/tmp/np_region_core"));
	unlink("/tmp/np_region_core");
}

TEST_HARNESS_MAIN
