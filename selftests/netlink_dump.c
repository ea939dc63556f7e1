// SPDX-License-Identifier: GPL-2.0
/* Netlink's INFO, LEASES and TARGETS: they tell what the device tells, in as many messages as it takes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_netlink.h"
#include "np_test.h"
#include "np_track.h"

#define MANY 1000
#define TAKERS 50

FIXTURE(netlink) {
	int fd;
	struct np_netlink nl;
	struct np_topo topo;
	struct np_set node;
	struct np_set cpu;
};

FIXTURE_SETUP(netlink)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->node = np_set_of(self->topo.near);
	self->cpu = np_set_of(self->topo.near_cpu);
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_netlink_open(&self->nl));
}

FIXTURE_TEARDOWN(netlink)
{
	np_netlink_close(&self->nl);
	close(self->fd);
}

TEST_F(netlink, is_a_feature)
{
	EXPECT_TRUE(np_feature(self->fd, NUMAPERF_FEATURE_NETLINK));
}

/* ------------------------------------------------------------------ info */

TEST_F(netlink, info_tells_what_the_ioctl_tells)
{
	struct numaperf_ioc_info info;
	struct np_message message;

	ASSERT_EQ(0, np_info(self->fd, &info));
	ASSERT_EQ(0, np_netlink_ask(&self->nl, NUMAPERF_GENL_CMD_INFO, &message));
	EXPECT_EQ(NUMAPERF_GENL_CMD_INFO, message.command);
	EXPECT_EQ(info.features, np_attr_u64(&message, NUMAPERF_GENL_INFO_FEATURES));
	EXPECT_EQ(info.known, np_attr_u64(&message, NUMAPERF_GENL_INFO_KNOWN));
	EXPECT_EQ(info.node_ids, np_attr_u32(&message, NUMAPERF_GENL_INFO_NODE_IDS));
	EXPECT_EQ(info.cpu_ids, np_attr_u32(&message, NUMAPERF_GENL_INFO_CPU_IDS));
	EXPECT_EQ(info.page_size, np_attr_u32(&message, NUMAPERF_GENL_INFO_PAGE_SIZE));
	EXPECT_EQ(info.sessions, np_attr_u32(&message, NUMAPERF_GENL_INFO_SESSIONS));
}

TEST_F(netlink, info_tells_why_a_feature_is_missing)
{
	struct numaperf_ioc_info info;
	struct np_message message;
	const void *reasons;
	size_t length;

	ASSERT_EQ(0, np_info(self->fd, &info));
	ASSERT_EQ(0, np_netlink_ask(&self->nl, NUMAPERF_GENL_CMD_INFO, &message));
	ASSERT_NE(NULL, message.attributes[NUMAPERF_GENL_INFO_REASONS]);
	reasons = np_attr_data(message.attributes[NUMAPERF_GENL_INFO_REASONS], &length);
	ASSERT_EQ(NUMAPERF_FEATURE_COUNT * sizeof(__u16), length);
	EXPECT_EQ(0, memcmp(info.reasons, reasons, length));
}

TEST_F(netlink, takes_no_attributes)
{
	struct nlattr attribute = { .nla_len = NLA_HDRLEN, .nla_type = 1 };

	EXPECT_EQ(-EINVAL, np_netlink_send(&self->nl, NUMAPERF_GENL_CMD_INFO, 0, &attribute, sizeof(attribute)));
	EXPECT_EQ(-EINVAL, np_netlink_send(&self->nl, NUMAPERF_GENL_CMD_LEASES, NLM_F_DUMP, &attribute,
					   sizeof(attribute)));
}

TEST_F(netlink, refuses_unknown_commands)
{
	EXPECT_EQ(-EOPNOTSUPP, np_netlink_send(&self->nl, NUMAPERF_GENL_CMD_COUNT, 0, NULL, 0));
}

TEST_F(netlink, events_are_no_question)
{
	EXPECT_EQ(-EOPNOTSUPP, np_netlink_send(&self->nl, NUMAPERF_GENL_CMD_EVENT, 0, NULL, 0));
}

/* ---------------------------------------------------------------- leases */

struct search {
	__u64 id;
	int found;
	struct np_message message;
};

static int match_lease(const struct np_message *message, void *arg)
{
	struct search *search = arg;

	if (np_attr_u64(message, NUMAPERF_GENL_LEASE_ID) != search->id)
		return 0;
	search->found++;
	np_message_copy(&search->message, message);
	return 0;
}

