// SPDX-License-Identifier: GPL-2.0
/* Every call: sizes of its structure, unknown flags, padding, pointers that lead nowhere. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "np_test.h"

/* What a newer caller's structure has behind the known end. */
#define TAIL 8

#define ARRAY_ROOM 64

struct env {
	int fd;
	__u32 target;
	void *page;
	struct np_set cpus, nodes;
	struct numaperf_thread_record threads[ARRAY_ROOM];
	struct numaperf_cell cells[ARRAY_ROOM];
	struct numaperf_lease_record leases[ARRAY_ROOM];
	struct numaperf_node_pages node_pages[ARRAY_ROOM];
};

union argument {
	__u32 words[256];
	struct numaperf_ioc_info info;
	struct numaperf_ioc_thread_pin thread_pin;
	struct numaperf_ioc_range_pin range_pin;
	struct numaperf_ioc_release release;
	struct numaperf_ioc_placement placement;
	struct numaperf_ioc_track track;
	struct numaperf_ioc_read read;
	struct numaperf_ioc_leases leases;
	struct numaperf_ioc_watch watch;
	struct numaperf_ioc_counters counters;
	struct numaperf_ioc_alarm alarm;
	struct numaperf_ioc_rearm rearm;
	struct numaperf_ioc_region_new region_new;
	struct numaperf_ioc_region_set region_set;
	struct numaperf_ioc_region_read region_read;
};

FIXTURE(call) {
	struct env env;
	union argument arg;
};

/* @valid fills in a request that is answered with @answer; takers are asked for a dry run. */
FIXTURE_VARIANT(call) {
	unsigned long nr;
	__u32 size;
	__u32 flags;
	__u32 known_flags;
	int answer;
	void (*valid)(struct env *env, union argument *arg);
};

static void valid_nothing(struct env *env, union argument *arg)
{
	(void)env;
	(void)arg;
}

static void valid_thread_pin(struct env *env, union argument *arg)
{
	arg->thread_pin.cpus = (uintptr_t)env->cpus.words;
	arg->thread_pin.cpus_bits = NP_SET_BITS;
}

static void valid_range_pin(struct env *env, union argument *arg)
{
	arg->range_pin.addr = (uintptr_t)env->page;
	arg->range_pin.length = np_page_size();
	arg->range_pin.nodes = (uintptr_t)env->nodes.words;
	arg->range_pin.nodes_bits = NP_SET_BITS;
}

static void valid_release(struct env *env, union argument *arg)
{
	(void)env;
	arg->release.lease = ~0ULL;
}

static void valid_rearm(struct env *env, union argument *arg)
{
	(void)env;
	arg->rearm.lease = ~0ULL;
}

static void valid_placement(struct env *env, union argument *arg)
{
	arg->placement.addr = (uintptr_t)env->page;
	arg->placement.length = np_page_size();
	arg->placement.nodes = (uintptr_t)env->node_pages;
	arg->placement.count = ARRAY_ROOM;
	arg->placement.entry_size = sizeof(env->node_pages[0]);
}

static void valid_track(struct env *env, union argument *arg)
{
	(void)env;
	arg->track.sources = 1U << NUMAPERF_SOURCE_FAULT;
}

static void valid_read(struct env *env, union argument *arg)
{
	arg->read.target = env->target;
	arg->read.threads = (uintptr_t)env->threads;
	arg->read.nr_threads = ARRAY_ROOM;
	arg->read.thread_size = sizeof(env->threads[0]);
	arg->read.cells = (uintptr_t)env->cells;
	arg->read.nr_cells = ARRAY_ROOM;
	arg->read.cell_size = sizeof(env->cells[0]);
}

/* A range of the target that is not there. */
static void valid_watch(struct env *env, union argument *arg)
{
	arg->watch.target = env->target;
	arg->watch.range = ~0U;
}

static void valid_counters(struct env *env, union argument *arg)
{
	arg->counters.target = env->target;
}

static void valid_alarm(struct env *env, union argument *arg)
{
	arg->alarm = (struct numaperf_ioc_alarm) {
		.target = env->target, .source = NUMAPERF_SOURCE_FAULT, .below = 1, .above = 1, .samples = 1,
		.window_ms = 1000,
	};
}

static bool wants_target(unsigned long nr)
{
	return nr == NUMAPERF_IOC_READ || nr == NUMAPERF_IOC_WATCH || nr == NUMAPERF_IOC_COUNTERS ||
	       nr == NUMAPERF_IOC_ALARM;
}

