// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that the machine was told to leave alone (isolcpus=, nohz_full=) notice nothing of what goes on elsewhere: no
 * interrupt, no switch to a kernel thread, no timer. Each is compared with the same work without numaperf.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define WINDOW_NS 2000000000ULL
#define WINDOWS 5		/* at least one of them must be flat: others have their own noise */
#define NOISE 8			/* of each kind and CPU in a window, more than without: 4 a second */
#define HOOKING 500		/* interrupts that hooking and unhooking all of the kernel's text may cost a CPU */
#define PAGES 64

static const char *const kinds[] = { "LOC", "RES", "CAL", "TLB", "IWI", "switches" };

#define NR_KINDS ARRAY_SIZE(kinds)
#define SWITCHES (NR_KINDS - 1)

/* Of all isolated CPUs together. */
struct noise {
	unsigned long long count[NR_KINDS];
};

static char text[1 << 20];

static unsigned long long row_sum(char *row, const struct np_set *cpus)
{
	unsigned long long sum = 0;

	for (int cpu = 0; ; cpu++) {
		char *end;
		unsigned long long value = strtoull(row, &end, 10);

		if (end == row)
			return sum;
		if (np_set_has(cpus, cpu))
			sum += value;
		row = end;
	}
}

static void interrupts_read(struct noise *noise, const struct np_set *cpus)
{
	char *row, *rest = text;

	np_read_file("/proc/interrupts", text, sizeof(text));
	while ((row = strsep(&rest, "\n"))) {
		row += strspn(row, " ");
		for (size_t i = 0; i < SWITCHES; i++)
			if (!strncmp(row, kinds[i], 3) && row[3] == ':')
				noise->count[i] = row_sum(row + 4, cpus);
	}
}

static void switches_read(struct noise *noise, const struct np_set *cpus)
{
	char *row, *rest = text, *colon;
	int cpu = -1;

	np_read_file("/sys/kernel/debug/sched/debug", text, sizeof(text));
	while ((row = strsep(&rest, "\n"))) {
		sscanf(row, "cpu#%d", &cpu);
		colon = strchr(row, ':');
		if (colon && strstr(row, ".nr_switches") && np_set_has(cpus, cpu))
			noise->count[SWITCHES] += strtoull(colon + 1, NULL, 10);
	}
}

static struct noise noise_now(const struct np_set *cpus)
{
	struct noise noise = { 0 };

	interrupts_read(&noise, cpus);
	switches_read(&noise, cpus);
	return noise;
}

FIXTURE(quiet) {
	int fd;
	struct np_topo topo;
	struct np_set isolated;
	char *area;
	size_t length;
	__u32 target;
	struct numaperf_ioc_region_new region;
};

FIXTURE_SETUP(quiet)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	np_set_read("/sys/devices/system/cpu/isolated", &self->isolated);
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->length = PAGES * np_page_size();
	self->area = np_map_on(self->topo.near, self->length);
}

FIXTURE_TEARDOWN(quiet)
{
	close(self->fd);
}

#define NP_NEED_ISOLATED(self) NP_NEED(np_set_count(&(self)->isolated), "no CPU is isolated here")

/* ------------------------------------------------ what goes on elsewhere */

static int track_begin(FIXTURE_DATA(quiet) *self)
{
	return np_track(self->fd, 0, NP_FAULT | (np_feature(self->fd, NUMAPERF_FEATURE_HINT) ? NP_HINT : 0),
			NUMAPERF_TRACK_PROCESS, &self->target);
}

static void track_step(FIXTURE_DATA(quiet) *self, bool with)
{
	static struct np_counts counts;

	np_touch_fresh(PAGES);
	if (with)
		np_counts_read(self->fd, self->target, 0, &counts);
}

static int pin_begin(FIXTURE_DATA(quiet) *self)
{
	(void)self;
	return 0;
}

/* With timers of the module's own: a page of the pinned range is dropped. */
static void pin_step(FIXTURE_DATA(quiet) *self, bool with)
{
	struct np_set node = np_set_of(self->topo.near);
	struct numaperf_ioc_range_pin pin = { 0 };

	np_touch(self->area, self->length);
	if (with)
		np_pin_range(self->fd, self->area, self->length, &node, 0, &pin);
	madvise(self->area, np_page_size(), MADV_DONTNEED);
	np_nap();
	if (with)
		np_release(self->fd, pin.lease);
}

static int thread_begin(FIXTURE_DATA(quiet) *self)
{
	return np_feature(self->fd, NUMAPERF_FEATURE_THREAD_PIN) ? 0 : -EOPNOTSUPP;
}

static void thread_step(FIXTURE_DATA(quiet) *self, bool with)
{
	struct numaperf_ioc_thread_pin pin = { 0 };
	struct np_set one = np_set_of(self->topo.near_cpu);

	np_affinity_set(0, &one);
	if (with)
		np_pin_thread(self->fd, 0, &one, 0, &pin);
	np_affinity_set(0, &self->topo.cpus);
	if (with)
		np_release(self->fd, pin.lease);
	np_affinity_set(0, &self->topo.cpus);
}