static int find_lease(struct np_netlink *nl, struct search *search)
{
	struct np_dump dump = { .fn = match_lease, .arg = search };

	search->found = 0;
	return np_netlink_dump(nl, NUMAPERF_GENL_CMD_LEASES, &dump);
}

static void expect_same(struct __test_metadata *_metadata, const struct np_message *message,
			const struct numaperf_lease_record *record)
{
	EXPECT_EQ(record->id, np_attr_u64(message, NUMAPERF_GENL_LEASE_ID));
	EXPECT_EQ(record->kind, np_attr_u32(message, NUMAPERF_GENL_LEASE_KIND));
	EXPECT_EQ(record->state, np_attr_u32(message, NUMAPERF_GENL_LEASE_STATE));
	EXPECT_EQ(record->reason, np_attr_u32(message, NUMAPERF_GENL_LEASE_REASON));
	EXPECT_EQ(record->flags, np_attr_u32(message, NUMAPERF_GENL_LEASE_FLAGS));
	EXPECT_EQ(record->pid, (__s32)np_attr_u32(message, NUMAPERF_GENL_LEASE_PID));
	EXPECT_EQ(record->tid, (__s32)np_attr_u32(message, NUMAPERF_GENL_LEASE_TID));
	EXPECT_EQ(record->uid, np_attr_u32(message, NUMAPERF_GENL_LEASE_UID));
	EXPECT_EQ(record->threads, np_attr_u32(message, NUMAPERF_GENL_LEASE_THREADS));
	EXPECT_EQ(record->since_ns, np_attr_u64(message, NUMAPERF_GENL_LEASE_SINCE));
	EXPECT_EQ(record->length, np_attr_u64(message, NUMAPERF_GENL_LEASE_LENGTH));
	EXPECT_EQ(record->held, np_attr_u64(message, NUMAPERF_GENL_LEASE_HELD));
	EXPECT_EQ(record->losses, np_attr_u64(message, NUMAPERF_GENL_LEASE_LOSSES));
	ASSERT_NE(NULL, message->attributes[NUMAPERF_GENL_LEASE_COMM]);
	EXPECT_STREQ(record->comm, np_attr_data(message->attributes[NUMAPERF_GENL_LEASE_COMM], NULL));
}

static void expect_set(struct __test_metadata *_metadata, const struct np_message *message,
		       const struct np_set *wanted)
{
	struct np_set set = { 0 };
	const void *data;
	size_t length;

	ASSERT_NE(NULL, message->attributes[NUMAPERF_GENL_LEASE_SET]);
	data = np_attr_data(message->attributes[NUMAPERF_GENL_LEASE_SET], &length);
	ASSERT_GE(sizeof(set), length);
	memcpy(set.words, data, length);
	EXPECT_TRUE(np_set_equal(wanted, &set));
}

TEST_F(netlink, tells_of_a_thread_pin_what_the_ioctl_tells)
{
	struct numaperf_ioc_thread_pin pin;
	struct numaperf_lease_record record;
	struct search search;

	ASSERT_EQ(0, np_affinity_set(0, &self->cpu));
	ASSERT_EQ(0, np_pin_thread(self->fd, 0, &self->cpu, 0, &pin));
	ASSERT_EQ(0, np_lease(self->fd, pin.lease, &record));
	search.id = pin.lease;
	ASSERT_LT(0, find_lease(&self->nl, &search));
	ASSERT_EQ(1, search.found);
	expect_same(_metadata, &search.message, &record);
	expect_set(_metadata, &search.message, &self->cpu);
}

static int pin_page(int fd, const struct np_set *node, struct numaperf_ioc_range_pin *pin)
{
	return np_pin_range(fd, np_map_on(np_set_first(node), np_page_size()), np_page_size(), node, 0, pin);
}

TEST_F(netlink, tells_of_a_range_pin_what_the_ioctl_tells)
{
	struct numaperf_ioc_range_pin pin;
	struct numaperf_lease_record record;
	struct search search;

	ASSERT_EQ(0, pin_page(self->fd, &self->node, &pin));
	ASSERT_EQ(0, np_lease(self->fd, pin.lease, &record));
	search.id = pin.lease;
	ASSERT_LT(0, find_lease(&self->nl, &search));
	ASSERT_EQ(1, search.found);
	expect_same(_metadata, &search.message, &record);
	expect_set(_metadata, &search.message, &self->node);
	EXPECT_EQ(record.addr, np_attr_u64(&search.message, NUMAPERF_GENL_LEASE_ADDR));
}