static void valid_leases(struct env *env, union argument *arg)
{
	arg->leases.entries = (uintptr_t)env->leases;
	arg->leases.count = ARRAY_ROOM;
	arg->leases.entry_size = sizeof(env->leases[0]);
}

static void valid_region_new(struct env *env, union argument *arg)
{
	arg->region_new.length = np_page_size();
	arg->region_new.nodes = (uintptr_t)env->nodes.words;
	arg->region_new.nodes_bits = NP_SET_BITS;
}

static void valid_region_set(struct env *env, union argument *arg)
{
	(void)env;
	arg->region_set.lease = ~0ULL;
}

static void valid_region_read(struct env *env, union argument *arg)
{
	(void)env;
	arg->region_read.lease = ~0ULL;
	arg->region_read.thread_size = sizeof(struct numaperf_region_thread);
	arg->region_read.cell_size = sizeof(struct numaperf_region_cell);
	arg->region_read.sample_size = sizeof(struct numaperf_region_sample);
}

FIXTURE_VARIANT_ADD(call, info) {
	.nr = NUMAPERF_IOC_INFO, .size = sizeof(struct numaperf_ioc_info), .valid = valid_nothing,
};
FIXTURE_VARIANT_ADD(call, thread_pin) {
	.nr = NUMAPERF_IOC_THREAD_PIN, .size = sizeof(struct numaperf_ioc_thread_pin),
	.flags = NUMAPERF_DRY_RUN, .valid = valid_thread_pin,
	.known_flags = NUMAPERF_DRY_RUN | NUMAPERF_PIN_INHERIT_THREADS | NUMAPERF_PIN_INHERIT_CHILDREN |
		       NUMAPERF_PIN_KEEP_ON_EXEC | NUMAPERF_PIN_EXCLUSIVE,
};
FIXTURE_VARIANT_ADD(call, range_pin) {
	.nr = NUMAPERF_IOC_RANGE_PIN, .size = sizeof(struct numaperf_ioc_range_pin),
	.flags = NUMAPERF_DRY_RUN, .known_flags = NUMAPERF_DRY_RUN, .valid = valid_range_pin,
};
FIXTURE_VARIANT_ADD(call, release) {
	.nr = NUMAPERF_IOC_RELEASE, .size = sizeof(struct numaperf_ioc_release), .answer = -ENOENT,
	.valid = valid_release,
};
FIXTURE_VARIANT_ADD(call, rearm) {
	.nr = NUMAPERF_IOC_REARM, .size = sizeof(struct numaperf_ioc_rearm), .answer = -ENOENT,
	.flags = NUMAPERF_DRY_RUN, .known_flags = NUMAPERF_DRY_RUN, .valid = valid_rearm,
};
FIXTURE_VARIANT_ADD(call, revoke) {
	.nr = NUMAPERF_IOC_REVOKE, .size = sizeof(struct numaperf_ioc_release), .answer = -ENOENT,
	.valid = valid_release,
};
FIXTURE_VARIANT_ADD(call, placement) {
	.nr = NUMAPERF_IOC_PLACEMENT, .size = sizeof(struct numaperf_ioc_placement), .valid = valid_placement,
};
FIXTURE_VARIANT_ADD(call, track) {
	.nr = NUMAPERF_IOC_TRACK, .size = sizeof(struct numaperf_ioc_track), .flags = NUMAPERF_DRY_RUN,
	.known_flags = NUMAPERF_DRY_RUN | NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN, .valid = valid_track,
};
FIXTURE_VARIANT_ADD(call, read) {
	.nr = NUMAPERF_IOC_READ, .size = sizeof(struct numaperf_ioc_read),
	.known_flags = NUMAPERF_READ_STOP | NUMAPERF_READ_RANGES, .valid = valid_read,
};
FIXTURE_VARIANT_ADD(call, watch) {
	.nr = NUMAPERF_IOC_WATCH, .size = sizeof(struct numaperf_ioc_watch), .answer = -ENOENT, .valid = valid_watch,
};
FIXTURE_VARIANT_ADD(call, counters) {
	.nr = NUMAPERF_IOC_COUNTERS, .size = sizeof(struct numaperf_ioc_counters), .valid = valid_counters,
};
FIXTURE_VARIANT_ADD(call, alarm) {
	.nr = NUMAPERF_IOC_ALARM, .size = sizeof(struct numaperf_ioc_alarm), .valid = valid_alarm,
};
FIXTURE_VARIANT_ADD(call, leases) {
	.nr = NUMAPERF_IOC_LEASES, .size = sizeof(struct numaperf_ioc_leases),
	.known_flags = NUMAPERF_LEASES_MINE, .valid = valid_leases,
};

