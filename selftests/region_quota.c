// SPDX-License-Identifier: GPL-2.0
/* Observed regions within locked memory, cpuset and memory cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define RATE 1000

FIXTURE(quota) {
	struct np_topo topo;
};

FIXTURE_SETUP(quota)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
}

FIXTURE_TEARDOWN(quota)
{
}

/* ----------------------------------------------------------- locked memory */

#define LIMIT_PAGES 32

struct order {
	int node;
	size_t pages;
	bool in_namespace;
};

static int make_within_limit(struct np_child *me, void *arg)
{
	struct order *order = arg;
	struct np_region region;

	(void)me;
	if (order->in_namespace && np_enter_user_namespace())
		return NP_NO_NAMESPACE;
	return np_status(np_region_make(&region, np_open(O_CLOEXEC), order->node, order->pages * np_page_size(), 0,
					0));
}

static void limit_locked_memory(void)
{
	struct rlimit limit = { LIMIT_PAGES * np_page_size(), LIMIT_PAGES * np_page_size() };

	setrlimit(RLIMIT_MEMLOCK, &limit);
}

TEST_F(quota, locked_memory_can_be_used_up_to_the_last_page)
{
	struct order order = { .node = self->topo.near, .pages = LIMIT_PAGES };

	limit_locked_memory();
	EXPECT_EQ(0, np_run(NP_NOBODY, make_within_limit, &order));
}

TEST_F(quota, locked_memory_binds)
{
	struct order order = { .node = self->topo.near, .pages = LIMIT_PAGES + 1 };

	limit_locked_memory();
	EXPECT_EQ(EDQUOT, np_run(NP_NOBODY, make_within_limit, &order));
}

TEST_F(quota, locked_memory_binds_root_of_a_user_namespace)
{
	struct order order = { .node = self->topo.near, .pages = LIMIT_PAGES + 1, .in_namespace = true };
	int status;

	limit_locked_memory();
	status = np_run(NP_NOBODY, make_within_limit, &order);
	NP_NEED(status != NP_NO_NAMESPACE, "no user namespaces for unprivileged users");
	EXPECT_EQ(EDQUOT, status);
}

/* The lease's end gives nothing back, as the memory is there still; its last use does. */
static int charge_stays_with_the_memory(struct np_child *me, void *arg)
{
	struct order *order = arg;
	struct np_region first, second;
	int fd = np_open(O_CLOEXEC);

	(void)me;
	if (np_region_make(&first, fd, order->node, LIMIT_PAGES * np_page_size(), 0, 0))
		return 1;
	if (np_release(fd, first.arg.lease))
		return 2;
	if (np_region_make(&second, fd, order->node, np_page_size(), 0, 0) != -EDQUOT)
		return 3;
	close(first.fd);
	if (np_region_make(&second, fd, order->node, np_page_size(), 0, 0) != -EDQUOT)
		return 4;
	np_unmap(first.at, first.length);
	return np_region_make(&second, fd, order->node, LIMIT_PAGES * np_page_size(), 0, 0) ? 5 : 0;
}

TEST_F(quota, charge_stays_with_the_memory)
{
	struct order order = { .node = self->topo.near };

	limit_locked_memory();
	EXPECT_EQ(0, np_run(NP_NOBODY, charge_stays_with_the_memory, &order));
}

/* What is kept of samples lives as long as the memory, too. */
static int what_samples_take_is_charged(struct np_child *me, void *arg)
{
	struct order *order = arg;
	struct np_region region;
	int fd = np_open(O_CLOEXEC);

	(void)me;
	if (np_region_make(&region, fd, order->node, LIMIT_PAGES * np_page_size(), 0, RATE) != -EDQUOT)
		return 1;
	if (region.arg.reason != NUMAPERF_REASON_LOCKED_MEMORY)
		return 2;
	return np_region_make(&region, fd, order->node, LIMIT_PAGES * np_page_size(), 0, 0) ? 3 : 0;
}

TEST_F(quota, what_samples_take_is_charged)
{
	struct order order = { .node = self->topo.near };

	limit_locked_memory();
	EXPECT_EQ(0, np_run(NP_NOBODY, what_samples_take_is_charged, &order));
}

/* Unmapping a page takes as long as it has mappings, so beyond a number of these it is not done. */
TEST_F(quota, too_many_mappings_are_not_sampled)
{
	enum { MAPPINGS = 1100 };
	static void *mappings[MAPPINGS];
	static struct np_region_counts counts;
	struct np_region region;
	int fd = np_open(O_CLOEXEC);
	size_t page = np_page_size();
	__u64 armed;

	ASSERT_EQ(0, np_region_make(&region, fd, self->topo.near, page, 0, RATE));
	*(volatile char *)region.at = 1;
	for (int i = 0; i < MAPPINGS; i++) {
		mappings[i] = mmap(NULL, page, PROT_READ, MAP_SHARED, region.fd, 0);
		ASSERT_NE(MAP_FAILED, mappings[i]);
	}
	*(volatile char *)region.at = 2;
	for (int i = 0; i < 20; i++)
		np_nap();	/* a batch may have been under way when the last mapping was made */
	ASSERT_EQ(0, np_region_read(fd, region.arg.lease, &counts));
	armed = counts.read.armed;
	for (int i = 0; i < 20; i++) {
		*(volatile char *)region.at = 3;
		np_nap();
	}
	ASSERT_EQ(0, np_region_read(fd, region.arg.lease, &counts));
	EXPECT_EQ(armed, counts.read.armed);
	for (int i = 0; i < MAPPINGS; i++)
		np_unmap(mappings[i], page);
	EXPECT_TRUE(np_eventually((*(volatile char *)region.at = 4,
				   np_region_read(fd, region.arg.lease, &counts) == 0 && counts.read.armed > armed)));
	np_region_end(&region);
	close(fd);
}

