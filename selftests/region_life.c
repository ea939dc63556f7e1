// SPDX-License-Identifier: GPL-2.0
/* Observed regions: what their making tells and refuses, and when they end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"

#define PAGES 64
#define RATE 1000

FIXTURE(life) {
	struct np_topo topo;
	int fd;
	size_t length;
	struct np_set near;
	struct np_region region;
	struct numaperf_ioc_region_new arg;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->length = PAGES * np_page_size();
	self->near = np_set_of(self->topo.near);
	self->region.fd = -1;
}

FIXTURE_TEARDOWN(life)
{
	np_region_end(&self->region);
	close(self->fd);
}

/* ------------------------------------------------------------ what is told */

TEST_F(life, lease_is_listed)
{
	struct numaperf_lease_record record;

	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->length, 0, 0));
	ASSERT_EQ(0, np_lease(self->fd, self->region.arg.lease, &record));
	EXPECT_EQ(NUMAPERF_LEASE_REGION, record.kind);
	EXPECT_EQ(NUMAPERF_LEASE_HELD, record.state);
	EXPECT_EQ(getpid(), record.pid);
	EXPECT_EQ(0, record.tid);
	EXPECT_EQ(0, record.addr);
	EXPECT_EQ(self->length, record.length);
	EXPECT_EQ(self->length, record.held);
}

TEST_F(life, descriptor_is_close_on_exec)
{
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->length, 0, 0));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->region.fd, F_GETFD));
}

TEST_F(life, dry_run_takes_nothing)
{
	struct numaperf_ioc_info before, after;

	ASSERT_EQ(0, np_info(self->fd, &before));
	EXPECT_EQ(0, np_region_new(self->fd, self->length, &self->near, NUMAPERF_DRY_RUN, 0, &self->arg));
	EXPECT_EQ(-1, self->arg.fd);
	EXPECT_EQ(0, self->arg.lease);
	ASSERT_EQ(0, np_info(self->fd, &after));
	EXPECT_EQ(before.locked_bytes, after.locked_bytes);
	EXPECT_EQ(before.leases, after.leases);
}

/* The caller did not learn the number: nobody has it, and nothing is charged. */
TEST_F(life, answer_that_can_not_be_written_leaves_nothing)
{
	struct numaperf_ioc_region_new *arg = np_map(np_page_size());
	int free_fd = dup(self->fd);

	close(free_fd);
	*arg = (struct numaperf_ioc_region_new) {
		.size = sizeof(*arg), .length = self->length, .nodes = (uintptr_t)self->near.words,
		.nodes_bits = NP_SET_BITS,
	};
	ASSERT_EQ(0, mprotect(arg, np_page_size(), PROT_READ));
	EXPECT_EQ(-EFAULT, np_ioctl(self->fd, NUMAPERF_IOC_REGION_NEW, arg));
	EXPECT_EQ(-1, fcntl(free_fd, F_GETFD));
	EXPECT_TRUE(np_eventually(({
		struct numaperf_ioc_info info;

		np_info(self->fd, &info) == 0 && info.leases == 0;
	})));
}

/* ----------------------------------------------------------------- refused */

TEST_F(life, wrong_values_are_EINVAL)
{
	struct np_set none = { 0 };
	size_t page = np_page_size();

	EXPECT_EQ(-EINVAL, np_region_new(self->fd, 0, &self->near, 0, 0, &self->arg));
	EXPECT_EQ(-EINVAL, np_region_new(self->fd, page + 1, &self->near, 0, 0, &self->arg));
	EXPECT_EQ(-EINVAL, np_region_new(self->fd, ~0ULL - page + 1, &self->near, 0, 0, &self->arg));
	EXPECT_EQ(-EINVAL, np_region_new(self->fd, page, &none, 0, 0, &self->arg));
	EXPECT_EQ(-EINVAL, np_region_new(self->fd, page, &self->near, 0, NUMAPERF_REGION_RATE_MAX + 1, &self->arg));
}