FIXTURE_VARIANT_ADD(call, region_new) {
	.nr = NUMAPERF_IOC_REGION_NEW, .size = sizeof(struct numaperf_ioc_region_new), .flags = NUMAPERF_DRY_RUN,
	.known_flags = NUMAPERF_DRY_RUN | NUMAPERF_REGION_HUGE | NUMAPERF_REGION_INTERLEAVE,
	.valid = valid_region_new,
};
FIXTURE_VARIANT_ADD(call, region_set) {
	.nr = NUMAPERF_IOC_REGION_SET, .size = sizeof(struct numaperf_ioc_region_set), .answer = -ENOENT,
	.valid = valid_region_set,
};
FIXTURE_VARIANT_ADD(call, region_read) {
	.nr = NUMAPERF_IOC_REGION_READ, .size = sizeof(struct numaperf_ioc_region_read), .answer = -ENOENT,
	.valid = valid_region_read,
};

FIXTURE_SETUP(call)
{
	struct numaperf_ioc_track track = { .size = sizeof(track), .sources = 1U << NUMAPERF_SOURCE_FAULT };
	struct np_topo topo;

	ASSERT_EQ(0, np_topo_read(&topo));
	self->env.fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->env.fd);
	self->env.cpus = topo.cpus;
	self->env.nodes = np_set_of(topo.near);
	self->env.page = np_map_on(topo.near, np_page_size());
	if (wants_target(variant->nr)) {
		ASSERT_EQ(0, np_ioctl(self->env.fd, NUMAPERF_IOC_TRACK, &track));
		self->env.target = track.target;
	}
	variant->valid(&self->env, &self->arg);
	self->arg.words[0] = variant->size;
	self->arg.words[1] = variant->flags;
}

FIXTURE_TEARDOWN(call)
{
	np_unmap(self->env.page, np_page_size());
	close(self->env.fd);
}

static int do_call(const FIXTURE_VARIANT(call) *variant, const struct env *env, void *arg)
{
	return np_ioctl(env->fd, variant->nr, arg);
}

TEST_F(call, exact_size_is_accepted)
{
	EXPECT_EQ(variant->answer, do_call(variant, &self->env, &self->arg));
}

TEST_F(call, shorter_than_first_version_is_EINVAL)
{
	self->arg.words[0] = variant->size - 1;
	EXPECT_EQ(-EINVAL, do_call(variant, &self->env, &self->arg));
}

TEST_F(call, size_zero_is_EINVAL)
{
	self->arg.words[0] = 0;
	EXPECT_EQ(-EINVAL, do_call(variant, &self->env, &self->arg));
}

TEST_F(call, zero_tail_is_accepted)
{
	self->arg.words[0] = variant->size + TAIL;
	EXPECT_EQ(variant->answer, do_call(variant, &self->env, &self->arg));
}

TEST_F(call, one_more_zero_byte_is_accepted)
{
	self->arg.words[0] = variant->size + 1;
	EXPECT_EQ(variant->answer, do_call(variant, &self->env, &self->arg));
}

TEST_F(call, dirty_tail_is_E2BIG)
{
	self->arg.words[0] = variant->size + TAIL;
	((char *)&self->arg)[variant->size + TAIL - 1] = 1;
	EXPECT_EQ(-E2BIG, do_call(variant, &self->env, &self->arg));
}

TEST_F(call, nothing_is_written_behind_the_known_end)
{
	char *tail = (char *)&self->arg + variant->size;

	tail[0] = 0x5a;		/* behind the caller's size: not looked at either */
	EXPECT_EQ(variant->answer, do_call(variant, &self->env, &self->arg));
	EXPECT_EQ(0x5a, tail[0]);
}

TEST_F(call, every_unknown_flag_is_EOPNOTSUPP)
{
	for (int bit = 0; bit < 32; bit++) {
		if (variant->known_flags >> bit & 1)
			continue;
		self->arg.words[1] = variant->flags | 1U << bit;
		EXPECT_EQ(-EOPNOTSUPP, do_call(variant, &self->env, &self->arg))
			TH_LOG("flag bit %d", bit);
	}
}