/* ------------------------------------------------------------------ many */

FIXTURE(many) {
	int fd;
	struct np_netlink nl;
	struct np_set node;
	char *pages;
	__u64 ids[MANY];
};

/* A pin waits more than it works: many threads take them. */
struct taker {
	FIXTURE_DATA(many) *self;
	int first;
	pthread_t thread;
};

static void *take(void *arg)
{
	struct taker *taker = arg;
	FIXTURE_DATA(many) *self = taker->self;
	struct numaperf_ioc_range_pin pin;
	size_t page = np_page_size();

	for (int i = taker->first; i < taker->first + MANY / TAKERS; i++)
		self->ids[i] = np_pin_range(self->fd, self->pages + i * page, page, &self->node, 0, &pin) ? 0 : pin.lease;
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return (x > y) - (x < y);
}

FIXTURE_SETUP(many)
{
	struct taker takers[TAKERS];
	struct np_topo topo;

	ASSERT_EQ(0, np_topo_read(&topo));
	ASSERT_EQ(0, np_netlink_open(&self->nl));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->node = np_set_of(topo.near);
	self->pages = np_map_on(topo.near, MANY * np_page_size());
	for (int i = 0; i < TAKERS; i++) {
		takers[i] = (struct taker) { .self = self, .first = i * (MANY / TAKERS) };
		ASSERT_EQ(0, pthread_create(&takers[i].thread, NULL, take, &takers[i]));
	}
	for (int i = 0; i < TAKERS; i++)
		pthread_join(takers[i].thread, NULL);
	qsort(self->ids, MANY, sizeof(self->ids[0]), compare_ids);
	ASSERT_NE(0, self->ids[0]);
}

FIXTURE_TEARDOWN(many)
{
	/* Closing would end one after the other, each waiting for a grace period; exit ends them side by side. */
	np_netlink_close(&self->nl);
}

/* What a dump has told: each id of ours once, all in ascending order. */
struct told {
	const __u64 *ids;
	int count;
	char seen[MANY];
	__u64 last;
};

static int tell(const struct np_message *message, void *arg)
{
	struct told *told = arg;
	__u64 id = np_attr_u64(message, NUMAPERF_GENL_LEASE_ID);

	if (id <= told->last)
		return -EBADMSG;
	told->last = id;
	for (int i = 0; i < told->count; i++)
		told->seen[i] += told->ids[i] == id;
	return 0;
}

static int count_seen(const struct told *told)
{
	int n = 0;

	for (int i = 0; i < told->count; i++)
		n += told->seen[i] == 1;
	return n;
}

TEST_F(many, leases_come_in_several_parts_each_once)
{
	struct told told = { .ids = self->ids, .count = MANY };
	struct np_dump dump = { .fn = tell, .arg = &told, .size = 8192 };

	ASSERT_LE(MANY, np_netlink_dump(&self->nl, NUMAPERF_GENL_CMD_LEASES, &dump));
	EXPECT_EQ(MANY, count_seen(&told));
	EXPECT_LT(10, dump.parts);
	EXPECT_FALSE(dump.flags & NLM_F_DUMP_INTR);
}

/* After the first part, some of the last ones end. */
static bool ends(int i)
{
	return i % 2 && i >= MANY - 60;
}

static int end_some(int fd, const __u64 *ids)
{
	int err = 0;

	for (int i = 0; i < MANY && !err; i++)
		if (ends(i))
			err = np_release(fd, ids[i]);
	return err;
}

TEST_F(many, leases_that_stay_are_told_though_others_end_meanwhile)
{
	struct told told = { .ids = self->ids, .count = MANY };
	struct np_dump dump = { .fn = tell, .arg = &told, .size = 8192 };
	bool done = false;

	ASSERT_EQ(0, np_netlink_dump_begin(&self->nl, NUMAPERF_GENL_CMD_LEASES));
	ASSERT_LT(0, np_netlink_dump_go_on(&self->nl, &dump, &done));
	ASSERT_FALSE(done);
	ASSERT_EQ(0, end_some(self->fd, self->ids));
	while (!done)
		ASSERT_LE(0, np_netlink_dump_go_on(&self->nl, &dump, &done));
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(!ends(i), told.seen[i]);
	EXPECT_TRUE(dump.flags & NLM_F_DUMP_INTR);
}

/* --------------------------------------------------------------- targets */

