// SPDX-License-Identifier: GPL-2.0
/* Netlink shows nobody more than the device would, by whatever way a socket came to whoever uses it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "np_netlink.h"
#include "np_test.h"
#include "np_track.h"

/* What the children look for and how; shared by fork. */
struct look {
	__u8 command;
	int id_attribute;
	int wanted_attribute;
	__u64 id;
	int node;
};

#define ABSENT	0	/* not told of at all */
#define BARE	1	/* without the wanted attribute */
#define WHOLE	2

struct finding {
	const struct look *look;
	int what;
};

static int look_at(const struct np_message *message, void *arg)
{
	struct finding *finding = arg;
	const struct look *look = finding->look;
	__u64 id = look->command == NUMAPERF_GENL_CMD_LEASES ? np_attr_u64(message, look->id_attribute) :
							       np_attr_u32(message, look->id_attribute);

	if (id == look->id)
		finding->what = message->attributes[look->wanted_attribute] ? WHOLE : BARE;
	return 0;
}

static int look_through(struct np_netlink *nl, const struct look *look)
{
	struct finding finding = { .look = look };
	struct np_dump dump = { .fn = look_at, .arg = &finding };
	int n = np_netlink_dump(nl, look->command, &dump);

	return n < 0 ? 100 : finding.what;
}

static int look_freshly(struct np_child *me, void *arg)
{
	struct np_netlink nl;

	(void)me;
	return np_netlink_open(&nl) ? 101 : look_through(&nl, arg);
}

static int look_as_namespace_root(struct np_child *me, void *arg)
{
	return np_enter_user_namespace() ? NP_NO_NAMESPACE : look_freshly(me, arg);
}

/* Opened by root, used by nobody. */
static int look_after_setuid(struct np_child *me, void *arg)
{
	struct np_netlink nl;

	(void)me;
	if (np_netlink_open(&nl) || setresuid(NP_NOBODY, NP_NOBODY, NP_NOBODY))
		return 101;
	return look_through(&nl, arg);
}

/* Opened by nobody, used by root. */
static int look_through_nobodys(struct np_child *me, void *arg)
{
	struct np_netlink nl;

	(void)me;
	if (setresuid(-1, NP_NOBODY, -1) || np_netlink_open(&nl) || setresuid(-1, 0, -1))
		return 101;
	return look_through(&nl, arg);
}

/* A page of nobody's, or of root's, is pinned by a process that tells the lease. */
static int hold_page(struct np_child *me, void *arg)
{
	struct look *look = arg;
	struct np_set node = np_set_of(look->node);
	struct numaperf_ioc_range_pin pin = { 0 };
	__u64 word;

	np_pin_range(np_open(O_CLOEXEC), np_map_on(look->node, np_page_size()), np_page_size(), &node, 0, &pin);
	return np_say(me, pin.lease) || np_hear(me, &word);
}

static int hold_target(struct np_child *me, void *arg)
{
	__u32 target = 0;
	__u64 word;

	(void)arg;
	np_track(np_open(O_CLOEXEC), 0, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target);
	return np_say(me, target) || np_hear(me, &word);
}

FIXTURE(rights) {
	int fd;
	struct np_netlink nl;
	struct np_child holder;
	struct look look;
};

FIXTURE_VARIANT(rights) {
	__u8 command;
	uid_t holder;
	np_child_fn hold;
	/* whoever looks: */
	np_child_fn looks;
	uid_t as;
	int sees;
};

#define LEASE(name, _holder, _looks, _as, _sees)							\
	FIXTURE_VARIANT_ADD(rights, lease_##name) {							\
		.command = NUMAPERF_GENL_CMD_LEASES, .hold = hold_page, .holder = (_holder),		\
		.looks = (_looks), .as = (_as), .sees = (_sees),					\
	}
#define TARGET(name, _holder, _looks, _as, _sees)							\
	FIXTURE_VARIANT_ADD(rights, target_##name) {							\
		.command = NUMAPERF_GENL_CMD_TARGETS, .hold = hold_target, .holder = (_holder),		\
		.looks = (_looks), .as = (_as), .sees = (_sees),					\
	}

LEASE(of_nobody_is_seen_with_its_address_by_root, NP_NOBODY, look_freshly, 0, WHOLE);
LEASE(of_nobody_is_seen_without_address_by_another_process, NP_NOBODY, look_freshly, NP_NOBODY, BARE);
LEASE(of_nobody_is_hidden_from_somebody, NP_NOBODY, look_freshly, NP_SOMEBODY, ABSENT);
LEASE(of_root_is_hidden_from_nobody, 0, look_freshly, NP_NOBODY, ABSENT);
LEASE(of_root_is_hidden_from_root_of_a_namespace, 0, look_as_namespace_root, NP_NOBODY, ABSENT);
LEASE(of_nobody_is_seen_by_root_of_nobodys_namespace, NP_NOBODY, look_as_namespace_root, NP_NOBODY, BARE);
LEASE(of_root_is_hidden_from_nobody_on_a_socket_of_root, 0, look_after_setuid, 0, ABSENT);
LEASE(of_nobody_is_hidden_from_nobody_on_a_socket_of_root, NP_NOBODY, look_after_setuid, 0, ABSENT);
LEASE(of_root_is_hidden_from_root_on_a_socket_of_nobody, 0, look_through_nobodys, 0, ABSENT);

