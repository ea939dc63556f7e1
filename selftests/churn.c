// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, against each other: pins of threads and ranges, tracking, regions, revocation, threads that exit, children
 * that exec, ranges unmapped while they are pinned, CPUs going offline, cpusets changing, attempts to unload. For a few seconds
 * (NP_ROUNDS says how many; minutes in make check-deep). Then all is killed, and nothing may be left; whether the kernel
 * complained, the guest looks.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_region.h"
#include "np_test.h"
#include "np_track.h"

#define SECONDS 10
#define PAGES 64
#define GROUP "/sys/fs/cgroup/np_churn"

struct stage {
	struct np_topo topo;
	int last_cpu;
	bool regions;
};

static unsigned int below(unsigned int n)
{
	static unsigned int seed;

	if (!seed)
		seed = getpid();
	return rand_r(&seed) / 7 % n;
}

/* What calls may answer when everything changes under them. */
static bool plausible(int err)
{
	static const int expected[] = {
		0, -EBUSY, -EDQUOT, -EINTR, -EINVAL, -ENODATA, -ENOENT, -ENOMEM, -ESRCH, -EXDEV, -EAGAIN,
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		if (err == expected[i])
			return true;
	}
	return false;
}

/* Ends the process that saw it; the test sees that. */
static void must(int err)
{
	if (!plausible(err))
		_exit(np_status(err) ?: 1);
}

/* ---------------------------------------------------------------- actors */

static void *touch_and_go(void *arg)
{
	(void)arg;
	np_touch_fresh(4);
	return NULL;
}

static void some_threads(void)
{
	pthread_t threads[4];
	int n = 0;

	while (n < 4 && !pthread_create(&threads[n], NULL, touch_and_go, NULL))
		n++;
	while (n--)
		pthread_join(threads[n], NULL);
}

static void some_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		some_threads();
		/* Ends with an errno, as it is pinned; that is enough of an image. */
		if (below(2))
			np_exec_helper(np_helper_path(), "setaffinity", 0, 0);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* A family that is pinned and tracked with all its threads and children, while it has them come and go. */
static int act_family(struct np_child *me, void *arg)
{
	struct stage *stage = arg;
	struct numaperf_ioc_thread_pin pin;
	struct np_set all = stage->topo.cpus;
	__u32 target;
	int fd;

	(void)me;
	for (;;) {
		fd = np_open(O_CLOEXEC);
		must(fd < 0 ? fd : 0);
		must(np_track_faults(fd, 0, NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN, 1, &target));
		must(np_pin_thread(fd, 0, &all, NUMAPERF_PIN_INHERIT_THREADS | NUMAPERF_PIN_INHERIT_CHILDREN, &pin));
		some_threads();
		some_child();
		if (below(2))
			must(np_release(fd, pin.lease));
		close(fd);
	}
	return 0;
}

