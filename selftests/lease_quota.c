// SPDX-License-Identifier: GPL-2.0
/* How many leases, tracked threads and sessions a user may have: exactly as many as the parameters say. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "np_test.h"

#define LEASES 7
#define THREADS 3
#define SESSIONS 5
#define PARAMETERS "/sys/module/numaperf/parameters/"

/* Small quotas for the time of a test. */
static struct parameter {
	const char *path;
	unsigned int value;
	char before[16];
} parameters[] = {
	{ PARAMETERS "leases_max", LEASES, "" },
	{ PARAMETERS "threads_max", THREADS, "" },
	{ PARAMETERS "sessions_max", SESSIONS, "" },
};

FIXTURE(quota) {
	int fd;
	struct np_topo topo;
};

FIXTURE_SETUP(quota)
{
	struct rlimit unlimited = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
	char text[16];

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &unlimited));
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		ASSERT_LT(0, np_read_file(parameters[i].path, parameters[i].before, sizeof(parameters[i].before)));
		snprintf(text, sizeof(text), "%u", parameters[i].value);
		ASSERT_EQ(0, np_write_file(parameters[i].path, text));
	}
}

FIXTURE_TEARDOWN(quota)
{
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
		np_write_file(parameters[i].path, parameters[i].before);
	close(self->fd);
}

/* Pins one page again and again, each its own lease; says how many and the reason of the refusal, and holds them. */
static int take_all(struct np_child *me, void *arg)
{
	struct np_topo *topo = arg;
	struct np_set node = np_set_of(topo->near);
	struct numaperf_ioc_range_pin pin;
	size_t page = np_page_size();
	char *area = np_map_on(topo->near, page);
	int fd = np_open(O_CLOEXEC), err;
	__u64 taken = 0, word;

	while ((err = np_pin_range(fd, area, page, &node, 0, &pin)) == 0)
		taken++;
	if (np_say(me, taken) || np_say(me, pin.reason))
		return 255;
	np_hear(me, &word);
	return np_status(err);
}

TEST_F(quota, of_leases_is_exact)
{
	struct np_child child;
	__u64 taken, reason;

	ASSERT_EQ(0, np_spawn(&child, NP_NOBODY, take_all, &self->topo));
	ASSERT_EQ(0, np_hear(&child, &taken));
	ASSERT_EQ(0, np_hear(&child, &reason));
	EXPECT_EQ(EDQUOT, np_reap(&child));
	EXPECT_EQ(LEASES, taken);
	EXPECT_EQ(NUMAPERF_REASON_LEASE_QUOTA, reason);
}

TEST_F(quota, of_leases_is_each_users_own)
{
	struct np_set node = np_set_of(self->topo.near);
	struct numaperf_ioc_range_pin pin;
	struct np_child child;
	__u64 word;

	ASSERT_EQ(0, np_spawn(&child, NP_NOBODY, take_all, &self->topo));
	ASSERT_EQ(0, np_hear(&child, &word));
	EXPECT_EQ(0, np_pin_range(self->fd, np_map_on(self->topo.near, np_page_size()), np_page_size(), &node, 0,
				  &pin));
	np_kill(&child);
}

static int take_all_twice(struct np_child *me, void *arg)
{
	struct np_child child;
	__u64 first, second;

	if (np_spawn(&child, NP_NOBODY, take_all, arg) || np_hear(&child, &first))
		return 255;
	np_reap(&child);
	if (np_spawn(&child, NP_NOBODY, take_all, arg) || np_hear(&child, &second))
		return 255;
	np_reap(&child);
	return np_say(me, second) || first != second;
}

TEST_F(quota, of_leases_is_given_back_at_exit)
{
	EXPECT_EQ(0, np_run(0, take_all_twice, &self->topo));
}

TEST_F(quota, of_leases_is_told_by_info)
{
	struct numaperf_ioc_info info;

	ASSERT_EQ(0, np_info(self->fd, &info));
	EXPECT_EQ(LEASES, info.leases_max);
	EXPECT_EQ(THREADS, info.threads_max);
}

/* -------------------------------------------------------------- threads */

/* Tracks itself again and again; says how many went well, the reason of the refusal, and what info says. */
static int track_all(struct np_child *me, void *arg)
{
	struct numaperf_ioc_track track;
	struct numaperf_ioc_info info;
	int fd = np_open(O_CLOEXEC), err;
	__u64 tracked = 0;

	(void)arg;
	for (;;) {
		track = (struct numaperf_ioc_track) {
			.size = sizeof(track), .sources = 1U << NUMAPERF_SOURCE_FAULT,
		};
		err = np_ioctl(fd, NUMAPERF_IOC_TRACK, &track);
		if (err)
			break;
		tracked++;
	}
	if (np_info(fd, &info) || np_say(me, tracked) || np_say(me, track.reason) || np_say(me, info.threads))
		return 255;
	return np_status(err);
}

TEST_F(quota, of_threads_is_exact)
{
	struct np_child child;
	__u64 tracked, reason, threads;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_spawn(&child, NP_NOBODY, track_all, NULL));
	ASSERT_EQ(0, np_hear(&child, &tracked));
	ASSERT_EQ(0, np_hear(&child, &reason));
	ASSERT_EQ(0, np_hear(&child, &threads));
	EXPECT_EQ(EDQUOT, np_reap(&child));
	EXPECT_EQ(THREADS, tracked);
	EXPECT_EQ(NUMAPERF_REASON_THREAD_QUOTA, reason);
	EXPECT_EQ(THREADS, threads);
}

/* ------------------------------------------------------------- sessions */

/* Opens the device again and again; says how often, and whether a close makes room for one. */
static int open_all(struct np_child *me, void *arg)
{
	int fd, last = -1;
	__u64 opened = 0, again;

	(void)arg;
	while ((fd = np_open(O_CLOEXEC)) >= 0) {
		last = fd;
		opened++;
	}
	close(last);
	again = np_open(O_CLOEXEC) == last;
	if (np_say(me, opened) || np_say(me, again))
		return 255;
	return np_status(fd);
}

static __u64 nobody_opens(void)
{
	struct np_child child;
	__u64 opened = 0, again = 0;

	if (np_spawn(&child, NP_NOBODY, open_all, NULL) || np_hear(&child, &opened) || np_hear(&child, &again))
		return 0;
	return np_reap(&child) == EDQUOT && again ? opened : 0;
}

TEST_F(quota, of_sessions_is_exact)
{
	EXPECT_EQ(SESSIONS, nobody_opens());
}

TEST_F(quota, of_sessions_is_given_back_at_exit)
{
	ASSERT_EQ(SESSIONS, nobody_opens());
	EXPECT_EQ(SESSIONS, nobody_opens());
}

TEST_F(quota, of_sessions_is_each_users_own)
{
	struct np_child child;
	__u64 word;

	ASSERT_EQ(0, np_spawn(&child, NP_SOMEBODY, take_all, &self->topo));
	ASSERT_EQ(0, np_hear(&child, &word));
	EXPECT_EQ(SESSIONS, nobody_opens());
	np_kill(&child);
}

TEST_HARNESS_MAIN