static int region_begin(FIXTURE_DATA(quiet) *self)
{
	struct np_set node = np_set_of(self->topo.near);

	self->region = (struct numaperf_ioc_region_new) {
		.size = sizeof(self->region), .length = self->length, .nodes = (uintptr_t)node.words,
		.nodes_bits = NP_SET_BITS, .rate = 1000,
	};
	if (np_ioctl(self->fd, NUMAPERF_IOC_REGION_NEW, &self->region))
		return -EOPNOTSUPP;
	self->area = mmap(NULL, self->length, PROT_READ | PROT_WRITE, MAP_SHARED, self->region.fd, 0);
	return self->area == MAP_FAILED ? -errno : 0;
}

static void region_step(FIXTURE_DATA(quiet) *self, bool with)
{
	(void)with;
	np_touch(self->area, self->length);
}

FIXTURE_VARIANT(quiet) {
	int (*begin)(FIXTURE_DATA(quiet) *self);	/* -EOPNOTSUPP: not in this kernel */
	void (*step)(FIXTURE_DATA(quiet) *self, bool with);
};

FIXTURE_VARIANT_ADD(quiet, tracking) { .begin = track_begin, .step = track_step };
FIXTURE_VARIANT_ADD(quiet, range_pins) { .begin = pin_begin, .step = pin_step };
FIXTURE_VARIANT_ADD(quiet, thread_pins) { .begin = thread_begin, .step = thread_step };
FIXTURE_VARIANT_ADD(quiet, sampled_region) { .begin = region_begin, .step = region_step };

typedef void (*step_fn)(FIXTURE_DATA(quiet) *self, bool with);

static struct noise window(FIXTURE_DATA(quiet) *self, step_fn step, bool with)
{
	struct noise noise, before = noise_now(&self->isolated);
	__u64 end = np_now_ns() + WINDOW_NS;

	while (np_now_ns() < end)
		step(self, with);
	noise = noise_now(&self->isolated);
	for (size_t i = 0; i < NR_KINDS; i++)
		noise.count[i] -= before.count[i];
	return noise;
}

/* Some kinds of noise: [first, end). */
struct kinds {
	size_t first, end;
};

static const struct kinds all_kinds = { 0, NR_KINDS };
/* Of what others send; a CPU at work has a tick, and switches, of its own. */
static const struct kinds sent_kinds = { 1, SWITCHES };

static bool flat(FIXTURE_DATA(quiet) *self, struct kinds of, const struct noise *without, const struct noise *with)
{
	unsigned long long slack = NOISE * np_set_count(&self->isolated);
	bool is_flat = true;

	for (size_t i = of.first; i < of.end; i++) {
		printf("# %s: %llu, without numaperf %llu\n", kinds[i], with->count[i], without->count[i]);
		is_flat &= with->count[i] <= without->count[i] + slack;
	}
	return is_flat;
}

/* 1: they stay quiet, 0: they don't, or -errno. */
static int stays(FIXTURE_DATA(quiet) *self, const FIXTURE_VARIANT(quiet) *variant, struct kinds of)
{
	struct noise without, with;
	bool is_flat = false;
	int err = 0;

	for (int i = 0; i < WINDOWS && !is_flat; i++) {
		without = window(self, variant->step, false);
		if (i == 0) {
			err = variant->begin(self);
			if (err)
				return err;
			variant->step(self, true);	/* the first use hooks the kernel: not in the window */
		}
		with = window(self, variant->step, true);
		is_flat = flat(self, of, &without, &with);
	}
	return is_flat;
}

TEST_F(quiet, is_what_idle_isolated_cpus_stay)
{
	int result;

	NP_NEED_ISOLATED(self);
	result = stays(self, variant, all_kinds);
	NP_NEED(result != -EOPNOTSUPP, "not in this kernel");
	EXPECT_EQ(1, result);
}

static int spin_on(struct np_child *me, void *arg)
{
	volatile bool forever = true;

	if (np_affinity_set_cpu(0, *(int *)arg) || np_say(me, 0))
		return 1;
	while (forever)
		;
	return 0;
}

TEST_F(quiet, is_what_busy_isolated_cpus_stay)
{
	struct np_child spinners[8];
	int nr = 0, result;
	__u64 word;

	NP_NEED_ISOLATED(self);
	for (int cpu = np_set_first(&self->isolated); cpu >= 0 && nr < 8; cpu = np_set_next(&self->isolated, cpu)) {
		ASSERT_EQ(0, np_spawn(&spinners[nr], 0, spin_on, &cpu));
		ASSERT_EQ(0, np_hear(&spinners[nr++], &word));
	}
	result = stays(self, variant, sent_kinds);
	while (nr--)
		np_kill(&spinners[nr]);
	NP_NEED(result != -EOPNOTSUPP, "not in this kernel");
	EXPECT_EQ(1, result);
}

