// SPDX-License-Identifier: GPL-2.0
/* A strict pin of memory: its pages stay where they are whatever moves their unpinned neighbours. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"

#define PAGES 64

FIXTURE(range) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	size_t length;
	char *pinned;
	char *neighbour;
	struct numaperf_ioc_range_pin pin;
};

static void fill(char *area, size_t length, char seed)
{
	for (size_t i = 0; i < length; i++)
		area[i] = (char)(seed + i * 7);
}

static bool intact(const char *area, size_t length, char seed)
{
	for (size_t i = 0; i < length; i++)
		if (area[i] != (char)(seed + i * 7))
			return false;
	return true;
}

FIXTURE_SETUP(range)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->near = np_set_of(self->topo.near);
	self->length = PAGES * np_page_size();
	self->pinned = np_map_on(self->topo.near, self->length);
	self->neighbour = np_map_on(self->topo.near, self->length);
	fill(self->pinned, self->length, 1);
	ASSERT_EQ(0, np_pin_range(self->fd, self->pinned, self->length, &self->near, 0, &self->pin));
}

FIXTURE_TEARDOWN(range)
{
	close(self->fd);
}

/* Both areas are where they should be: the pinned one stayed, the attempt was a real one. */
static bool only_neighbour_moved(FIXTURE_DATA(range) *self)
{
	return np_pages_on(self->pinned, self->length, self->topo.near) == PAGES &&
		np_pages_on(self->neighbour, self->length, self->topo.far) == PAGES;
}

TEST_F(range, is_told_with_a_lease_and_no_reason)
{
	EXPECT_NE(0, self->pin.lease);
	EXPECT_EQ(NUMAPERF_REASON_NONE, self->pin.reason);
}

struct move {
	pid_t pid;
	char *pinned, *neighbour;
	size_t length;
	int from, to;
};

static int move_both(struct np_child *me, void *arg)
{
	struct move *move = arg;

	(void)me;
	np_move_pages(move->pid, move->pinned, move->length, move->to);
	np_move_pages(move->pid, move->neighbour, move->length, move->to);
	return 0;
}

static int migrate_all(struct np_child *me, void *arg)
{
	struct move *move = arg;

	(void)me;
	np_migrate_pages(move->pid, move->from, move->to);
	return 0;
}

static struct move move_of(FIXTURE_DATA(range) *self)
{
	return (struct move) {
		.pid = getpid(), .pinned = self->pinned, .neighbour = self->neighbour, .length = self->length,
		.from = self->topo.near, .to = self->topo.far,
	};
}

TEST_F(range, holds_against_move_pages_by_another_process)
{
	struct move move = move_of(self);

	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_run(0, move_both, &move));
	EXPECT_TRUE(only_neighbour_moved(self));
}

TEST_F(range, holds_against_migrate_pages_by_another_process)
{
	struct move move = move_of(self);

	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_run(0, migrate_all, &move));
	EXPECT_TRUE(only_neighbour_moved(self));
}

TEST_F(range, holds_against_mbind_of_its_own_process)
{
	NP_NEED_TWO_NODES(self->topo);
	np_mbind_move(self->pinned, self->length, self->topo.far);
	np_mbind_move(self->neighbour, self->length, self->topo.far);
	EXPECT_TRUE(only_neighbour_moved(self));
}

TEST_F(range, keeps_its_contents_when_moves_are_tried)
{
	struct move move = move_of(self);

	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_run(0, move_both, &move));
	EXPECT_TRUE(intact(self->pinned, self->length, 1));
}

TEST_F(range, is_still_held_after_moves_were_tried)
{
	struct move move = move_of(self);
	struct numaperf_lease_record record;

	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_run(0, move_both, &move));
	ASSERT_EQ(0, np_run(0, migrate_all, &move));
	/* Failed migrations unmap and map pages again; the module must look twice before it calls that a loss. */
	for (int i = 0; i < 50; i++)
		np_nap();
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &record));
	EXPECT_EQ(NUMAPERF_LEASE_HELD, record.state);
	EXPECT_EQ(self->length, record.held);
}

TEST_F(range, may_move_after_release)
{
	struct move move = move_of(self);

	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	ASSERT_EQ(0, np_run(0, move_both, &move));
	EXPECT_EQ(PAGES, np_pages_on(self->pinned, self->length, self->topo.far));
}

TEST_F(range, may_move_after_revocation)
{
	struct move move = move_of(self);
	int admin = np_open(O_CLOEXEC);

	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_revoke(admin, self->pin.lease));
	ASSERT_EQ(0, np_run(0, move_both, &move));
	EXPECT_EQ(PAGES, np_pages_on(self->pinned, self->length, self->topo.far));
}

TEST_F(range, keeps_its_contents_when_released)
{
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_TRUE(intact(self->pinned, self->length, 1));
}

