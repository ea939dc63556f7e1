// SPDX-License-Identifier: GPL-2.0
/*
 * A process that starts threads, forks and execs all the time, while ranges come and go, counters are read and mapped,
 * alarms are set and targets end. What must hold: no call fails but for the reasons given, no complaint of the kernel
 * (the guest looks for those), and sums that fit.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 64
#define PART 8		/* pages of a range */
#define MS 3000
#define OBSERVERS 2

FIXTURE(races) {
	int fd;
	__u32 target;
	char *area;	/* at this address in the busy process, too */
	size_t page;
	struct np_child child;
};

static int be_busy(struct np_child *me, void *arg);

FIXTURE_SETUP(races)
{
	__u64 word;

	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_page_size();
	self->area = np_map(PAGES * self->page);
	ASSERT_EQ(0, np_spawn(&self->child, 0, be_busy, self));
	ASSERT_EQ(0, np_hear(&self->child, &word));
}

FIXTURE_TEARDOWN(races)
{
	kill(-self->child.pid, SIGKILL);	/* and its children */
	np_kill(&self->child);
	close(self->fd);
}

#define NEED_ALL do {							\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_WATCH);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_COUNTERS);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_ALARM);		\
} while (0)

/* ------------------------------------------------------- the busy process */

static void touch_afresh(FIXTURE_DATA(races) *self)
{
	madvise(self->area, PAGES * self->page, MADV_DONTNEED);
	np_touch(self->area, PAGES * self->page);
}

static void *short_thread(void *arg)
{
	touch_afresh(arg);
	return NULL;
}

static void *start_threads(void *arg)
{
	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, short_thread, arg) == 0)
			pthread_join(thread, NULL);
	}
	return NULL;
}