TEST_F(call, null_argument_is_EFAULT)
{
	EXPECT_EQ(-EFAULT, do_call(variant, &self->env, NULL));
}

TEST_F(call, argument_that_ends_unmapped_is_EFAULT)
{
	size_t page = np_page_size();
	char *two = np_map(2 * page);
	char *arg = two + page - (variant->size - 4);

	ASSERT_EQ(0, np_unmap(two + page, page));
	memcpy(arg, &self->arg, variant->size - 4);
	EXPECT_EQ(-EFAULT, do_call(variant, &self->env, arg));
}

TEST_F(call, unreadable_tail_is_EFAULT)
{
	size_t page = np_page_size();
	char *two = np_map(2 * page);
	char *arg = two + page - variant->size;

	ASSERT_EQ(0, np_unmap(two + page, page));
	self->arg.words[0] = variant->size + TAIL;
	memcpy(arg, &self->arg, variant->size);
	EXPECT_EQ(-EFAULT, do_call(variant, &self->env, arg));
}

/* ------------------------------------------------------- unknown numbers */

FIXTURE(number) {
	int fd;
};

FIXTURE_VARIANT(number) {
	unsigned long nr;
};

FIXTURE_VARIANT_ADD(number, below) { .nr = _IO('N', 0x7f) };
FIXTURE_VARIANT_ADD(number, above) { .nr = _IO('N', 0x90) };
FIXTURE_VARIANT_ADD(number, last) { .nr = _IO('N', 0xff) };
FIXTURE_VARIANT_ADD(number, other_type) { .nr = _IO('M', 0x80) };
FIXTURE_VARIANT_ADD(number, with_a_size) { .nr = _IOWR('N', 0x80, struct numaperf_ioc_info) };

FIXTURE_SETUP(number)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(number)
{
	close(self->fd);
}

TEST_F(number, is_ENOTTY)
{
	struct numaperf_ioc_info info = { .size = sizeof(info) };

	EXPECT_EQ(-ENOTTY, np_ioctl(self->fd, variant->nr, &info));
}

/* --------------------------------------------------------------- padding */

FIXTURE(padding) {
	union argument arg;
	struct env env;
};

FIXTURE_VARIANT(padding) {
	unsigned long nr;
	__u32 size;
	__u32 offset;
	__u32 flags;
	void (*valid)(struct env *env, union argument *arg);
};

#define PADDING(name, number, type, fill, extra_flags)					\
	FIXTURE_VARIANT_ADD(padding, name) {						\
		.nr = number, .size = sizeof(struct type), .offset = offsetof(struct type, pad),\
		.flags = extra_flags, .valid = fill,					\
	}

PADDING(info, NUMAPERF_IOC_INFO, numaperf_ioc_info, valid_nothing, 0);
PADDING(thread_pin, NUMAPERF_IOC_THREAD_PIN, numaperf_ioc_thread_pin, valid_thread_pin, NUMAPERF_DRY_RUN);
PADDING(range_pin, NUMAPERF_IOC_RANGE_PIN, numaperf_ioc_range_pin, valid_range_pin, NUMAPERF_DRY_RUN);
PADDING(track, NUMAPERF_IOC_TRACK, numaperf_ioc_track, valid_track, NUMAPERF_DRY_RUN);
PADDING(counters, NUMAPERF_IOC_COUNTERS, numaperf_ioc_counters, valid_counters, 0);
PADDING(leases, NUMAPERF_IOC_LEASES, numaperf_ioc_leases, valid_leases, 0);

FIXTURE_SETUP(padding)
{
	struct np_topo topo;

	ASSERT_EQ(0, np_topo_read(&topo));
	self->env.fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->env.fd);
	self->env.cpus = topo.cpus;
	self->env.nodes = np_set_of(topo.near);
	self->env.page = np_map_on(topo.near, np_page_size());
	variant->valid(&self->env, &self->arg);
	self->arg.words[0] = variant->size;
	self->arg.words[1] = variant->flags;
}

FIXTURE_TEARDOWN(padding)
{
	close(self->env.fd);
}

TEST_F(padding, non_zero_is_EOPNOTSUPP)
{
	((char *)&self->arg)[variant->offset] = 1;
	EXPECT_EQ(-EOPNOTSUPP, np_ioctl(self->env.fd, variant->nr, &self->arg));
}

TEST_HARNESS_MAIN
