// SPDX-License-Identifier: GPL-2.0
/* What the module's parameters switch off, choose and refuse. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 500

/* ---------------------------------------------------- sources switched off */

FIXTURE(without) {
	char parameters[512];
	int fd;
	__u32 target;
	struct numaperf_ioc_info info;
};

FIXTURE_VARIANT(without) {
	const char *parameter;
	enum numaperf_source source;
	enum numaperf_feature feature;
};

FIXTURE_VARIANT_ADD(without, hint) {
	.parameter = "hint=off", .source = NUMAPERF_SOURCE_HINT, .feature = NUMAPERF_FEATURE_HINT,
};
FIXTURE_VARIANT_ADD(without, fault) {
	.parameter = "fault=off", .source = NUMAPERF_SOURCE_FAULT, .feature = NUMAPERF_FEATURE_FAULT,
};

FIXTURE_SETUP(without)
{
	np_module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, np_module_unload());
	ASSERT_EQ(0, np_module_load(variant->parameter));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(without)
{
	close(self->fd);
	np_eventually(np_module_unload() == 0);
	EXPECT_EQ(0, np_module_load(self->parameters));
}

TEST_F(without, feature_is_absent_with_the_reason)
{
	ASSERT_EQ(0, np_info(self->fd, &self->info));
	EXPECT_EQ(0, self->info.features >> variant->feature & 1);
	EXPECT_EQ(NUMAPERF_REASON_DISABLED, self->info.reasons[variant->feature]);
}

TEST_F(without, feature_is_known_still)
{
	ASSERT_EQ(0, np_info(self->fd, &self->info));
	EXPECT_EQ(1, self->info.known >> variant->feature & 1);
}

static struct np_counts counts;

/* Tracking works, so that a reader is told why there is nothing: an absent source is not a zero. */
TEST_F(without, tracking_by_it_alone_counts_nothing_and_says_why)
{
	struct numaperf_ioc_track track = { .size = sizeof(track), .sources = 1U << variant->source };

	ASSERT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_TRACK, &track));
	EXPECT_EQ(0, track.sources);
	ASSERT_EQ(0, np_counts_read(self->fd, track.target, 0, &counts));
	EXPECT_EQ(0, counts.read.active);
	EXPECT_EQ(NUMAPERF_REASON_DISABLED, counts.read.reasons[variant->source]);
}

TEST_F(without, tracking_by_both_counts_the_other)
{
	struct numaperf_ioc_track track = { .size = sizeof(track), .sources = NP_HINT | NP_FAULT };
	__u32 other = (NP_HINT | NP_FAULT) & ~(1U << variant->source);

	ASSERT_EQ(0, np_info(self->fd, &self->info));
	NP_NEED(self->info.features & (1U << NUMAPERF_FEATURE_HINT | 1U << NUMAPERF_FEATURE_FAULT),
		"this kernel has no other source");
	ASSERT_EQ(0, np_ioctl(self->fd, NUMAPERF_IOC_TRACK, &track));
	EXPECT_EQ(other, track.sources);
	ASSERT_EQ(0, np_counts_read(self->fd, track.target, 0, &counts));
	EXPECT_EQ(other, counts.read.active);
	EXPECT_EQ(NUMAPERF_REASON_DISABLED, counts.read.reasons[variant->source]);
}

/* -------------------------------------------------------- what they take */

FIXTURE(unknown) {
	char parameters[512];
};

FIXTURE_VARIANT(unknown) {
	const char *parameter;
};

FIXTURE_VARIANT_ADD(unknown, hint) { .parameter = "hint=of" };
FIXTURE_VARIANT_ADD(unknown, fault) { .parameter = "fault=ftrac" };
FIXTURE_VARIANT_ADD(unknown, strict_pin) { .parameter = "strict_pin=capable" };

FIXTURE_SETUP(unknown)
{
	np_module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, np_module_unload());
}

FIXTURE_TEARDOWN(unknown)
{
	if (np_module_loaded())
		np_module_unload();
	EXPECT_EQ(0, np_module_load(self->parameters));
}