/* ------------------------------------------------------------------ cpuset */

#define GROUP "/sys/fs/cgroup/np_region"

static int enter_group(int near)
{
	char text[16];

	np_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset");
	mkdir(GROUP, 0755);
	snprintf(text, sizeof(text), "%d", near);
	return np_write_file(GROUP "/cpuset.mems", text) ?: np_write_file(GROUP "/cgroup.procs", "0");
}

struct in_group {
	int allowed, other;
};

static int make_outside_of_cpuset(struct np_child *me, void *arg)
{
	struct in_group *nodes = arg;
	struct numaperf_ioc_region_new region;
	struct np_set wanted = np_set_of(nodes->other);
	int err;

	(void)me;
	if (enter_group(nodes->allowed))
		return 200;
	err = np_region_new(np_open(O_CLOEXEC), np_page_size(), &wanted, 0, 0, &region);
	return err == -EXDEV && region.reason == NUMAPERF_REASON_CPUSET ? 0 : 1;
}

TEST_F(quota, cpuset_is_honoured)
{
	struct in_group nodes = { self->topo.near, self->topo.far };
	int status;

	NP_NEED_TWO_NODES(self->topo);
	NP_NEED_TWO_PINNABLE(self->topo);
	status = np_run(geteuid(), make_outside_of_cpuset, &nodes);
	rmdir(GROUP);
	NP_NEED(status != 200, "no cpuset cgroups (v2)");
	EXPECT_EQ(0, status);
}

static int make_and_be_narrowed(struct np_child *me, void *arg)
{
	struct in_group *nodes = arg;
	struct numaperf_lease_record record;
	struct np_region region;
	int fd = np_open(O_CLOEXEC);
	char text[16];

	(void)me;
	if (enter_group(nodes->allowed))
		return 200;
	if (np_region_make(&region, fd, nodes->allowed, np_page_size(), 0, 0) || np_lease_lost(fd, region.arg.lease))
		return 1;
	snprintf(text, sizeof(text), "%d", nodes->other);
	if (np_write_file(GROUP "/cpuset.mems", text))
		return 2;
	if (!np_eventually(np_lease_lost(fd, region.arg.lease)))
		return 3;
	np_lease(fd, region.arg.lease, &record);
	np_touch(region.at, region.length);
	return record.reason == NUMAPERF_REASON_CPUSET && record.losses == 1 &&
	       np_node_of_page(region.at) == nodes->allowed ? 0 : 4;
}

TEST_F(quota, narrowed_cpuset_is_noticed)
{
	struct in_group nodes = { self->topo.near, self->topo.far };
	int status;

	NP_NEED_TWO_NODES(self->topo);
	status = np_run(geteuid(), make_and_be_narrowed, &nodes);
	rmdir(GROUP);
	NP_NEED(status != 200, "no cpuset cgroups (v2)");
	EXPECT_EQ(0, status);
}

/* ----------------------------------------------------------- memory cgroup */

#define LIMITED "/sys/fs/cgroup/np_region_limited"

static int make_beyond_cgroup(struct np_child *me, void *arg)
{
	struct order *order = arg;
	struct np_set node = np_set_of(order->node);
	struct numaperf_ioc_region_new region;
	int err;

	(void)me;
	np_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(LIMITED, 0755);
	if (np_write_file(LIMITED "/memory.max", "8388608") || np_write_file(LIMITED "/cgroup.procs", "0"))
		return 200;
	err = np_region_new(np_open(O_CLOEXEC), order->pages * np_page_size(), &node, 0, 0, &region);
	return err == -ENOMEM && region.reason == NUMAPERF_REASON_NO_MEMORY && region.wrong_node == -1 ? 0 : 1;
}

TEST_F(quota, memory_cgroup_binds_and_kills_nobody)
{
	unsigned long long kills = np_vmstat("oom_kill");
	struct order order = { .node = self->topo.near, .pages = 4096 };
	int status = np_run(geteuid(), make_beyond_cgroup, &order);

	rmdir(LIMITED);
	NP_NEED(status != 200, "no memory cgroups (v2)");
	EXPECT_EQ(0, status);
	EXPECT_EQ(kills, np_vmstat("oom_kill"));
}

TEST_HARNESS_MAIN
