// SPDX-License-Identifier: GPL-2.0
/*
 * As in a container of a user's own: new user, mount, pid and network namespaces, and a filter of system calls that
 * denies what docker's default one does of memory policies and perf. The device works within the user's rights, and
 * says ids as the container sees them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 16
#define LIMIT_PAGES 64

static struct np_counts counts;

#define DENY(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static int deny_policies(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		DENY(mbind), DENY(set_mempolicy), DENY(get_mempolicy), DENY(move_pages), DENY(migrate_pages),
		DENY(perf_event_open), DENY(bpf), DENY(ptrace), DENY(mount), DENY(setns), DENY(unshare),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return -errno;
	return 0;
}

/* What the container's first process does; the outer world is known to it by what was passed. */
struct inside {
	int (*fn)(const struct inside *inside);
	pid_t outer;		/* a process outside */
	__u64 lease;		/* one of root's */
};

static int enter(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", NP_NOBODY);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) ||
	    np_write_file("/proc/self/setgroups", "deny") || np_write_file("/proc/self/uid_map", map) ||
	    np_write_file("/proc/self/gid_map", map))
		return -errno;
	return 0;
}

static int contain(struct np_child *me, void *arg)
{
	const struct inside *inside = arg;
	int status;
	pid_t pid;

	(void)me;
	if (enter())
		return NP_NO_NAMESPACE;
	pid = fork();
	if (pid == 0)
		_exit(getpid() != 1 ? 254 : deny_policies() ? 253 : inside->fn(inside));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 252;
}

FIXTURE(container) {
	int fd;
	struct np_topo topo;
	struct inside inside;
};

FIXTURE_SETUP(container)
{
	struct rlimit limit = {
		.rlim_cur = LIMIT_PAGES * np_page_size(), .rlim_max = LIMIT_PAGES * np_page_size(),
	};

	ASSERT_EQ(0, np_topo_read(&self->topo));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->inside.outer = getpid();
}

FIXTURE_TEARDOWN(container)
{
	close(self->fd);
}

#define INSIDE(self, _fn) ({							\
	int status_;								\
	(self)->inside.fn = (_fn);						\
	status_ = np_run(NP_NOBODY, contain, &(self)->inside);			\
	NP_NEED(status_ != NP_NO_NAMESPACE, "no user namespaces for unprivileged users"); \
	status_;								\
})

/* ------------------------------------------------------ what works there */

/* Memory is found, not placed: a policy can't be set. */
static struct np_set node_of(int fd, char *area, size_t length)
{
	struct numaperf_node_pages nodes[64];
	struct numaperf_ioc_placement arg = {
		.size = sizeof(arg), .addr = (uintptr_t)area, .length = length,
		.nodes = (uintptr_t)nodes, .count = 64, .entry_size = sizeof(nodes[0]),
	};
	struct np_set set = { 0 };

	if (np_ioctl(fd, NUMAPERF_IOC_PLACEMENT, &arg) == 0)
		for (__u32 i = 0; i < arg.count; i++)
			np_set_add(&set, nodes[i].node);
	return set;
}

static int pin_pages(size_t pages, int *ret_fd, struct numaperf_ioc_range_pin *ret_pin)
{
	size_t length = pages * np_page_size();
	char *area = np_map(length);
	int fd = np_open(O_CLOEXEC);
	struct np_set nodes;

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	np_touch(area, length);
	nodes = node_of(fd, area, length);
	return np_pin_range(fd, area, length, &nodes, 0, ret_pin);
}

static int policies_are_denied(const struct inside *inside)
{
	(void)inside;
	return np_task_bind(0, false) == -EPERM ? 0 : 1;
}

TEST_F(container, filter_denies_policies)
{
	EXPECT_EQ(0, INSIDE(self, policies_are_denied));
}

static int pins_a_range(const struct inside *inside)
{
	struct numaperf_ioc_range_pin pin;
	int fd;

	(void)inside;
	return np_status(pin_pages(PAGES, &fd, &pin));
}

TEST_F(container, range_is_pinned)
{
	int status = INSIDE(self, pins_a_range);

	NP_NEED(status != EADDRNOTAVAIL, "untouched memory is movable only here");
	EXPECT_EQ(0, status);
}