/* ------------------------------------------------ beginning and ending */

FIXTURE(isolated) {
	struct np_topo topo;
	struct np_set isolated;
	int cpu;
};

#define TRACING "/sys/kernel/debug/tracing/"
#define QUEUED TRACING "events/workqueue/workqueue_queue_work/enable"
#define STARTED TRACING "events/workqueue/workqueue_execute_start/enable"

FIXTURE_SETUP(isolated)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	np_set_read("/sys/devices/system/cpu/isolated", &self->isolated);
	self->cpu = np_set_first(&self->isolated);
}

FIXTURE_TEARDOWN(isolated)
{
	np_write_file(QUEUED, "0");
	np_write_file(STARTED, "0");
	close(open(TRACING "trace", O_WRONLY | O_TRUNC));
}

/* A process of this CPU's takes some of everything and lets it go. */
static int use_all(struct np_child *me, void *arg)
{
	struct np_topo *topo = arg;
	size_t length = PAGES * np_page_size();
	struct np_set node = np_set_of(topo->near);
	struct numaperf_ioc_thread_pin thread;
	struct numaperf_ioc_range_pin range;
	int fd = np_open(O_CLOEXEC), err;
	struct np_set cpu = np_set_of(topo->far_cpu);
	char *area = np_map_on(topo->near, length);
	__u32 target;

	(void)me;
	err = np_affinity_set(0, &cpu) ?:
	      np_track(fd, 0, NP_FAULT, NUMAPERF_TRACK_PROCESS, &target) ?:
	      np_pin_range(fd, area, length, &node, 0, &range) ?:
	      np_pin_thread(fd, 0, &cpu, 0, &thread);
	madvise(area, np_page_size(), MADV_DONTNEED);
	return np_status(err);
}

/* Does this line say that the module's work is done there, or begun by an interrupt of somebody else than the test? */
static bool is_work(const char *line)
{
	const char *flags = strstr(line, "] ");

	if (!strstr(line, "numaperf]") && !strstr(line, "workqueue=numaperf"))
		return false;
	if (strstr(line, "workqueue_execute_start"))
		return true;
	return flags && strchr("shH", flags[4]) && !strstr(line, " quiet-");
}

static int traced_work(int cpu)
{
	char path[96], *row, *rest = text;
	int found = 0;

	snprintf(path, sizeof(path), TRACING "per_cpu/cpu%d/trace", cpu);
	if (np_read_file(path, text, sizeof(text)) < 0)
		return -1;
	while ((row = strsep(&rest, "\n"))) {
		if (row[0] == '#' || !is_work(row))
			continue;
		printf("# %s\n", row);
		found++;
	}
	return found;
}

static int traced_on(const struct np_set *cpus)
{
	int found = 0;

	for (int cpu = np_set_first(cpus); cpu >= 0; cpu = np_set_next(cpus, cpu))
		found += traced_work(cpu);
	return found;
}

static bool hooks_are_gone(void)
{
	return np_read_file(TRACING "enabled_functions", text, sizeof(text)) >= 0 && !strstr(text, "numaperf") &&
	       !strstr(text, "set_cpus_allowed_common");
}

/* Also of what it did itself nothing is left for later there: timers and workers go elsewhere. */
TEST_F(isolated, cpu_is_left_alone_after_its_process_used_numaperf)
{
	NP_NEED_ISOLATED(self);
	NP_NEED(np_write_file(QUEUED, "1") == 0 && np_write_file(STARTED, "1") == 0, "no tracing of workqueues");
	self->topo.far_cpu = self->cpu;
	ASSERT_EQ(0, np_run(0, use_all, &self->topo));
	ASSERT_TRUE(np_eventually(hooks_are_gone()));
	np_nap();
	EXPECT_LT(0, traced_on(&self->topo.cpus));	/* tracing works */
	EXPECT_EQ(0, traced_on(&self->isolated));
}

/* Patching the kernel's text interrupts every CPU: so many times, and not again while it stays. */
TEST_F(isolated, cpu_is_interrupted_seldom_by_hooking)
{
	struct noise before, after;

	NP_NEED_ISOLATED(self);
	ASSERT_TRUE(np_eventually(hooks_are_gone()));
	before = noise_now(&self->isolated);
	ASSERT_EQ(0, np_run(0, use_all, &(struct np_topo) {
		.near = self->topo.near, .far_cpu = np_set_first(&self->topo.cpus) }));
	ASSERT_TRUE(np_eventually(hooks_are_gone()));
	after = noise_now(&self->isolated);
	for (size_t i = 0; i < NR_KINDS; i++)
		printf("# %s: %llu\n", kinds[i], after.count[i] - before.count[i]);
	EXPECT_GE(HOOKING * np_set_count(&self->isolated), after.count[2] - before.count[2]);
}

TEST_HARNESS_MAIN
