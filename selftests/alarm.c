// SPDX-License-Identifier: GPL-2.0
/* Alarms: events when the share of local pages in a window falls below a threshold, and when it is back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define WINDOW_MS 200
#define SILENCE_WINDOWS 5
#define SAMPLES 100

static struct np_counts counts;

FIXTURE(alarm) {
	int fd;
	__u32 target;
	struct np_topo topo;
	struct numaperf_ioc_alarm arg;
	struct numaperf_event_record event;
	pthread_t thread;
	bool touching;
	atomic_int far_percent;		/* of the pages that are touched */
	atomic_bool stop;
};

FIXTURE_SETUP(alarm)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_track_faults(self->fd, 0, NUMAPERF_TRACK_PROCESS, 1, &self->target));
}

FIXTURE_TEARDOWN(alarm)
{
	self->stop = true;
	if (self->touching)
		pthread_join(self->thread, NULL);
	close(self->fd);
}

#define NEED_ALARM do {							\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_ALARM);		\
} while (0)

static int set_alarm(FIXTURE_DATA(alarm) *self, __u32 below, __u32 above, __u32 samples)
{
	self->arg = (struct numaperf_ioc_alarm) {
		.size = sizeof(self->arg), .target = self->target, .source = NUMAPERF_SOURCE_FAULT, .below = below,
		.above = above, .samples = samples, .window_ms = WINDOW_MS,
	};
	return np_ioctl(self->fd, NUMAPERF_IOC_ALARM, &self->arg);
}

static char *fresh_on(int node, size_t length)
{
	char *area = np_map(length);

	if (np_bind_plain(area, length, node))
		abort();
	return area;
}

/* Fresh pages without end, a hundred at a time, near and far ones mixed page by page. */
static void *touch_mix(void *arg)
{
	FIXTURE_DATA(alarm) *self = arg;
	size_t page = np_page_size(), length = 100 * page;

	np_affinity_set_cpu(0, self->topo.near_cpu);
	while (!self->stop) {
		char *near = fresh_on(self->topo.near, length);
		char *far = self->topo.far >= 0 ? fresh_on(self->topo.far, length) : near;
		int percent = self->far_percent;

		for (int i = 0; i < 100; i++) {
			bool is_far = (i + 1) * percent / 100 > i * percent / 100;

			((volatile char *)(is_far ? far : near))[i * page] = 1;
		}
		np_unmap(near, length);
		if (far != near)
			np_unmap(far, length);
	}
	return NULL;
}

static int begin_touching(FIXTURE_DATA(alarm) *self, int far_percent)
{
	self->far_percent = far_percent;
	self->touching = true;
	return pthread_create(&self->thread, NULL, touch_mix, self);
}

static bool silent_for_a_while(FIXTURE_DATA(alarm) *self)
{
	struct pollfd pollfd = { .fd = self->fd, .events = POLLIN };

	return poll(&pollfd, 1, SILENCE_WINDOWS * WINDOW_MS) == 0;
}

/* --------------------------------------------------------------- events */

TEST_F(alarm, comes_when_all_is_far)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, begin_touching(self, 100));
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_LOCALITY_LOW, self->event.type);
	EXPECT_EQ(self->target, self->event.id);
	EXPECT_EQ(NUMAPERF_SOURCE_FAULT, self->event.reason);
	EXPECT_GT(100, self->event.value);	/* permille: next to nothing was local */
	EXPECT_LE(SAMPLES, self->event.addr);
}

TEST_F(alarm, does_not_come_when_all_is_near)
{
	NEED_ALARM;
	ASSERT_EQ(0, begin_touching(self, 0));
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	EXPECT_TRUE(silent_for_a_while(self));
}

TEST_F(alarm, comes_once_while_it_lasts)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, begin_touching(self, 100));
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_TRUE(silent_for_a_while(self));
}

TEST_F(alarm, says_when_it_is_back)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, begin_touching(self, 100));
	ASSERT_EQ(0, set_alarm(self, 500, 800, SAMPLES));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	self->far_percent = 0;
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_LOCALITY_BACK, self->event.type);
	EXPECT_LE(800, self->event.value);
}

/* Half is local: below the upper threshold, above the lower one. */
TEST_F(alarm, keeps_quiet_between_the_thresholds_when_all_was_well)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, begin_touching(self, 50));
	ASSERT_EQ(0, set_alarm(self, 250, 750, SAMPLES));
	EXPECT_TRUE(silent_for_a_while(self));
}

