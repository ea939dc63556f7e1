// SPDX-License-Identifier: GPL-2.0
/* debugfs numaperf/overhead: what the module holds, hooks and runs, for root. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define OVERHEAD "/sys/kernel/debug/numaperf/overhead"
#define PAGES 200

FIXTURE(overhead) {
	int fd;
	char text[8192];
};

FIXTURE_SETUP(overhead)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(overhead)
{
	close(self->fd);
}

/* The number after "NAME", in the line that begins with @line; -1: none. */
static long long number(FIXTURE_DATA(overhead) *self, const char *line, const char *name)
{
	size_t length = strlen(line);
	char *at, *end;

	if (np_read_file(OVERHEAD, self->text, sizeof(self->text)) < 0)
		return -1;
	for (at = strtok_r(self->text, "\n", &end); at; at = strtok_r(NULL, "\n", &end)) {
		if (strncmp(at, line, length))
			continue;
		at = *name ? strstr(at + length, name) : at + length;
		return at ? atoll(at + strlen(name)) : -1;
	}
	return -1;
}

static int read_it(struct np_child *me, void *arg)
{
	int fd = open(OVERHEAD, O_RDONLY);

	(void)me;
	(void)arg;
	return fd < 0 ? errno : 0;
}

TEST_F(overhead, is_for_root_only)
{
	EXPECT_EQ(0, np_run(0, read_it, NULL));
	EXPECT_EQ(EACCES, np_run(NP_NOBODY, read_it, NULL));
}

TEST_F(overhead, counts_sessions)
{
	long long before = number(self, "sessions ", "");
	int more = np_open(O_CLOEXEC);

	ASSERT_LE(1, before);
	EXPECT_EQ(before + 1, number(self, "sessions ", ""));
	close(more);
	EXPECT_EQ(before, number(self, "sessions ", ""));
}

TEST_F(overhead, counts_leases)
{
	long long before = number(self, "leases ", "");
	struct numaperf_ioc_range_pin pin;
	struct np_topo topo;
	struct np_set near;

	ASSERT_EQ(0, np_topo_read(&topo));
	near = np_set_of(topo.near);
	ASSERT_EQ(0, np_pin_range(self->fd, np_map_on(topo.near, np_page_size()), np_page_size(), &near, 0, &pin));
	EXPECT_EQ(before + 1, number(self, "leases ", ""));
	ASSERT_EQ(0, np_release(self->fd, pin.lease));
	EXPECT_EQ(before, number(self, "leases ", ""));
}

TEST_F(overhead, counts_targets_and_threads)
{
	long long targets = number(self, "targets ", ""), threads = number(self, "threads ", "");
	__u32 target;

	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, 0, &target));
	EXPECT_EQ(targets + 1, number(self, "targets ", ""));
	EXPECT_EQ(threads + 1, number(self, "threads ", ""));
	close(self->fd);
	self->fd = np_open(O_CLOEXEC);
	EXPECT_TRUE(np_eventually(number(self, "targets ", "") == targets));
	EXPECT_TRUE(np_eventually(number(self, "threads ", "") == threads));
}

TEST_F(overhead, tells_hits_of_a_hook_in_use)
{
	const char *hook = "hook mpol_misplaced ";
	long long before = number(self, hook, "hits=");
	struct np_topo topo;
	__u32 target;
	char *area;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_HINT);
	ASSERT_EQ(0, np_topo_read(&topo));
	NP_NEED_TWO_NODES(topo);
	ASSERT_EQ(0, np_track(self->fd, 0, NP_HINT, 0, &target));
	EXPECT_EQ(1, number(self, hook, "running="));
	np_scan_fast();
	area = np_map_armed(topo.near_cpu, topo.far, PAGES * np_page_size());
	if (area)
		np_touch(area, PAGES * np_page_size());
	np_scan_restore();
	ASSERT_NE(NULL, area);
	EXPECT_LT(before, number(self, hook, "hits="));
	EXPECT_LE(0, number(self, hook, "missed="));
}

TEST_HARNESS_MAIN
