// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once for a while: threads that pin, are pinned, fork, exec, exit, are killed, re-arm, release, close and
 * revoke, while CPUs go and come and cpusets change. What is asserted is what must be true afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "np_test.h"

#define GROUP NP_CGROUPS "/np_stress"
#define SECONDS 8
#define ACTORS 6
#define PAGES 64

struct stage {
	struct np_topo topo;
	int cpu;		/* may go offline, or -1 */
	bool grouped;
	__u64 end;
	__u64 *last;		/* lease taken by anyone, shared */
};

static bool is_over(const struct stage *stage)
{
	return np_now_ns() > stage->end;
}

static int any_cpu(const struct stage *stage, unsigned int *seed)
{
	int skip = rand_r(seed) % np_set_count(&stage->topo.cpus), cpu = np_set_first(&stage->topo.cpus);

	while (skip-- > 0)
		cpu = np_set_next(&stage->topo.cpus, cpu);
	return cpu;
}

static __u32 any_flags(unsigned int *seed)
{
	__u32 some = rand_r(seed) % 8;

	return (some & 1 ? NUMAPERF_PIN_INHERIT_THREADS : 0) | (some & 2 ? NUMAPERF_PIN_INHERIT_CHILDREN : 0) |
	       (some & 4 ? NUMAPERF_PIN_KEEP_ON_EXEC : 0) | (rand_r(seed) % 4 ? 0 : NUMAPERF_PIN_EXCLUSIVE);
}

static void *short_thread(void *arg)
{
	return arg;
}

static void start_threads(void)
{
	pthread_t threads[3];
	int n = 0;

	while (n < 3 && pthread_create(&threads[n], NULL, short_thread, NULL) == 0)
		n++;
	while (n-- > 0)
		pthread_join(threads[n], NULL);
}