TEST_F(alarm, keeps_quiet_between_the_thresholds_when_it_was_low)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, begin_touching(self, 100));
	ASSERT_EQ(0, set_alarm(self, 250, 750, SAMPLES));
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	self->far_percent = 50;
	EXPECT_TRUE(silent_for_a_while(self));
	self->far_percent = 0;
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_LOCALITY_BACK, self->event.type);
}

TEST_F(alarm, says_nothing_on_few_samples)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, begin_touching(self, 100));
	ASSERT_EQ(0, set_alarm(self, 500, 500, 1U << 30));
	EXPECT_TRUE(silent_for_a_while(self));
}

TEST_F(alarm, says_nothing_when_taken_away)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	ASSERT_EQ(0, set_alarm(self, 0, 0, 0));
	ASSERT_EQ(0, begin_touching(self, 100));
	EXPECT_TRUE(silent_for_a_while(self));
}

TEST_F(alarm, says_nothing_after_stop)
{
	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	ASSERT_EQ(0, begin_touching(self, 100));
	EXPECT_TRUE(silent_for_a_while(self));
}

TEST_F(alarm, comes_at_most_once_a_window)
{
	__u64 last = 0;

	NEED_ALARM;
	NP_NEED_TWO_NODES(self->topo);
	ASSERT_EQ(0, begin_touching(self, 100));
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	for (int i = 0; i < 6; i++) {
		ASSERT_EQ(0, np_event(self->fd, &self->event));
		/* a window's timer may be late, and the next one is set from there: never earlier by more than a tick */
		EXPECT_LE(last + (WINDOW_MS - 20) * 1000000ULL, self->event.time_ns);
		last = self->event.time_ns;
		self->far_percent = i % 2 ? 100 : 0;
	}
}

/* ---------------------------------------------------------- bad requests */

TEST_F(alarm, of_a_target_that_has_stopped_is_ESRCH)
{
	NEED_ALARM;
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	EXPECT_EQ(-ESRCH, set_alarm(self, 500, 500, SAMPLES));
}

static int exit_at_once(struct np_child *me, void *arg)
{
	__u64 word;

	(void)arg;
	return np_say(me, 0) || np_hear(me, &word);
}

TEST_F(alarm, of_a_process_that_has_exited_is_ESRCH)
{
	struct np_child child;
	__u64 word;

	NEED_ALARM;
	ASSERT_EQ(0, np_spawn(&child, 0, exit_at_once, NULL));
	ASSERT_EQ(0, np_hear(&child, &word));
	ASSERT_EQ(0, np_track_faults(self->fd, child.pid, NUMAPERF_TRACK_PROCESS, 1, &self->target));
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	np_kill(&child);
	EXPECT_TRUE(np_eventually(set_alarm(self, 500, 500, SAMPLES) == -ESRCH));
	EXPECT_EQ(0, set_alarm(self, 0, 0, 0));
}

TEST_F(alarm, out_of_range_is_EINVAL)
{
	NEED_ALARM;
	EXPECT_EQ(-EINVAL, set_alarm(self, 500, 499, SAMPLES));
	EXPECT_EQ(-EINVAL, set_alarm(self, 500, 1001, SAMPLES));
	EXPECT_EQ(-EINVAL, set_alarm(self, 1001, 1001, SAMPLES));
	EXPECT_EQ(-EINVAL, set_alarm(self, 500, 500, 0));
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	self->arg.window_ms = 99;
	EXPECT_EQ(-EINVAL, np_ioctl(self->fd, NUMAPERF_IOC_ALARM, &self->arg));
	self->arg.window_ms = 3600001;
	EXPECT_EQ(-EINVAL, np_ioctl(self->fd, NUMAPERF_IOC_ALARM, &self->arg));
	self->arg.window_ms = WINDOW_MS;
	self->arg.source = NUMAPERF_SOURCE_COUNT;
	EXPECT_EQ(-EINVAL, np_ioctl(self->fd, NUMAPERF_IOC_ALARM, &self->arg));
}

TEST_F(alarm, of_a_source_that_does_not_count_is_EINVAL)
{
	NEED_ALARM;
	ASSERT_EQ(0, set_alarm(self, 500, 500, SAMPLES));
	self->arg.source = NUMAPERF_SOURCE_HINT;
	EXPECT_EQ(-EINVAL, np_ioctl(self->fd, NUMAPERF_IOC_ALARM, &self->arg));
}

TEST_F(alarm, of_an_unknown_target_is_ENOENT)
{
	self->target = ~0U;
	EXPECT_EQ(-ENOENT, set_alarm(self, 500, 500, SAMPLES));
}

TEST_HARNESS_MAIN
