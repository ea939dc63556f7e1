// SPDX-License-Identifier: GPL-2.0
/* Whom a target covers: threads that run and that come later, other processes, children; and how each ends. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define PAGES 200

static struct np_counts counts;

FIXTURE(scope) {
	int fd;
	__u32 target;
};

FIXTURE_SETUP(scope)
{
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(scope)
{
	close(self->fd);
}

static int track_self(FIXTURE_DATA(scope) *self, __u32 flags)
{
	return np_track_faults(self->fd, 0, flags, 1, &self->target);
}

static int read_target(FIXTURE_DATA(scope) *self)
{
	return np_counts_read(self->fd, self->target, 0, &counts);
}

/* ------------------------------------------------------------ many targets */

static int track_once_more(int fd, struct numaperf_ioc_track *track)
{
	*track = (struct numaperf_ioc_track) { .size = sizeof(*track), .sources = NP_FAULT };
	return np_ioctl(fd, NUMAPERF_IOC_TRACK, track);
}

/* What faults, forks and exits walk through is bounded. */
TEST_F(scope, thread_is_in_so_many_targets_at_most)
{
	struct numaperf_ioc_track track;
	int other = np_open(O_CLOEXEC);

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_once_more(other, &track));
	for (int i = 1; i < NUMAPERF_TARGETS_PER_THREAD_MAX; i++)
		ASSERT_EQ(0, track_once_more(self->fd, &track));
	EXPECT_EQ(-EDQUOT, track_once_more(self->fd, &track));
	EXPECT_EQ(NUMAPERF_REASON_THREAD_QUOTA, track.reason);
	close(other);
	EXPECT_EQ(0, track_once_more(self->fd, &track));
}

struct sleeper {
	pthread_t thread;
	pid_t tid;
};

static atomic_bool wake;

static void *sleep_in_thread(void *arg)
{
	struct sleeper *sleeper = arg;

	__atomic_store_n(&sleeper->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (!wake)
		np_nap();
	return NULL;
}

/* A few threads, each in as many targets as it may be, and then there are too many for their process. */
TEST_F(scope, process_is_in_so_many_targets_at_most)
{
	enum { THREADS = NUMAPERF_TARGETS_PER_PROCESS_MAX / NUMAPERF_TARGETS_PER_THREAD_MAX + 1 };
	struct sleeper sleepers[THREADS] = { 0 };
	struct numaperf_ioc_track track;
	int taken = 0, err = 0;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	wake = false;
	for (int i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_create(&sleepers[i].thread, NULL, sleep_in_thread, &sleepers[i]));
		ASSERT_TRUE(np_eventually(__atomic_load_n(&sleepers[i].tid, __ATOMIC_ACQUIRE)));
	}
	for (int i = 0; !err && i < THREADS * NUMAPERF_TARGETS_PER_THREAD_MAX; i++) {
		track = (struct numaperf_ioc_track) {
			.size = sizeof(track), .sources = NP_FAULT,
			.pid = sleepers[i / NUMAPERF_TARGETS_PER_THREAD_MAX].tid,
		};
		err = np_ioctl(self->fd, NUMAPERF_IOC_TRACK, &track);
		taken += !err;
	}
	wake = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(sleepers[i].thread, NULL);
	EXPECT_EQ(-EDQUOT, err);
	EXPECT_EQ(NUMAPERF_REASON_THREAD_QUOTA, track.reason);
	EXPECT_EQ(NUMAPERF_TARGETS_PER_PROCESS_MAX, taken);
}

/* --------------------------------------------------------- other threads */

static void *touch_in_thread(void *arg)
{
	*(pid_t *)arg = syscall(SYS_gettid);
	np_touch_fresh(PAGES);
	return NULL;
}

static pid_t run_thread(void)
{
	pthread_t thread;
	pid_t tid = 0;

	if (pthread_create(&thread, NULL, touch_in_thread, &tid))
		return -1;
	pthread_join(thread, NULL);
	return tid;
}

TEST_F(scope, later_thread_is_counted_with_the_process)
{
	const struct numaperf_thread_record *thread;
	pid_t tid;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, NUMAPERF_TRACK_PROCESS));
	tid = run_thread();
	ASSERT_EQ(0, read_target(self));
	thread = np_thread_of(&counts, tid);
	ASSERT_NE(NULL, thread);
	EXPECT_LE(PAGES, (int)thread->faults);
	EXPECT_EQ(getpid(), thread->pid);
}