static void *take_away(void *arg)
{
	char *area = arg;
	size_t page = np_page_size();

	for (;;) {
		char *at = area + below(PAGES) * page;

		if (below(2))
			madvise(at, page, MADV_DONTNEED);
		else
			mmap(at, page, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		usleep(1000);
	}
	return NULL;
}

/* Ranges pinned, while another thread takes pages away. */
static int act_ranges(struct np_child *me, void *arg)
{
	struct stage *stage = arg;
	struct np_set nodes = stage->topo.memory;
	struct numaperf_ioc_range_pin pin;
	size_t length = PAGES * np_page_size();
	char *area = np_map(length);
	pthread_t thread;
	int fd = np_open(O_CLOEXEC), err;

	(void)me;
	if (pthread_create(&thread, NULL, take_away, area))
		return EAGAIN;
	for (;;) {
		np_touch(area, length);
		err = np_pin_range(fd, area, length, &nodes, 0, &pin);
		/* Memory without a policy may be in ZONE_MOVABLE. */
		if (err != -EADDRNOTAVAIL)
			must(err);
		if (!err && below(2))
			must(np_release(fd, pin.lease));
		if (!below(8)) {
			close(fd);
			fd = np_open(O_CLOEXEC);
		}
	}
	return 0;
}

static int act_regions(struct np_child *me, void *arg)
{
	struct stage *stage = arg;
	int fd = np_open(O_CLOEXEC), err;

	(void)me;
	while (stage->regions) {
		struct np_region region;

		err = np_region_make(&region, fd, stage->topo.near, PAGES * np_page_size(), 0, 1000);
		must(err);
		for (int i = 0; !err && i < 20; i++)
			np_touch(region.at, region.length);
		np_region_end(&region);
	}
	return 0;
}

/* Everyone's leases are listed, one is revoked. */
static int act_revoke(struct np_child *me, void *arg)
{
	static struct numaperf_lease_record records[256];
	int fd = np_open(O_CLOEXEC), err;

	(void)me;
	(void)arg;
	for (;;) {
		struct numaperf_ioc_leases leases = {
			.size = sizeof(leases),
			.entries = (uintptr_t)records,
			.count = ARRAY_SIZE(records),
			.entry_size = sizeof(records[0]),
		};

		err = np_ioctl(fd, NUMAPERF_IOC_LEASES, &leases);
		if (err != -EMSGSIZE)
			must(err);
		if (!err && leases.count)
			must(np_revoke(fd, records[below(leases.count)].id));
		usleep(5000);
	}
	return 0;
}

/* The machine changes shape: a CPU goes and comes, a cpuset shrinks and grows around a family. */
static int act_machine(struct np_child *me, void *arg)
{
	struct stage *stage = arg;
	char online[64], cpus[16];

	(void)me;
	snprintf(online, sizeof(online), "/sys/devices/system/cpu/cpu%d/online", stage->last_cpu);
	for (;;) {
		snprintf(cpus, sizeof(cpus), below(2) ? "0" : "0-%d", stage->last_cpu);
		np_write_file(GROUP "/cpuset.cpus", cpus);
		np_write_file(online, "0");
		usleep(20000);
		np_write_file(online, "1");
		usleep(100000);
	}
	return 0;
}

static int act_unload(struct np_child *me, void *arg)
{
	(void)me;
	(void)arg;
	for (;;) {
		if (np_module_unload() != -EWOULDBLOCK)
			return EBUSY;
		usleep(10000);
	}
	return 0;
}

static const struct {
	const char *name;
	np_child_fn act;
	bool grouped;	/* in the cpuset that changes */
} actors[] = {
	{ "family", act_family, false },
	{ "grouped family", act_family, true },
	{ "ranges", act_ranges, false },
	{ "grouped ranges", act_ranges, true },
	{ "regions", act_regions, false },
	{ "revoke", act_revoke, false },
	{ "machine", act_machine, false },
	{ "unload", act_unload, false },
};

/* ------------------------------------------------------------------ test */

FIXTURE(churn) {
	int fd;
	struct stage stage;
	struct np_child children[ARRAY_SIZE(actors)];
};

FIXTURE_SETUP(churn)
{
	struct np_topo *topo = &self->stage.topo;

	ASSERT_EQ(0, np_topo_read(topo));
	for (int cpu = np_set_first(&topo->cpus); cpu >= 0; cpu = np_set_next(&topo->cpus, cpu))
		self->stage.last_cpu = cpu;
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->stage.regions = np_feature(self->fd, NUMAPERF_FEATURE_REGION);
	mkdir(GROUP, 0755);
}

FIXTURE_TEARDOWN(churn)
{
	char online[64];

	snprintf(online, sizeof(online), "/sys/devices/system/cpu/cpu%d/online", self->stage.last_cpu);
	np_write_file(online, "1");
	close(self->fd);
	np_eventually(rmdir(GROUP) == 0 || errno == ENOENT);
}

static void enter_group(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	np_write_file(GROUP "/cgroup.procs", text);
}

static bool nothing_left(int fd)
{
	struct numaperf_ioc_info info;

	return np_info(fd, &info) == 0 && info.leases == 0 && info.threads == 0 && info.locked_bytes == 0 &&
	       info.sessions == 1;
}

TEST_F(churn, leaves_nothing)
{
	NP_NEED_CPUS(self->stage.topo, 2);
	for (size_t i = 0; i < ARRAY_SIZE(actors); i++) {
		ASSERT_EQ(0, np_spawn(&self->children[i], 0, actors[i].act, &self->stage));
		if (actors[i].grouped)
			enter_group(self->children[i].pid);
	}
	sleep(np_rounds(SECONDS, 600));
	for (size_t i = 0; i < ARRAY_SIZE(actors); i++) {
		int status = np_kill(&self->children[i]);

		if (actors[i].act == act_regions && !self->stage.regions)
			continue;
		EXPECT_EQ(256 + SIGKILL, status) TH_LOG("%s ended by itself", actors[i].name);
	}
	EXPECT_TRUE(np_eventually(nothing_left(self->fd)));
}

TEST_HARNESS_MAIN