TARGET(of_nobody_is_seen_with_sums_by_root, NP_NOBODY, look_freshly, 0, WHOLE);
TARGET(of_nobody_is_seen_with_sums_by_nobody, NP_NOBODY, look_freshly, NP_NOBODY, WHOLE);
TARGET(of_nobody_is_hidden_from_somebody, NP_NOBODY, look_freshly, NP_SOMEBODY, ABSENT);
TARGET(of_root_is_hidden_from_nobody, 0, look_freshly, NP_NOBODY, ABSENT);
TARGET(of_root_is_hidden_from_root_on_a_socket_of_nobody, 0, look_through_nobodys, 0, ABSENT);

FIXTURE_SETUP(rights)
{
	struct rlimit unlimited = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
	struct np_topo topo;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &unlimited));
	ASSERT_EQ(0, np_topo_read(&topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->look.command = variant->command;
	self->look.node = topo.near;
	if (variant->command == NUMAPERF_GENL_CMD_LEASES) {
		self->look.id_attribute = NUMAPERF_GENL_LEASE_ID;
		self->look.wanted_attribute = NUMAPERF_GENL_LEASE_ADDR;
	} else {
		self->look.id_attribute = NUMAPERF_GENL_TARGET_ID;
		self->look.wanted_attribute = NUMAPERF_GENL_TARGET_SUM;
	}
	ASSERT_EQ(0, np_spawn(&self->holder, variant->holder, variant->hold, &self->look));
	ASSERT_EQ(0, np_hear(&self->holder, &self->look.id));
}

FIXTURE_TEARDOWN(rights)
{
	np_kill(&self->holder);
	close(self->fd);
}

TEST_F(rights, are_kept)
{
	int saw;

	if (variant->command == NUMAPERF_GENL_CMD_TARGETS)
		NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_NE(0, self->look.id);
	saw = np_run(variant->as, variant->looks, &self->look);
	NP_NEED(saw != NP_NO_NAMESPACE, "this kernel lacks user namespaces");
	EXPECT_EQ(variant->sees, saw);
}

/* -------------------------------------------------------- pid namespaces */

static int look_for_pid(const struct np_message *message, void *arg)
{
	__s64 *pid = arg;

	*pid = (__s32)np_attr_u32(message, NUMAPERF_GENL_LEASE_PID);
	return 0;
}

static int look_from_pid_namespace(struct np_child *me, void *arg)
{
	__s64 pid = -1;
	struct np_dump dump = { .fn = look_for_pid, .arg = &pid };
	struct np_netlink nl;

	(void)me, (void)arg;
	if (np_netlink_open(&nl) || np_netlink_dump(&nl, NUMAPERF_GENL_CMD_LEASES, &dump) != 1)
		return 100;
	return pid;
}

/* In the child of a process that has unshared its pid namespace. */
static int enter_pid_namespace(struct np_child *me, void *arg)
{
	(void)me;
	return unshare(CLONE_NEWPID) ? NP_NO_NAMESPACE : np_run(0, look_from_pid_namespace, arg);
}

FIXTURE(namespaces) {
	struct np_child holder;
	struct look look;
};

FIXTURE_SETUP(namespaces)
{
	struct np_topo topo;

	ASSERT_EQ(0, np_topo_read(&topo));
	self->look.node = topo.near;
	ASSERT_EQ(0, np_spawn(&self->holder, 0, hold_page, &self->look));
	ASSERT_EQ(0, np_hear(&self->holder, &self->look.id));
	ASSERT_NE(0, self->look.id);
}

FIXTURE_TEARDOWN(namespaces)
{
	np_kill(&self->holder);
}

TEST_F(namespaces, pids_outside_the_readers_are_not_told)
{
	EXPECT_EQ(0, np_run(0, enter_pid_namespace, &self->look));
}

/* A container: the family belongs to the host's network namespace, the device works all the same. */
static int use_from_network_namespace(struct np_child *me, void *arg)
{
	struct look *look = arg;
	struct np_set node = np_set_of(look->node);
	struct numaperf_ioc_range_pin pin;
	struct np_netlink nl;
	int fd;

	(void)me;
	if (unshare(CLONE_NEWNET))
		return NP_NO_NAMESPACE;
	fd = np_open(O_CLOEXEC);
	if (np_pin_range(fd, np_map_on(look->node, np_page_size()), np_page_size(), &node, 0, &pin))
		return 101;
	return np_status(np_netlink_open(&nl));
}

TEST_F(namespaces, the_family_is_not_in_another_network_namespace_but_the_device_is)
{
	EXPECT_EQ(ENOENT, np_run(0, use_from_network_namespace, &self->look));
}

TEST_HARNESS_MAIN