TEST_F(scope, later_thread_is_not_counted_with_a_thread)
{
	pid_t tid;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, 0));
	tid = run_thread();
	ASSERT_EQ(0, read_target(self));
	EXPECT_EQ(NULL, np_thread_of(&counts, tid));
}

TEST_F(scope, thread_that_ended_keeps_its_counts)
{
	const struct numaperf_thread_record *thread;
	pid_t tid;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, NUMAPERF_TRACK_PROCESS));
	tid = run_thread();
	/* pthread_join returns a moment before the thread has gone */
	ASSERT_TRUE(np_eventually(read_target(self) == 0 && (thread = np_thread_of(&counts, tid)) &&
				  thread->flags & NUMAPERF_THREAD_EXITED));
	EXPECT_LE(PAGES, (int)thread->faults);
}

TEST_F(scope, no_thread_is_left_out)
{
	pid_t tids[40];

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, NUMAPERF_TRACK_PROCESS));
	for (size_t i = 0; i < ARRAY_SIZE(tids); i++)
		tids[i] = run_thread();
	ASSERT_EQ(0, read_target(self));
	EXPECT_EQ(0, counts.read.untracked);
	for (size_t i = 0; i < ARRAY_SIZE(tids); i++)
		EXPECT_NE(NULL, np_thread_of(&counts, tids[i]));
}

static void *wait_at(void *arg)
{
	pthread_barrier_wait(arg);
	np_touch_fresh(PAGES);
	pthread_barrier_wait(arg);
	return NULL;
}

TEST_F(scope, threads_that_run_already_are_counted_with_the_process)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	pthread_barrier_init(&barrier, NULL, 2);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_at, &barrier));
	ASSERT_EQ(0, track_self(self, NUMAPERF_TRACK_PROCESS));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	ASSERT_EQ(0, read_target(self));
	EXPECT_EQ(2, counts.read.nr_threads);
	EXPECT_LE(PAGES, (int)np_faults(&counts));
}

/* -------------------------------------------------------- other processes */

static int touch_when_told(struct np_child *me, void *arg)
{
	__u64 word;

	(void)arg;
	if (np_say(me, 0) || np_hear(me, &word))
		return 1;
	np_touch_fresh(PAGES);
	return np_say(me, 0) || np_hear(me, &word);
}

FIXTURE(child) {
	int fd;
	struct np_child child;
	__u32 target;
	struct numaperf_event_record event;
};

FIXTURE_SETUP(child)
{
	__u64 word;

	self->fd = np_open(O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, np_spawn(&self->child, 0, touch_when_told, NULL));
	ASSERT_EQ(0, np_hear(&self->child, &word));
}

FIXTURE_TEARDOWN(child)
{
	np_kill(&self->child);
	close(self->fd);
}

static int let_it_touch(struct np_child *child)
{
	__u64 word;

	return np_say(child, 0) ?: np_hear(child, &word);
}

TEST_F(child, is_counted)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_track_faults(self->fd, self->child.pid, 0, 1, &self->target));
	ASSERT_EQ(0, let_it_touch(&self->child));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	EXPECT_LE(PAGES, (int)np_faults(&counts));
}

TEST_F(child, keeps_its_counts_when_it_is_gone)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_track_faults(self->fd, self->child.pid, 0, 1, &self->target));
	ASSERT_EQ(0, let_it_touch(&self->child));
	kill(self->child.pid, SIGKILL);
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	ASSERT_EQ(0, np_counts_read(self->fd, self->target, 0, &counts));
	ASSERT_EQ(1, counts.read.nr_threads);
	EXPECT_TRUE(counts.threads[0].flags & NUMAPERF_THREAD_EXITED);
	EXPECT_LE(PAGES, (int)np_faults(&counts));
}

TEST_F(child, end_is_told_by_an_event)
{
	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_track_faults(self->fd, self->child.pid, 0, 1, &self->target));
	kill(self->child.pid, SIGKILL);
	ASSERT_EQ(0, np_event(self->fd, &self->event));
	EXPECT_EQ(NUMAPERF_EVENT_TARGET_EXITED, self->event.type);
	EXPECT_EQ(self->target, self->event.id);
}

#define SHARED_PAGES 8192

