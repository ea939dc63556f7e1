// SPDX-License-Identifier: GPL-2.0
/* Migrations, node switches, execs and serial numbers of tracked threads. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define MOVES 20
#define THREADS 300	/* more than the module keeps records of, when they have exited */

static struct np_counts counts;

FIXTURE(switches) {
	int fd;
	__u32 target;
	struct np_topo topo;
	struct np_child child;
};

FIXTURE_SETUP(switches)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->topo.near_cpu));
}

FIXTURE_TEARDOWN(switches)
{
	if (self->child.pid)
		np_kill(&self->child);
	close(self->fd);
}

#define NEED_SWITCHES do {						\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);		\
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_SWITCHES);		\
} while (0)

static pid_t own_tid(void)
{
	return syscall(SYS_gettid);
}

/* Another CPU than near_cpu, of that node or of another; -1: none. */
static int other_cpu(const struct np_topo *topo, bool same_node)
{
	for (int cpu = np_set_first(&topo->cpus); cpu >= 0; cpu = np_set_next(&topo->cpus, cpu))
		if (cpu != topo->near_cpu && (np_node_of_cpu(cpu) == topo->near) == same_node)
			return cpu;
	return -1;
}

/* The calling thread may run on one CPU only, always: each step is one migration. */
static int go_to_and_fro(const struct np_topo *topo, int cpu)
{
	int err = 0;

	for (int i = 0; i < MOVES && !err; i++)
		err = np_affinity_set_cpu(0, i % 2 ? topo->near_cpu : cpu);
	return err;
}

/* The kernel's own count of the calling thread; -1: not told here. */
static long long kernels_count(void)
{
	static char text[65536];
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/sched", own_tid());
	if (np_read_file(path, text, sizeof(text)) <= 0)
		return -1;
	at = strstr(text, "nr_migrations");
	at = at ? strchr(at, ':') : NULL;
	return at ? atoll(at + 1) : -1;
}

static const struct numaperf_thread_record *read_own(FIXTURE_DATA(switches) *self)
{
	if (np_counts_read(self->fd, self->target, 0, &counts))
		return NULL;
	return np_thread_of(&counts, own_tid());
}

TEST_F(switches, to_another_node_count_as_both)
{
	int cpu = other_cpu(&self->topo, false);
	const struct numaperf_thread_record *thread;

	NEED_SWITCHES;
	NP_NEED(cpu >= 0, "needs CPUs of two nodes");
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, 0, &self->target));
	ASSERT_EQ(0, go_to_and_fro(&self->topo, cpu));
	thread = read_own(self);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(MOVES, thread->migrations);
	EXPECT_EQ(MOVES, thread->node_switches);
}

TEST_F(switches, within_a_node_are_migrations_only)
{
	int cpu = other_cpu(&self->topo, true);
	const struct numaperf_thread_record *thread;

	NEED_SWITCHES;
	NP_NEED(cpu >= 0, "needs two CPUs of one node");
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, 0, &self->target));
	ASSERT_EQ(0, go_to_and_fro(&self->topo, cpu));
	thread = read_own(self);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(MOVES, thread->migrations);
	EXPECT_EQ(0, thread->node_switches);
}

/* Wherever the scheduler itself puts it, too. */
TEST_F(switches, equal_the_kernels_own_count)
{
	const struct numaperf_thread_record *thread;
	long long before, after;

	NEED_SWITCHES;
	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, 0, &self->target));
	before = kernels_count();
	NP_NEED(before >= 0, "no /proc/PID/sched");
	ASSERT_EQ(0, np_affinity_set(0, &self->topo.cpus));
	for (int i = 0; i < 50; i++) {
		np_touch_fresh(20);
		np_nap();
	}
	ASSERT_EQ(0, np_affinity_set_cpu(0, self->topo.near_cpu));
	after = kernels_count();
	thread = read_own(self);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(after - before, (long long)thread->migrations);
}