static void start_children(void)
{
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void use_thread_pin(const struct stage *stage, int fd, unsigned int *seed)
{
	struct np_set one = np_set_of(any_cpu(stage, seed));
	struct numaperf_ioc_thread_pin pin;
	struct numaperf_ioc_rearm rearm;

	if (np_affinity_set(0, &one) || np_pin_thread(fd, 0, &one, any_flags(seed), &pin))
		return;
	__atomic_store_n(stage->last, pin.lease, __ATOMIC_RELAXED);
	start_threads();
	if (rand_r(seed) % 4 == 0)
		start_children();
	np_affinity_set(0, &stage->topo.cpus);
	np_rearm(fd, pin.lease, 0, &rearm);
	if (rand_r(seed) % 2)
		np_release(fd, pin.lease);
}

static void use_range_pin(const struct stage *stage, int fd, unsigned int *seed)
{
	struct np_set node = np_set_of(stage->topo.near);
	size_t length = PAGES * np_page_size(), half = length / 2;
	struct numaperf_ioc_range_pin pin;
	struct numaperf_ioc_rearm rearm;
	char *area = np_map_on(stage->topo.near, length);

	if (np_pin_range(fd, area, length, &node, 0, &pin) == 0) {
		__atomic_store_n(stage->last, pin.lease, __ATOMIC_RELAXED);
		madvise(area + half, half, MADV_DONTNEED);
		np_touch(area, length);
		np_rearm(fd, pin.lease, 0, &rearm);
		if (rand_r(seed) % 2)
			np_release(fd, pin.lease);
	}
	np_unmap(area, length);
}

/* One life: some leases, then an end of any kind. */
static int live(struct np_child *me, void *arg)
{
	struct stage *stage = arg;
	unsigned int seed = getpid();
	int fd = np_open(rand_r(&seed) % 2 ? O_CLOEXEC : 0);

	(void)me;
	for (int i = rand_r(&seed) % 4; i >= 0; i--) {
		use_thread_pin(stage, fd, &seed);
		use_range_pin(stage, fd, &seed);
		if (rand_r(&seed) % 4 == 0) {
			close(fd);
			fd = np_open(O_CLOEXEC);
		}
	}
	switch (rand_r(&seed) % 4) {
	case 0:
		raise(SIGKILL);
		break;
	case 1:
		execl("/bin/true", "true", (char *)NULL);
		break;
	case 2:
		close(fd);
		break;
	}
	return 0;
}

static int act(struct np_child *me, void *arg)
{
	struct stage *stage = arg;

	(void)me;
	if (stage->grouped)
		np_cgroup_write_number(GROUP, "cgroup.procs", getpid());
	while (!is_over(stage))
		if (np_run(0, live, stage) < 0)
			return 1;
	return 0;
}

/* Revokes what others hold, and moves the ground under them. */
static int disturb(struct np_child *me, void *arg)
{
	struct stage *stage = arg;
	int first = np_set_first(&stage->topo.cpus), fd = np_open(O_CLOEXEC);

	(void)me;
	for (int i = 0; !is_over(stage); i++) {
		np_revoke(fd, __atomic_load_n(stage->last, __ATOMIC_RELAXED));
		if (stage->cpu >= 0 && i % 8 == 0)
			np_cpu_online(stage->cpu, i / 8 % 2);
		if (stage->grouped && i % 4 == 0)
			np_cgroup_write(GROUP, "cpuset.cpus", "");
		if (stage->grouped && i % 4 == 2)
			np_cpuset_write(GROUP, first, first);
		np_nap();
	}
	if (stage->cpu >= 0)
		np_cpu_online(stage->cpu, true);
	return 0;
}

FIXTURE(stress) {
	int fd;
	struct stage stage;
	struct numaperf_ioc_info before, after;
};

FIXTURE_SETUP(stress)
{
	struct stage *stage = &self->stage;

	ASSERT_EQ(0, np_topo_read(&stage->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	stage->cpu = -1;
	for (int cpu = np_set_first(&stage->topo.cpus); cpu >= 0; cpu = np_set_next(&stage->topo.cpus, cpu))
		if (cpu != np_set_first(&stage->topo.cpus) && np_cpu_can_go_offline(cpu))
			stage->cpu = cpu;
	stage->grouped = access(NP_CGROUPS "/cgroup.controllers", F_OK) == 0 && mkdir(GROUP, 0755) == 0;
	stage->last = mmap(NULL, sizeof(__u64), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stage->last);
	ASSERT_EQ(0, np_info(self->fd, &self->before));
}

FIXTURE_TEARDOWN(stress)
{
	if (self->stage.cpu >= 0)
		np_cpu_online(self->stage.cpu, true);
	if (self->stage.grouped)
		np_eventually(rmdir(GROUP) == 0 || errno == ENOENT);
	close(self->fd);
}

static bool is_as_before(FIXTURE_DATA(stress) *self)
{
	return np_info(self->fd, &self->after) == 0 && self->after.leases == self->before.leases &&
	       self->after.locked_bytes == self->before.locked_bytes &&
	       self->after.sessions == self->before.sessions;
}

TEST_F(stress, leaves_nothing)
{
	struct np_set first = np_set_of(np_set_first(&self->stage.topo.cpus));
	struct numaperf_ioc_thread_pin pin;
	struct np_child actors[ACTORS], disturber;

	self->stage.end = np_now_ns() + SECONDS * 1000000000ULL;
	for (int i = 0; i < ACTORS; i++)
		ASSERT_EQ(0, np_spawn(&actors[i], 0, act, &self->stage));
	ASSERT_EQ(0, np_spawn(&disturber, 0, disturb, &self->stage));
	EXPECT_EQ(0, np_reap(&disturber));
	for (int i = 0; i < ACTORS; i++)
		EXPECT_EQ(0, np_reap(&actors[i]));
	EXPECT_TRUE(np_eventually(is_as_before(self)))
		TH_LOG("leases %u to %u, locked %llu to %llu, sessions %u to %u", self->before.leases,
		       self->after.leases, self->before.locked_bytes, self->after.locked_bytes,
		       self->before.sessions, self->after.sessions);
	/* No CPU is still claimed. */
	for (int cpu = np_set_first(&first); cpu >= 0; cpu = np_set_next(&self->stage.topo.cpus, cpu)) {
		struct np_set one = np_set_of(cpu);

		ASSERT_TRUE(np_eventually(np_affinity_set(0, &one) == 0));
		ASSERT_EQ(0, np_pin_thread(self->fd, 0, &one, NUMAPERF_PIN_EXCLUSIVE, &pin));
		ASSERT_EQ(0, np_release(self->fd, pin.lease));
	}
}

TEST_HARNESS_MAIN