/* Its memory is shared with nobody else, and the machine's count of such pages tells when it goes. */
static int sit_on_memory(struct np_child *me, void *arg)
{
	size_t length = SHARED_PAGES * np_page_size();
	char *area = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	__u64 word;

	(void)arg;
	if (area == MAP_FAILED)
		return 1;
	np_touch(area, length);
	return np_say(me, 0) || np_hear(me, &word);
}

/* Tracking holds an address space only as long as it is in use: not until the session closes. */
TEST_F(scope, memory_is_freed_at_exit)
{
	__u32 sources = NP_FAULT | (np_feature(self->fd, NUMAPERF_FEATURE_HINT) ? NP_HINT : 0);
	unsigned long long before;
	struct np_child child;
	__u64 word;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_spawn(&child, 0, sit_on_memory, NULL));
	ASSERT_EQ(0, np_hear(&child, &word));
	before = np_vmstat("nr_shmem");
	ASSERT_EQ(0, np_track(self->fd, child.pid, sources, NUMAPERF_TRACK_PROCESS, &self->target));
	np_kill(&child);
	EXPECT_TRUE(np_eventually(np_vmstat("nr_shmem") < before - SHARED_PAGES / 2));
}

/* The same at exec: the old address space is not kept by having been tracked. */
static int sit_and_exec(struct np_child *me, void *arg)
{
	if (sit_on_memory(me, arg))
		return 1;
	return np_status(np_exec_helper(np_helper_path(), "wait", 0, me->socket));
}

TEST_F(scope, memory_is_freed_at_exec)
{
	__u32 sources = NP_FAULT | (np_feature(self->fd, NUMAPERF_FEATURE_HINT) ? NP_HINT : 0);
	unsigned long long before;
	struct np_child child;
	__u64 word;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, np_spawn(&child, 0, sit_and_exec, NULL));
	ASSERT_EQ(0, np_hear(&child, &word));
	before = np_vmstat("nr_shmem");
	ASSERT_EQ(0, np_track(self->fd, child.pid, sources, NUMAPERF_TRACK_PROCESS, &self->target));
	ASSERT_EQ(0, np_say(&child, 0));
	ASSERT_EQ(0, np_hear(&child, &word));
	EXPECT_TRUE(np_eventually(np_vmstat("nr_shmem") < before - SHARED_PAGES / 2));
	np_kill(&child);
}

/* ------------------------------------------------------------ descendants */

static int touch_and_exit(struct np_child *me, void *arg)
{
	(void)me;
	(void)arg;
	np_touch_fresh(PAGES);
	return 0;
}

TEST_F(scope, child_is_counted_with_its_flag)
{
	struct np_child child;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN));
	ASSERT_EQ(0, np_spawn(&child, 0, touch_and_exit, NULL));
	ASSERT_EQ(0, np_reap(&child));
	ASSERT_EQ(0, read_target(self));
	ASSERT_NE(NULL, np_thread_of(&counts, child.pid));
	EXPECT_LE(PAGES, (int)np_thread_of(&counts, child.pid)->faults);
}

TEST_F(scope, child_is_not_counted_without_it)
{
	struct np_child child;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, NUMAPERF_TRACK_PROCESS));
	ASSERT_EQ(0, np_spawn(&child, 0, touch_and_exit, NULL));
	ASSERT_EQ(0, np_reap(&child));
	ASSERT_EQ(0, read_target(self));
	EXPECT_EQ(NULL, np_thread_of(&counts, child.pid));
}

static int have_child_touch(struct np_child *me, void *arg)
{
	struct np_child child;

	(void)arg;
	if (np_spawn(&child, 0, touch_and_exit, NULL) || np_say(me, child.pid))
		return 1;
	return np_reap(&child);
}

TEST_F(scope, grandchild_is_counted_with_the_flag)
{
	struct np_child child;
	__u64 pid;

	NP_NEED_FEATURE(self->fd, NUMAPERF_FEATURE_FAULT);
	ASSERT_EQ(0, track_self(self, NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN));
	ASSERT_EQ(0, np_spawn(&child, 0, have_child_touch, NULL));
	ASSERT_EQ(0, np_hear(&child, &pid));
	ASSERT_EQ(0, np_reap(&child));
	ASSERT_EQ(0, read_target(self));
	ASSERT_NE(NULL, np_thread_of(&counts, pid));
	EXPECT_LE(PAGES, (int)np_thread_of(&counts, pid)->faults);
}

TEST_HARNESS_MAIN
