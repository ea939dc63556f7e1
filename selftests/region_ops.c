// SPDX-License-Identifier: GPL-2.0
/* What programs do with mappings, done to an observed region while its pages are unmapped for sampling. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define PAGES 64
#define RATE 4000

FIXTURE(ops) {
	struct np_topo topo;
	int fd;
	size_t page;
	struct np_region region;
};

FIXTURE_SETUP(ops)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_page_size();
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, PAGES * self->page, 0, RATE));
	memset(self->region.at, 0x5a, self->region.length);
}

FIXTURE_TEARDOWN(ops)
{
	np_region_end(&self->region);
	close(self->fd);
}

static struct np_region_counts counts;

static bool is_filled(const char *at, size_t length, char with)
{
	for (size_t i = 0; i < length; i++)
		if (((const volatile char *)at)[i] != with)
			return false;
	return true;
}

static void *map(const struct np_region *region, int protection, size_t length, off_t offset)
{
	return mmap(NULL, length, protection, MAP_SHARED, region->fd, offset);
}

TEST_F(ops, two_mappings_are_the_same_memory)
{
	char *again = map(&self->region, PROT_READ | PROT_WRITE, self->region.length, 0);

	ASSERT_NE(MAP_FAILED, (void *)again);
	for (int round = 0; round < 50; round++) {
		memset(self->region.at, round, self->region.length);
		ASSERT_TRUE(is_filled(again, self->region.length, round));
	}
}

TEST_F(ops, part_is_mapped_by_its_offset)
{
	char *second = map(&self->region, PROT_READ | PROT_WRITE, self->page, self->page);

	ASSERT_NE(MAP_FAILED, (void *)second);
	*second = 7;
	EXPECT_EQ(7, self->region.at[self->page]);
}

TEST_F(ops, private_mapping_is_EINVAL)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_PRIVATE, self->region.fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(ops, mapping_beyond_the_end_is_EINVAL)
{
	EXPECT_EQ(MAP_FAILED, map(&self->region, PROT_READ, self->region.length + self->page, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, map(&self->region, PROT_READ, self->page, self->region.length));
	EXPECT_EQ(EINVAL, errno);
}

static int write_as_child(struct np_child *me, void *arg)
{
	struct np_region *region = arg;

	(void)me;
	if (!is_filled(region->at, region->length, 0x5a))
		return 1;
	memset(region->at, 0x33, region->length);
	return 0;
}

TEST_F(ops, fork_shares_it)
{
	ASSERT_EQ(0, np_run(geteuid(), write_as_child, &self->region));
	EXPECT_TRUE(is_filled(self->region.at, self->region.length, 0x33));
}

static int use_as_child(struct np_child *me, void *arg)
{
	struct np_region *region = arg;
	__u64 word;

	np_say(me, getpid());
	for (int socket = me->socket; recv(socket, &word, sizeof(word), MSG_DONTWAIT) < 0;)
		np_touch(region->at, region->length);
	return 0;
}

TEST_F(ops, childs_uses_are_the_childs)
{
	struct np_region_filter childs = NP_REGION_ALL;
	struct np_child child;
	__u64 pid;

	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, 0, 0));
	np_touch(self->region.at, self->region.length);
	ASSERT_EQ(0, np_spawn(&child, geteuid(), use_as_child, &self->region));
	ASSERT_EQ(0, np_hear(&child, &pid));
	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, RATE, 0));
	childs.tid = pid;
	EXPECT_TRUE(np_eventually(np_region_read(self->fd, self->region.arg.lease, &counts) == 0 &&
				  np_region_uses(&counts, childs) > 50));
	np_reap(&child);
}

/* A child's first touch is a fault, too, but nothing was unmapped. */
TEST_F(ops, first_touches_are_no_uses)
{
	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, 0, 0));
	np_touch(self->region.at, self->region.length);
	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	for (int round = 0; round < 5; round++)
		np_run(geteuid(), write_as_child, &self->region);
	madvise(self->region.at, self->region.length, MADV_DONTNEED);
	np_touch(self->region.at, self->region.length);
	__u64 used = counts.read.used;

	ASSERT_EQ(0, np_region_read(self->fd, self->region.arg.lease, &counts));
	EXPECT_EQ(used, counts.read.used);
}

TEST_F(ops, mremap_moves_it)
{
	char *target = np_map(self->region.length);
	char *moved = mremap(self->region.at, self->region.length, self->region.length,
			     MREMAP_MAYMOVE | MREMAP_FIXED, target);

	ASSERT_EQ(target, moved);
	self->region.at = moved;
	EXPECT_TRUE(is_filled(moved, self->region.length, 0x5a));
	EXPECT_TRUE(np_region_use(&self->region, true, 100, &counts));
}

