// SPDX-License-Identifier: GPL-2.0
/* How much of a node may be held in place by all users together: exact to the page, root included, and given back. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"

#define PERCENT "/sys/module/numaperf/parameters/node_locked_max"
#define SOME 16		/* pages */

FIXTURE(ceiling) {
	int fd;
	struct np_topo topo;
	struct np_set node;
	struct numaperf_ioc_range_pin pin;
	char before[16];
	size_t pages;		/* as many as one percent allows */
	char *area;
};

/* What the kernel calls present: what it manages, and what it keeps for itself. */
static size_t present_pages(int node)
{
	static char text[1 << 18];
	char *row, *rest = text;
	int of = -1;
	size_t sum = 0, present;

	if (np_read_file("/proc/zoneinfo", text, sizeof(text)) < 0)
		return 0;
	while ((row = strsep(&rest, "\n"))) {
		sscanf(row, "Node %d", &of);
		if (of == node && sscanf(row, " present %zu", &present) == 1)
			sum += present;
	}
	return sum;
}

FIXTURE_SETUP(ceiling)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->node = np_set_of(self->topo.near);
	self->pages = present_pages(self->topo.near) / 100;
	self->area = np_map_on(self->topo.near, (self->pages + SOME) * np_page_size());
	ASSERT_LT(0, np_read_file(PERCENT, self->before, sizeof(self->before)));
	ASSERT_EQ(0, np_write_file(PERCENT, "1"));
}

FIXTURE_TEARDOWN(ceiling)
{
	np_write_file(PERCENT, self->before);
	close(self->fd);
}

static int pin(FIXTURE_DATA(ceiling) *self, size_t first, size_t pages, __u32 flags)
{
	return np_pin_range(self->fd, self->area + first * np_page_size(), pages * np_page_size(), &self->node, flags,
			    &self->pin);
}

TEST_F(ceiling, can_be_used_up_to_the_last_page)
{
	EXPECT_EQ(0, pin(self, 0, self->pages, 0));
}

TEST_F(ceiling, binds_root)
{
	EXPECT_EQ(-EDQUOT, pin(self, 0, self->pages + 1, 0));
}

TEST_F(ceiling, refusal_names_it)
{
	ASSERT_EQ(-EDQUOT, pin(self, 0, self->pages + 1, 0));
	EXPECT_EQ(NUMAPERF_REASON_NODE_CEILING, self->pin.reason);
}

TEST_F(ceiling, refusal_names_the_node)
{
	ASSERT_EQ(-EDQUOT, pin(self, 0, self->pages + 1, 0));
	EXPECT_EQ(self->topo.near, self->pin.wrong_node);
}

TEST_F(ceiling, is_seen_by_a_dry_run)
{
	EXPECT_EQ(-EDQUOT, pin(self, 0, self->pages + 1, NUMAPERF_DRY_RUN));
}

TEST_F(ceiling, is_summed_over_leases)
{
	ASSERT_EQ(0, pin(self, 0, self->pages - SOME, 0));
	EXPECT_EQ(-EDQUOT, pin(self, self->pages - SOME, SOME + 1, 0));
}

TEST_F(ceiling, refused_pin_takes_nothing)
{
	ASSERT_EQ(-EDQUOT, pin(self, 0, self->pages + 1, 0));
	EXPECT_EQ(0, pin(self, 0, self->pages, 0));
}

TEST_F(ceiling, is_given_back_by_release)
{
	ASSERT_EQ(0, pin(self, 0, self->pages, 0));
	ASSERT_EQ(0, np_release(self->fd, self->pin.lease));
	EXPECT_EQ(0, pin(self, 0, self->pages, 0));
}

TEST_F(ceiling, is_given_back_in_part_by_munmap)
{
	ASSERT_EQ(0, pin(self, 0, self->pages, 0));
	ASSERT_EQ(0, np_unmap(self->area, SOME * np_page_size()));
	EXPECT_TRUE(np_eventually(pin(self, self->pages, SOME, 0) == 0));
	EXPECT_EQ(-EDQUOT, pin(self, self->pages, 1, 0));
}

TEST_F(ceiling, is_each_nodes_own)
{
	struct np_set far = np_set_of(self->topo.far);
	char *area;

	NP_NEED_TWO_PINNABLE(self->topo);
	area = np_map_on(self->topo.far, SOME * np_page_size());
	ASSERT_EQ(0, pin(self, 0, self->pages, 0));
	EXPECT_EQ(0, np_pin_range(self->fd, area, SOME * np_page_size(), &far, 0, &self->pin));
}

static int hold_all(struct np_child *me, void *arg)
{
	FIXTURE_DATA(ceiling) *self = arg;
	__u64 word;

	self->fd = np_open(O_CLOEXEC);
	self->area = np_map_on(self->topo.near, self->pages * np_page_size());
	np_say(me, np_status(pin(self, 0, self->pages, 0)));
	np_hear(me, &word);
	return 0;
}

/* Beyond what anyone's RLIMIT_MEMLOCK could bound: another one holds it. */
TEST_F(ceiling, is_summed_over_processes)
{
	struct np_child child;
	__u64 status;

	ASSERT_EQ(0, np_spawn(&child, 0, hold_all, self));
	ASSERT_EQ(0, np_hear(&child, &status));
	ASSERT_EQ(0, status);
	EXPECT_EQ(-EDQUOT, pin(self, 0, 1, 0));
	np_kill(&child);
	EXPECT_TRUE(np_eventually(pin(self, 0, 1, 0) == 0));
}

TEST_F(ceiling, of_nothing_lets_nothing_be_held)
{
	ASSERT_EQ(0, np_write_file(PERCENT, "0"));
	EXPECT_EQ(-EDQUOT, pin(self, 0, 1, 0));
}

TEST_F(ceiling, of_more_than_all_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, np_write_file(PERCENT, "101"));
}

TEST_HARNESS_MAIN