static int match_target(const struct np_message *message, void *arg)
{
	struct search *search = arg;

	if (np_attr_u32(message, NUMAPERF_GENL_TARGET_ID) != search->id)
		return 0;
	search->found++;
	np_message_copy(&search->message, message);
	return 0;
}

static int find_target(struct np_netlink *nl, struct search *search)
{
	struct np_dump dump = { .fn = match_target, .arg = search };

	search->found = 0;
	return np_netlink_dump(nl, NUMAPERF_GENL_CMD_TARGETS, &dump);
}

TEST_F(netlink, tells_of_a_target)
{
	struct search search;
	__u32 target;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target));
	search.id = target;
	ASSERT_LT(0, find_target(&self->nl, &search));
	ASSERT_EQ(1, search.found);
	EXPECT_EQ(0, np_attr_u32(&search.message, NUMAPERF_GENL_TARGET_UID));
	EXPECT_EQ(getpid(), (pid_t)np_attr_u32(&search.message, NUMAPERF_GENL_TARGET_PID));
	EXPECT_EQ(0, np_attr_u32(&search.message, NUMAPERF_GENL_TARGET_TID));
	EXPECT_EQ(NUMAPERF_TRACK_PROCESS, np_attr_u32(&search.message, NUMAPERF_GENL_TARGET_FLAGS));
	EXPECT_EQ(NP_FAULT, np_attr_u32(&search.message, NUMAPERF_GENL_TARGET_SOURCES));
	EXPECT_EQ(1, np_attr_u32(&search.message, NUMAPERF_GENL_TARGET_THREADS));
	EXPECT_EQ(0, np_attr_u64(&search.message, NUMAPERF_GENL_TARGET_UNTRACKED));
}

TEST_F(netlink, target_of_one_thread_names_it)
{
	struct search search;
	__u32 target;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, 0, &target));
	search.id = target;
	ASSERT_LT(0, find_target(&self->nl, &search));
	EXPECT_EQ((pid_t)syscall(SYS_gettid), (pid_t)np_attr_u32(&search.message, NUMAPERF_GENL_TARGET_TID));
}

TEST_F(netlink, targets_of_two_sessions_have_two_ids)
{
	int other = np_open(O_CLOEXEC);
	__u32 a, b;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, 0, &a));
	ASSERT_EQ(0, np_track(other, 0, NP_FAULT, 0, &b));
	EXPECT_NE(a, b);
}

TEST_F(netlink, target_goes_with_its_session)
{
	int other = np_open(O_CLOEXEC);
	struct search search;
	__u32 target;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_track(other, 0, NP_FAULT, 0, &target));
	close(other);
	search.id = target;
	ASSERT_LE(0, find_target(&self->nl, &search));
	EXPECT_EQ(0, search.found);
}

static __u64 sum_of(const struct np_message *message, int type)
{
	const struct nlattr *sum[NP_ATTRIBUTES];
	struct np_message inner;
	size_t length;
	const void *data;

	if (!message->attributes[NUMAPERF_GENL_TARGET_SUM])
		return ~0ULL;
	data = np_attr_data(message->attributes[NUMAPERF_GENL_TARGET_SUM], &length);
	np_attr_parse(data, length, sum);
	memcpy(inner.attributes, sum, sizeof(sum));
	return np_attr_u64(&inner, type);
}

TEST_F(netlink, sums_of_a_target_are_those_of_its_cells)
{
	static struct np_counts counts;
	struct search search;
	__u32 target;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_affinity_set(0, &self->cpu));
	ASSERT_EQ(0, np_track_faults(self->fd, 0, 0, 1, &target));
	np_touch(np_map(500 * np_page_size()), 500 * np_page_size());
	/* So that both see the same. */
	ASSERT_EQ(0, np_counts_read(self->fd, target, NUMAPERF_READ_STOP, &counts));
	search.id = target;
	ASSERT_LT(0, find_target(&self->nl, &search));
	ASSERT_EQ(1, search.found);
	EXPECT_LE(500, sum_of(&search.message, NUMAPERF_GENL_SUM_SAMPLES));
	EXPECT_EQ(np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY),
		  sum_of(&search.message, NUMAPERF_GENL_SUM_SAMPLES));
	EXPECT_EQ(np_local_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT),
		  sum_of(&search.message, NUMAPERF_GENL_SUM_LOCAL_SAMPLES));
	EXPECT_EQ(np_sampled_pages(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY),
		  sum_of(&search.message, NUMAPERF_GENL_SUM_PAGES));
}

TEST_HARNESS_MAIN