TEST_F(life, more_parts_than_pages_are_EINVAL)
{
	struct numaperf_ioc_region_new arg = {
		.size = sizeof(arg), .flags = NUMAPERF_DRY_RUN, .length = 2 * np_page_size(),
		.nodes = (uintptr_t)self->near.words, .nodes_bits = NP_SET_BITS, .parts = 3,
	};

	EXPECT_EQ(-EINVAL, np_ioctl(self->fd, NUMAPERF_IOC_REGION_NEW, &arg));
	arg.parts = 2;
	EXPECT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_REGION_NEW, &arg));
}

/* More than any node has: at once, with the node's name, and nobody is killed for it. */
TEST_F(life, too_large_is_ENOMEM_with_the_node)
{
	unsigned long long kills = np_vmstat("oom_kill");

	EXPECT_EQ(-ENOMEM, np_region_new(self->fd, 1ULL << 40, &self->near, 0, 0, &self->arg));
	EXPECT_EQ(NUMAPERF_REASON_NODE_MEMORY, self->arg.reason);
	EXPECT_EQ(self->topo.near, self->arg.wrong_node);
	EXPECT_EQ(kills, np_vmstat("oom_kill"));
}

/* As much as the node has in all: none of it can be given, and nothing of the attempt stays. */
TEST_F(life, whole_node_is_ENOMEM_and_leaves_nothing)
{
	char path[64];
	long long total, before;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", self->topo.near);
	{
		char text[4096], *at;

		ASSERT_LT(0, np_read_file(path, text, sizeof(text)));
		at = strstr(text, "MemTotal:");
		ASSERT_NE(NULL, at);
		total = strtoll(at + 9, NULL, 10) * 1024;
	}
	before = np_vmstat("oom_kill");
	total = total / np_page_size() * np_page_size();
	EXPECT_EQ(-ENOMEM, np_region_new(self->fd, total, &self->near, 0, 0, &self->arg));
	EXPECT_EQ(self->topo.near, self->arg.wrong_node);
	EXPECT_EQ(before, (long long)np_vmstat("oom_kill"));
	EXPECT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->length, 0, 0));
}

TEST_F(life, movable_node_is_refused)
{
	int movable = np_set_first(&self->topo.movable);
	struct np_set nodes = np_set_of(movable < 0 ? 0 : movable);

	NP_NEED(movable >= 0, "needs a node whose memory is all movable");
	EXPECT_EQ(-EADDRNOTAVAIL, np_region_new(self->fd, self->length, &nodes, 0, 0, &self->arg));
	EXPECT_EQ(NUMAPERF_REASON_MOVABLE_ONLY, self->arg.reason);
	EXPECT_EQ(movable, self->arg.wrong_node);
}

TEST_F(life, interleaved_pages_alternate)
{
	struct np_set both = np_set_of(self->topo.near);
	int first, second;

	NP_NEED_TWO_NODES(self->topo);
	NP_NEED_TWO_PINNABLE(self->topo);
	np_set_add(&both, self->topo.far);
	first = np_set_first(&both);
	second = np_set_next(&both, first);
	self->region.session = self->fd;
	self->region.length = self->length;
	ASSERT_EQ(0, np_region_new(self->fd, self->length, &both, NUMAPERF_REGION_INTERLEAVE, 0, &self->region.arg));
	self->region.fd = self->region.arg.fd;
	self->region.at = mmap(NULL, self->length, PROT_READ | PROT_WRITE, MAP_SHARED, self->region.fd, 0);
	np_touch(self->region.at, self->length);
	for (int i = 0; i < PAGES; i++)
		ASSERT_EQ(i % 2 ? second : first, np_node_of_page(self->region.at + i * np_page_size()));
}

static void do_nothing(int signal)
{
	(void)signal;
}

/* A signal comes every millisecond; so much memory takes longer. */
TEST_F(life, making_is_interrupted_by_a_signal)
{
	struct sigaction action = { .sa_handler = do_nothing };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	struct numaperf_ioc_info info;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	EXPECT_EQ(-EINTR, np_region_new(self->fd, 128 << 20, &self->near, 0, 0, &self->arg));
	setitimer(ITIMER_REAL, &never, NULL);
	ASSERT_EQ(0, np_info(self->fd, &info));
	EXPECT_EQ(0, info.locked_bytes);
	EXPECT_EQ(0, info.leases);
}

/* ------------------------------------------------------------------- ends */