static int pins_its_thread(const struct inside *inside)
{
	struct numaperf_ioc_thread_pin pin;
	struct np_topo topo;
	struct np_set one;

	(void)inside;
	if (np_topo_read(&topo))
		return 255;
	one = np_set_of(topo.near_cpu);
	return np_status(np_affinity_set(0, &one) ?: np_pin_thread(np_open(O_CLOEXEC), 0, &one, 0, &pin));
}

TEST_F(container, thread_is_pinned)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_THREAD_PIN);
	EXPECT_EQ(0, INSIDE(self, pins_its_thread));
}

static int is_counted_by_its_own_ids(const struct inside *inside)
{
	int fd = np_open(O_CLOEXEC);
	__u32 target;

	(void)inside;
	if (np_track_faults(fd, 0, NUMAPERF_TRACK_PROCESS, 1, &target))
		return 255;
	np_touch_fresh(PAGES);
	if (np_counts_read(fd, target, 0, &counts))
		return 254;
	return counts.threads[0].pid == 1 && counts.threads[0].tid == 1 && np_faults(&counts) >= PAGES ? 0 : 1;
}

TEST_F(container, process_is_counted_by_its_own_ids)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(0, INSIDE(self, is_counted_by_its_own_ids));
}

/* A process of the container's, by the id that it has there. */
static int tracks_a_child(const struct inside *inside)
{
	int fd = np_open(O_CLOEXEC), err;
	__u32 target;
	pid_t pid = fork();

	(void)inside;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	err = pid != 2 ? -ECHILD : np_track_faults(fd, pid, NUMAPERF_TRACK_PROCESS, 1, &target);
	kill(pid, SIGKILL);
	return np_status(err);
}

TEST_F(container, process_is_found_by_its_id_there)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(0, INSIDE(self, tracks_a_child));
}

static int lease_has_its_own_ids(const struct inside *inside)
{
	struct numaperf_lease_record record;
	struct numaperf_ioc_range_pin pin;
	int fd, err = pin_pages(PAGES, &fd, &pin) ?: np_lease(fd, pin.lease, &record);

	(void)inside;
	return err ? np_status(err) : record.pid == 1 ? 0 : 255;
}

TEST_F(container, lease_has_its_own_ids)
{
	int status = INSIDE(self, lease_has_its_own_ids);

	NP_NEED(status != EADDRNOTAVAIL, "untouched memory is movable only here");
	EXPECT_EQ(0, status);
}

/* ---------------------------------------------------- what does not work */

static int pins_too_much(const struct inside *inside)
{
	struct numaperf_ioc_range_pin pin;
	int fd;

	(void)inside;
	return np_status(pin_pages(LIMIT_PAGES + 1, &fd, &pin));
}

/* Root of the container has CAP_IPC_LOCK there, which counts for nothing. */
TEST_F(container, limit_of_locked_memory_binds)
{
	int status = INSIDE(self, pins_too_much);

	NP_NEED(status != EADDRNOTAVAIL, "untouched memory is movable only here");
	EXPECT_EQ(EDQUOT, status);
}

static int tracks_the_outside(const struct inside *inside)
{
	__u32 target;

	return np_status(np_track_faults(np_open(O_CLOEXEC), inside->outer, NUMAPERF_TRACK_PROCESS, 1, &target));
}

TEST_F(container, process_outside_does_not_exist)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	EXPECT_EQ(ESRCH, INSIDE(self, tracks_the_outside));
}

static int revokes_roots(const struct inside *inside)
{
	return np_status(np_revoke(np_open(O_CLOEXEC), inside->lease));
}

TEST_F(container, lease_outside_cant_be_revoked)
{
	struct np_set node = np_set_of(self->topo.near);
	struct numaperf_ioc_range_pin pin;

	ASSERT_EQ(0, np_pin_range(self->fd, np_map_on(self->topo.near, np_page_size()), np_page_size(), &node, 0, &pin));
	self->inside.lease = pin.lease;
	EXPECT_EQ(EPERM, INSIDE(self, revokes_roots));
}

static int limit_is_told(const struct inside *inside)
{
	struct numaperf_ioc_info info;

	(void)inside;
	if (np_info(np_open(O_CLOEXEC), &info))
		return 255;
	return info.locked_limit == LIMIT_PAGES * np_page_size() ? 0 : 1;
}

TEST_F(container, info_tells_the_limit_that_binds)
{
	EXPECT_EQ(0, INSIDE(self, limit_is_told));
}

TEST_HARNESS_MAIN