TEST_F(range, may_span_nodes_of_the_set)
{
	struct numaperf_ioc_range_pin pin;
	size_t half = self->length / 2;
	char *area = np_map(self->length);

	NP_NEED_TWO_PINNABLE(self->topo);
	ASSERT_EQ(0, np_bind(area, half, self->topo.near));
	ASSERT_EQ(0, np_bind(area + half, half, self->topo.far));
	np_touch(area, self->length);
	EXPECT_EQ(0, np_pin_range(self->fd, area, self->length, &self->topo.memory, 0, &pin));
}

TEST_F(range, may_span_mappings)
{
	struct numaperf_ioc_range_pin pin;
	size_t half = self->length / 2;
	char *area = np_map_on(self->topo.near, self->length);

	/* a different setting splits the mapping in two */
	ASSERT_EQ(0, madvise(area, half, MADV_DONTDUMP));
	EXPECT_EQ(0, np_pin_range(self->fd, area, self->length, &self->near, 0, &pin));
}

TEST_F(range, may_be_part_of_a_mapping)
{
	struct numaperf_ioc_range_pin pin;
	char *area = np_map_on(self->topo.near, self->length);

	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, np_pin_range(self->fd, area, np_page_size(), &self->near, 0, &pin));
	np_move_pages(getpid(), area, self->length, self->topo.far);
	EXPECT_EQ(1, np_pages_on(area, self->length, self->topo.near));
}

/* Pages that the balancing scan has armed are present, although they look as if they weren't. */
TEST_F(range, may_be_armed_by_the_balancing_scan)
{
	struct numaperf_ioc_range_pin pin;
	struct np_set far;
	char *area;

	NP_NEED_TWO_PINNABLE(self->topo);
	NP_NEED(np_balancing(), "kernel.numa_balancing is off");
	far = np_set_of(self->topo.far);
	area = np_map_armed(self->topo.near_cpu, self->topo.far, self->length);
	ASSERT_NE(NULL, area);
	EXPECT_EQ(0, np_pin_range(self->fd, area, self->length, &far, 0, &pin));
}

TEST_F(range, may_be_shared_memory)
{
	struct numaperf_ioc_range_pin pin;
	char *area = mmap(NULL, self->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, area);
	ASSERT_EQ(0, np_bind_plain(area, self->length, self->topo.near));
	np_touch(area, self->length);
	EXPECT_EQ(0, np_pin_range(self->fd, area, self->length, &self->near, 0, &pin));
}

/* ------------------------------------------------------------------ fork */

/* The child has its own copies: they are nobody's lease. */
static int write_copy(struct np_child *me, void *arg)
{
	struct move *move = arg;

	(void)me;
	if (!intact(move->pinned, move->length, 1))
		return 1;
	fill(move->pinned, move->length, 9);
	return intact(move->pinned, move->length, 9) ? 0 : 2;
}

TEST_F(range, is_copied_for_a_child)
{
	struct move move = move_of(self);

	ASSERT_EQ(0, np_run(0, write_copy, &move));
	EXPECT_TRUE(intact(self->pinned, self->length, 1));
}

TEST_F(range, stays_the_parents_after_fork)
{
	struct move move = move_of(self);
	struct numaperf_lease_record record;

	ASSERT_EQ(0, np_run(0, write_copy, &move));
	fill(self->pinned, self->length, 3);	/* a write must not find a copy */
	for (int i = 0; i < 30; i++)
		np_nap();
	ASSERT_EQ(0, np_lease(self->fd, self->pin.lease, &record));
	EXPECT_EQ(NUMAPERF_LEASE_HELD, record.state);
}

static int move_own_copy(struct np_child *me, void *arg)
{
	struct move *move = arg;

	(void)me;
	np_move_pages(getpid(), move->pinned, move->length, move->to);
	return np_pages_on(move->pinned, move->length, move->to) == PAGES ? 0 : 1;
}

TEST_F(range, does_not_hold_a_childs_copy)
{
	struct move move = move_of(self);

	NP_NEED_TWO_NODES(self->topo);
	EXPECT_EQ(0, np_run(0, move_own_copy, &move));
}

/* -------------------------------------------------------------- charging */

static __u64 locked_bytes(int fd)
{
	struct numaperf_ioc_info info;

	return np_info(fd, &info) ? ~0ULL : info.locked_bytes;
}

TEST_F(range, is_charged_to_the_user)
{
	__u64 with = locked_bytes(self->fd);

	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_EQ(with - self->length, locked_bytes(self->fd));
}

TEST_F(range, is_shown_as_pinned_in_proc)
{
	EXPECT_EQ((long long)self->length, np_proc_bytes("/proc/self/status", "VmPin"));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_EQ(0, np_proc_bytes("/proc/self/status", "VmPin"));
}

/* Every page that was pinned in the kernel's eyes is unpinned again; each CPU adds its part of the counts in time. */
TEST_F(range, leaves_no_pinned_page)
{
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_TRUE(np_eventually(np_vmstat("nr_foll_pin_acquired") == np_vmstat("nr_foll_pin_released")));
}

TEST_HARNESS_MAIN