static struct np_region_counts counts;

TEST_F(life, release_leaves_the_memory)
{
	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->length, 0, RATE));
	self->region.at[5] = 7;
	ASSERT_EQ(0, np_release(self->fd, self->region.arg.lease));
	EXPECT_EQ(7, self->region.at[5]);
	np_touch(self->region.at, self->length);
	EXPECT_EQ(-ENOENT, np_region_read(self->fd, self->region.arg.lease, &counts));
	EXPECT_EQ(-ENOENT, np_region_set(self->fd, self->region.arg.lease, RATE, 0));
}

TEST_F(life, close_of_the_session_leaves_the_memory)
{
	int other = np_open(O_CLOEXEC);

	ASSERT_EQ(0, np_region_make(&self->region, other, self->topo.near, self->length, 0, RATE));
	self->region.at[5] = 7;
	close(other);
	EXPECT_TRUE(np_lease_gone(self->fd, self->region.arg.lease));
	EXPECT_EQ(7, self->region.at[5]);
	np_touch(self->region.at, self->length);
	self->region.arg.lease = 0;
}

TEST_F(life, revoked_lease_is_told)
{
	struct numaperf_event_record event;

	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->length, 0, RATE));
	ASSERT_EQ(0, np_revoke(self->fd, self->region.arg.lease));
	ASSERT_EQ(0, np_event(self->fd, &event));
	EXPECT_EQ(NUMAPERF_EVENT_LEASE_ENDED, event.type);
	EXPECT_EQ(NUMAPERF_REASON_REVOKED, event.reason);
	np_touch(self->region.at, self->length);
}

TEST_F(life, end_of_the_memory_ends_the_lease)
{
	struct numaperf_event_record event;

	ASSERT_EQ(0, np_region_make(&self->region, self->fd, self->topo.near, self->length, 0, RATE));
	np_touch(self->region.at, self->length);
	close(self->region.fd);
	self->region.fd = -1;
	np_unmap(self->region.at, self->length);
	self->region.at = NULL;
	ASSERT_EQ(0, np_event(self->fd, &event));
	EXPECT_EQ(NUMAPERF_REASON_UNMAPPED_ALL, event.reason);
	EXPECT_EQ(self->region.arg.lease, event.id);
}

/* The parent keeps the session and, by a descriptor passed on, the memory. */
static int make_and_exec(struct np_child *me, void *arg)
{
	struct np_region region;
	int *session = arg;
	struct np_topo topo;

	np_topo_read(&topo);
	if (np_region_make(&region, *session, topo.near, np_page_size(), 0, RATE))
		return 1;
	np_say(me, region.arg.lease);
	return np_status(np_exec_helper(np_helper_path(), "wait", 0, me->socket));
}

TEST_F(life, exec_ends_it)
{
	struct numaperf_event_record event;
	struct np_child child;
	__u64 lease, word;

	ASSERT_EQ(0, np_spawn(&child, geteuid(), make_and_exec, &self->fd));
	ASSERT_EQ(0, np_hear(&child, &lease));
	ASSERT_EQ(0, np_hear(&child, &word));
	ASSERT_EQ(0, np_event(self->fd, &event));
	EXPECT_EQ(NUMAPERF_EVENT_LEASE_ENDED, event.type);
	EXPECT_EQ(lease, event.id);
	EXPECT_TRUE(np_lease_gone(self->fd, lease));
	np_reap(&child);
}

TEST_F(life, module_stays_while_memory_is_there)
{
	char parameters[512];
	int session = np_open(O_CLOEXEC);

	np_module_parameters(parameters, sizeof(parameters));
	close(self->fd);
	ASSERT_EQ(0, np_region_make(&self->region, session, self->topo.near, self->length, 0, RATE));
	np_touch(self->region.at, self->length);
	close(session);
	EXPECT_NE(0, np_module_unload());
	np_touch(self->region.at, self->length);
	self->region.arg.lease = 0;
	np_region_end(&self->region);
	EXPECT_TRUE(np_eventually(np_module_unload() == 0));
	EXPECT_EQ(0, np_module_load(parameters));
	self->fd = np_open(O_CLOEXEC);
}

TEST_HARNESS_MAIN