static void *fork_children(void *arg)
{
	for (int i = 0;; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			touch_afresh(arg);
			if (i % 2)
				execl(np_helper_path(), "np_helper", "setaffinity", "0", "0", NULL);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return NULL;
}

static int be_busy(struct np_child *me, void *arg)
{
	FIXTURE_DATA(races) *self = arg;
	pthread_t thread;

	close(self->fd);	/* or the session would live as long as this process */
	setpgid(0, 0);
	if (pthread_create(&thread, NULL, start_threads, arg) || np_say(me, 0))
		return 1;
	fork_children(arg);
	return 0;
}

/* ------------------------------------------------------------- observers */

struct observer {
	pthread_t thread;
	FIXTURE_DATA(races) *self;
	int number;
	int err;		/* the first failure that is none of the expected */
	unsigned long rounds;
	struct np_counts counts;
};

static bool expected(int err)
{
	return !err || err == -EBUSY || err == -ENOENT || err == -ESRCH || err == -EMSGSIZE || err == -EDQUOT;
}

static int map_counters(int fd, __u32 target)
{
	struct numaperf_ioc_counters arg = { .size = sizeof(arg), .target = target };
	int err = np_ioctl(fd, NUMAPERF_IOC_COUNTERS, &arg);
	void *map;

	if (err)
		return err;
	map = mmap(NULL, arg.length, PROT_READ, MAP_SHARED, arg.fd, 0);
	close(arg.fd);
	return map == MAP_FAILED ? -errno : munmap(map, arg.length);
}

static int set_alarm(int fd, __u32 target, __u32 below)
{
	struct numaperf_ioc_alarm arg = {
		.size = sizeof(arg), .target = target, .source = NUMAPERF_SOURCE_FAULT, .below = below,
		.above = below, .samples = 1, .window_ms = 100,
	};

	return np_ioctl(fd, NUMAPERF_IOC_ALARM, &arg);
}

/* A target of its own that ends at once, of the process or of itself. */
static int short_target(FIXTURE_DATA(races) *self)
{
	struct numaperf_ioc_watch watch;
	int fd = np_open(O_CLOEXEC), err;
	__u32 target;

	err = np_track_faults(fd, self->child.pid, NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN, 1, &target) ?:
		np_watch(fd, target, 0, self->area, PART * self->page, &watch) ?: set_alarm(fd, target, 900);
	close(fd);
	return err;
}

static int one_round(struct observer *o)
{
	FIXTURE_DATA(races) *self = o->self;
	char *at = self->area + o->rounds % (PAGES / PART) * PART * self->page;
	struct numaperf_ioc_watch watch;
	int err;

	err = np_watch(self->fd, self->target, 0, at, PART * self->page, &watch);
	if (!expected(err))
		return err;
	if (!expected(np_counts_read(self->fd, self->target, NUMAPERF_READ_RANGES, &o->counts)))
		return -EPROTO;
	/* the other observer may have been here before */
	if (!err && o->rounds % 2 && !expected(np_unwatch(self->fd, self->target, watch.range)))
		return -EBADE;
	if (err == -EDQUOT || o->rounds % 16 == 0)
		for (__u32 range = 0; range < o->rounds; range++)
			np_unwatch(self->fd, self->target, range + 1);
	if (o->number)
		return 0;
	return map_counters(self->fd, self->target) ?: set_alarm(self->fd, self->target, o->rounds % 2 ? 900 : 0) ?:
		o->rounds % 8 ? 0 : short_target(self);
}

static void *observe(void *arg)
{
	struct observer *o = arg;
	__u64 end = np_now_ns() + MS * 1000000ULL;

	for (; !o->err && np_now_ns() < end; o->rounds++)
		o->err = one_round(o);
	return NULL;
}

static struct observer observers[OBSERVERS];

/* In each thread, a range's samples are among those of all memory. */
static bool sums_fit(const struct np_counts *counts)
{
	for (__u32 i = 0; i < counts->read.nr_threads; i++) {
		__u64 all = 0, in_ranges = 0;

		for (__u32 j = 0; j < counts->read.nr_cells; j++) {
			if (counts->cells[j].thread != i)
				continue;
			if (counts->cells[j].range)
				in_ranges += counts->cells[j].samples;
			else
				all += counts->cells[j].samples;
		}
		if (in_ranges > all)
			return false;
	}
	return true;
}

TEST_F(races, of_all_kinds)
{
	struct numaperf_ioc_info info;
	struct numaperf_ioc_watch watch;

	NEED_ALL;
	ASSERT_EQ(0, np_track_faults(self->fd, self->child.pid, NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN, 1,
				     &self->target));
	for (int i = 0; i < OBSERVERS; i++) {
		observers[i].self = self;
		observers[i].number = i;
		ASSERT_EQ(0, pthread_create(&observers[i].thread, NULL, observe, &observers[i]));
	}
	for (int i = 0; i < OBSERVERS; i++) {
		pthread_join(observers[i].thread, NULL);
		EXPECT_EQ(0, observers[i].err);
		EXPECT_LT(0, observers[i].rounds);
		TH_LOG("%lu rounds", observers[i].rounds);
	}
	for (__u32 range = 1; range < 10000; range++)
		np_unwatch(self->fd, self->target, range);
	ASSERT_EQ(0, np_watch(self->fd, self->target, 0, self->area, PAGES * self->page, &watch));
	ASSERT_TRUE(np_eventually(np_counts_read(self->fd, self->target, NUMAPERF_READ_RANGES,
						 &observers[0].counts) == 0 &&
				  np_range_samples(&observers[0].counts, watch.range, NUMAPERF_SOURCE_FAULT, NP_ANY) > 0));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP | NUMAPERF_READ_RANGES,
				    &observers[0].counts));
	EXPECT_TRUE(sums_fit(&observers[0].counts));
	close(self->fd);
	self->fd = np_open(O_CLOEXEC);
	EXPECT_TRUE(np_eventually(np_info(self->fd, &info) == 0 && info.threads == 0));
}

TEST_HARNESS_MAIN