TEST_F(switches, none_of_another_thread_or_after_stop)
{
	int cpu = other_cpu(&self->topo, true) >= 0 ? other_cpu(&self->topo, true) : other_cpu(&self->topo, false);
	struct np_work *idle = np_work_new(1);

	NEED_SWITCHES;
	NP_NEED_CPUS(self->topo, 2);
	idle->job[0] = (struct np_job) { .cpu = self->topo.near_cpu };
	ASSERT_EQ(0, np_work_prepare(idle));	/* it pins itself, and waits */
	ASSERT_EQ(0, np_track(self->fd, idle->child.pid, NP_FAULT, 0, &self->target));
	ASSERT_EQ(0, go_to_and_fro(&self->topo, cpu));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	EXPECT_GE(2, counts.threads[0].migrations);	/* its own start */
	np_work_end(idle);

	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, 0, &self->target));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, NUMAPERF_READ_STOP, &counts));
	ASSERT_EQ(0, go_to_and_fro(&self->topo, cpu));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	EXPECT_EQ(0, counts.threads[0].migrations);
}

static int exec_when_told(struct np_child *me, void *arg)
{
	__u64 word;

	(void)arg;
	if (np_say(me, 0) || np_hear(me, &word))
		return 1;
	return np_status(np_exec_helper(np_helper_path(), "wait", 0, me->socket));
}

TEST_F(switches, exec_is_counted)
{
	__u64 word;

	NEED_SWITCHES;
	ASSERT_EQ(0, np_spawn(&self->child, 0, exec_when_told, NULL));
	ASSERT_EQ(0, np_hear(&self->child, &word));
	ASSERT_EQ(0, np_track(self->fd, self->child.pid, NP_FAULT, NUMAPERF_TRACK_PROCESS, &self->target));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	ASSERT_EQ(0, counts.threads[0].execs);
	ASSERT_EQ(0, np_say(&self->child, 0));
	ASSERT_EQ(0, np_hear(&self->child, &word));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	ASSERT_EQ(1, counts.read.nr_threads);
	EXPECT_EQ(1, counts.threads[0].execs);
}

/* --------------------------------------------------------- many threads */

static void *move_once(void *arg)
{
	np_affinity_set_cpu(0, *(int *)arg);
	return NULL;
}

static bool run_threads(void *(*fn)(void *), void *arg, int nr)
{
	for (int i = 0; i < nr; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, fn, arg))
			return false;
		pthread_join(thread, NULL);
	}
	return true;
}

static __u64 sum_of_others(pid_t tid)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < counts.read.nr_threads; i++)
		sum += counts.threads[i].tid == tid ? 0 : counts.threads[i].migrations;
	return sum;
}

static __u32 without_serial(void)
{
	__u32 nr = 0;

	for (__u32 i = 0; i < counts.read.nr_threads; i++)
		nr += counts.threads[i].serial == 0;
	return nr;
}

static bool folded(FIXTURE_DATA(switches) *self)
{
	return np_counts_read(self->fd, self->target, 0, &counts) == 0 && without_serial() > 0;
}

/* Threads inherit the affinity to near_cpu, go elsewhere once and end: only their sum is kept of the first. */
TEST_F(switches, are_kept_of_threads_without_a_record)
{
	int cpu = other_cpu(&self->topo, true) >= 0 ? other_cpu(&self->topo, true) : other_cpu(&self->topo, false);

	NEED_SWITCHES;
	NP_NEED_CPUS(self->topo, 2);
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, NUMAPERF_TRACK_PROCESS, &self->target));
	ASSERT_TRUE(run_threads(move_once, &cpu, THREADS));
	/* pthread_join does not wait for the thread's last bit */
	EXPECT_TRUE(np_eventually(folded(self) && sum_of_others(own_tid()) == THREADS));
}

TEST_F(switches, serials_are_never_given_again)
{
	__u64 last = 0;

	NEED_SWITCHES;
	ASSERT_EQ(0, np_track(self->fd, 0, NP_FAULT, NUMAPERF_TRACK_PROCESS, &self->target));
	ASSERT_TRUE(run_threads(move_once, &self->topo.near_cpu, THREADS));
	ASSERT_TRUE(np_eventually(folded(self)));
	EXPECT_EQ(1, without_serial());
	for (__u32 i = 0; i < counts.read.nr_threads; i++) {
		__u64 serial = counts.threads[i].serial;

		if (!serial)
			continue;
		EXPECT_LT(last, serial);	/* listed in the order in which they began */
		last = serial;
	}
	EXPECT_EQ(THREADS + 1, last);
}

TEST_HARNESS_MAIN