TEST_F(ops, mremap_does_not_grow_it)
{
	EXPECT_EQ(MAP_FAILED, mremap(self->region.at, self->region.length, 2 * self->region.length,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(ops, mremap_does_not_double_it)
{
	EXPECT_EQ(MAP_FAILED, mremap(self->region.at, 0, self->region.length, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(ops, part_can_be_unmapped)
{
	ASSERT_EQ(0, np_unmap(self->region.at + 8 * self->page, 8 * self->page));
	EXPECT_TRUE(is_filled(self->region.at, 8 * self->page, 0x5a));
	EXPECT_TRUE(is_filled(self->region.at + 16 * self->page, self->region.length - 16 * self->page, 0x5a));
}

static sigjmp_buf back;

static void jump_back(int signal)
{
	siglongjmp(back, signal);
}

/* Also after the page was unmapped for sampling. */
TEST_F(ops, read_only_stays_read_only)
{
	struct sigaction action = { .sa_handler = jump_back };
	volatile int refused = 0;

	sigaction(SIGSEGV, &action, NULL);
	ASSERT_EQ(0, mprotect(self->region.at, self->region.length, PROT_READ));
	for (volatile int round = 0; round < 200; round++) {
		if (sigsetjmp(back, 1) == 0)
			*(volatile char *)self->region.at = 1;
		else
			refused++;
		(void)*(volatile char *)self->region.at;
	}
	EXPECT_EQ(200, refused);
	EXPECT_TRUE(is_filled(self->region.at, self->region.length, 0x5a));
	ASSERT_EQ(0, mprotect(self->region.at, self->region.length, PROT_READ | PROT_WRITE));
	self->region.at[0] = 1;
}

TEST_F(ops, memory_outlives_its_descriptor)
{
	close(self->region.fd);
	self->region.fd = -1;
	EXPECT_TRUE(is_filled(self->region.at, self->region.length, 0x5a));
	EXPECT_TRUE(np_region_use(&self->region, true, 100, &counts));
}

TEST_F(ops, advice_keeps_the_data)
{
	static const int taken[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_POPULATE_WRITE };

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		EXPECT_EQ(0, madvise(self->region.at, self->region.length, taken[i])) TH_LOG("advice %d", taken[i]);
		EXPECT_TRUE(is_filled(self->region.at, self->region.length, 0x5a)) TH_LOG("advice %d", taken[i]);
	}
}

TEST_F(ops, advice_that_would_lose_data_is_refused)
{
	static const int refused[] = { MADV_FREE, MADV_REMOVE, MADV_WIPEONFORK };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		EXPECT_EQ(-1, madvise(self->region.at, self->region.length, refused[i]))
			TH_LOG("advice %d", refused[i]);
	}
	EXPECT_TRUE(is_filled(self->region.at, self->region.length, 0x5a));
}

TEST_F(ops, mlock_charges_nothing_more)
{
	EXPECT_EQ(0, mlock(self->region.at, self->region.length));
	EXPECT_EQ(0, np_proc_bytes("/proc/self/status", "VmLck"));
	EXPECT_EQ(0, munlock(self->region.at, self->region.length));
}

TEST_F(ops, nothing_moves_it)
{
	NP_NEED_TWO_NODES(self->topo);
	np_mbind_move(self->region.at, self->region.length, self->topo.far);
	np_move_pages(0, self->region.at, self->region.length, self->topo.far);
	np_migrate_pages(0, self->topo.near, self->topo.far);
	np_touch(self->region.at, self->region.length);
	/* at rate 0, as a page that is unmapped just now has no node to tell */
	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, 0, 0));
	np_touch(self->region.at, self->region.length);
	EXPECT_EQ(PAGES, np_pages_on(self->region.at, self->region.length, self->topo.near));
}

static int wait_on_futex(struct np_child *me, void *arg)
{
	atomic_int *futex = arg;

	(void)me;
	*futex = 1;
	while (*futex == 1)
		if (syscall(SYS_futex, futex, FUTEX_WAIT, 1, NULL, NULL, 0) && errno != EAGAIN && errno != EINTR)
			return errno;
	return 0;
}

TEST_F(ops, shared_futex_wakes_another_process)
{
	atomic_int *futex = (void *)self->region.at;
	struct np_child child;
	__u64 end;

	*futex = 0;
	ASSERT_EQ(0, np_spawn(&child, geteuid(), wait_on_futex, futex));
	end = np_now_ns() + NP_PATIENCE_SECONDS * 1000000000ULL;
	ASSERT_TRUE(np_eventually(*futex == 1));
	/* one that is woken proves it waited in the kernel */
	while (syscall(SYS_futex, futex, FUTEX_WAKE, 1, NULL, NULL, 0) != 1 && np_now_ns() < end)
		np_nap();
	EXPECT_GT(end, np_now_ns());
	*futex = 2;
	syscall(SYS_futex, futex, FUTEX_WAKE, 1, NULL, NULL, 0);
	EXPECT_EQ(0, np_reap(&child));
}

/* The query of 6.1 answers with an error for a page that the balancing scan has armed. */
static int armed_by_balancing(char *at, size_t length)
{
	int armed = 0, status;

	for (size_t i = 0; i < length; i += np_page_size()) {
		void *page = at + i;

		if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0) == 0)
			armed += status < 0;
	}
	return armed;
}

TEST_F(ops, balancing_leaves_it_alone)
{
	size_t length = 512 * self->page;
	char *beside;

	NP_NEED_TWO_NODES(self->topo);
	NP_NEED(np_balancing(), "kernel.numa_balancing is off");
	ASSERT_EQ(0, np_region_set(self->fd, self->region.arg.lease, 0, 0));
	np_touch(self->region.at, self->region.length);
	beside = np_map_armed(self->topo.near_cpu, self->topo.far, length);
	NP_NEED(beside, "the balancing scan did not come");
	EXPECT_EQ(0, armed_by_balancing(self->region.at, self->region.length));
	np_unmap(beside, length);
}

TEST_HARNESS_MAIN