/* A slip of the pen must not quietly mean something else. */
TEST_F(unknown, word_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, np_module_load(variant->parameter));
}

/* ------------------------------------------------------- another way in */

FIXTURE(hook) {
	char parameters[512];
	int fd;
	__u32 target;
};

FIXTURE_VARIANT(hook) {
	const char *parameter;
	enum numaperf_feature feature;
};

FIXTURE_VARIANT_ADD(hook, hint_by_kprobe) { .parameter = "hint=kprobe", .feature = NUMAPERF_FEATURE_HINT };
FIXTURE_VARIANT_ADD(hook, hint_by_ftrace) { .parameter = "hint=ftrace", .feature = NUMAPERF_FEATURE_HINT };
FIXTURE_VARIANT_ADD(hook, fault_by_tracepoint) { .parameter = "fault=tracepoint", .feature = NUMAPERF_FEATURE_FAULT };
FIXTURE_VARIANT_ADD(hook, fault_by_function) { .parameter = "fault=function", .feature = NUMAPERF_FEATURE_FAULT };

FIXTURE_SETUP(hook)
{
	np_module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, np_module_unload());
	ASSERT_EQ(0, np_module_load(variant->parameter));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(hook)
{
	close(self->fd);
	np_eventually(np_module_unload() == 0);
	EXPECT_EQ(0, np_module_load(self->parameters));
}

TEST_F(hook, of_this_kind_counts)
{
	NP_NEED(np_feature(self->fd, variant->feature), "this kernel lacks %s", variant->parameter);
	if (variant->feature == NUMAPERF_FEATURE_FAULT) {
		ASSERT_EQ(0, np_track_faults(self->fd, 0, 0, 1, &self->target));
		np_touch_fresh(PAGES);
		ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
		EXPECT_LE(PAGES, (int)np_samples(&counts, NP_ANY, NUMAPERF_SOURCE_FAULT, NP_ANY, NP_ANY));
	} else {
		static struct np_hint_run run;
		struct np_topo topo;

		ASSERT_EQ(0, np_topo_read(&topo));
		NP_NEED_TWO_NODES(topo);
		NP_NEED(np_balancing(), "kernel.numa_balancing is off");
		np_scan_fast();
		run = (struct np_hint_run) { .fd = self->fd, .work = np_work_new(1) };
		run.work->job[0] = (struct np_job) {
			.cpu = topo.near_cpu, .node = { topo.far, topo.far }, .pages = { PAGES, 0 },
		};
		EXPECT_EQ(0, np_hint_begin(&run, PAGES));
		np_work_end(run.work);
		np_scan_restore();
	}
}

/* -------------------------------------------------------- privileged pins */

static int try_to_pin(struct np_child *me, void *arg)
{
	struct np_set *cpus = arg;
	struct numaperf_ioc_thread_pin pin;
	int err = np_pin_thread(np_open(O_CLOEXEC), 0, cpus, NUMAPERF_DRY_RUN, &pin);

	np_say(me, pin.reason);
	return np_status(err);
}

FIXTURE(strict_pin) {
	char parameters[512];
	struct np_topo topo;
	struct np_child child;
	__u64 reason;
};

FIXTURE_SETUP(strict_pin)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	np_module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, np_module_unload());
	ASSERT_EQ(0, np_module_load("strict_pin=cap"));
}

FIXTURE_TEARDOWN(strict_pin)
{
	np_eventually(np_module_unload() == 0);
	EXPECT_EQ(0, np_module_load(self->parameters));
}

TEST_F(strict_pin, is_refused_to_nobody)
{
	ASSERT_EQ(0, np_spawn(&self->child, NP_NOBODY, try_to_pin, &self->topo.cpus));
	ASSERT_EQ(0, np_hear(&self->child, &self->reason));
	EXPECT_EQ(EPERM, np_reap(&self->child));
	EXPECT_EQ(NUMAPERF_REASON_PRIVILEGE, self->reason);
}

TEST_F(strict_pin, is_given_to_root)
{
	EXPECT_EQ(0, np_run(0, try_to_pin, &self->topo.cpus));
}

TEST_HARNESS_MAIN
