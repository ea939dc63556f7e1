// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and user copy of every call fails once: the call says so by an errno of the contract, has taken nothing, and
 * succeeds when nothing fails. One line of ROW() for each call, at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "np_fail.h"
#include "np_netlink.h"
#include "np_test.h"

#define PAGES 8
#define RECORDS 64
/* More failure points than any call has. */
#define STEPS_MAX 2000

/**
 * struct world - what calls work on
 * @fd: session
 * @made: descriptor that the call made, -1
 * @lease: that the call is about, or took
 * @target: likewise
 * @memory: PAGES pages on the near node
 * @netlink: socket that asks for the host's view
 */
struct world {
	struct np_topo topo;
	struct np_set near;
	struct np_set cpus;
	char *memory;
	size_t length;
	int fd;
	int made;
	void *mapped;
	size_t mapped_length;
	__u64 lease;
	__u32 target;
	struct np_netlink netlink;
	struct np_message answer;
	union {
		struct numaperf_lease_record leases[RECORDS];
		struct numaperf_node_pages nodes[RECORDS];
		struct numaperf_event_record events[RECORDS];
		struct numaperf_region_thread region_threads[RECORDS];
		struct numaperf_thread_record threads[RECORDS];
	};
	union {
		struct numaperf_cell cells[RECORDS];
		struct numaperf_region_cell region_cells[RECORDS];
		__u64 set[NP_SET_BITS / 64];
	};
};

/* What a call could take. */
struct taken {
	__u64 locked;
	__u32 leases;
	__u32 threads;
	__u32 sessions;
	int next_fd;
};

static struct taken taken_now(struct world *w)
{
	struct numaperf_ioc_info info;
	struct taken taken = { 0 };

	if (np_info(w->fd, &info))
		return taken;
	taken.locked = info.locked_bytes;
	taken.leases = info.leases;
	taken.threads = info.threads;
	taken.sessions = info.sessions;
	taken.next_fd = dup(w->fd);
	close(taken.next_fd);
	return taken;
}

/* Less than before: the call that failed was to give something back. */
static bool taken_nothing(struct world *w, const struct taken *before, bool locked)
{
	struct taken now = taken_now(w);

	return (locked || now.locked <= before->locked) && now.leases <= before->leases && now.threads <= before->threads &&
	       now.sessions <= before->sessions && now.next_fd <= before->next_fd;
}

/* For the log of a test that failed. */
static const char *taken_what(struct world *w, const struct taken *before)
{
	static char text[128];
	struct taken now = taken_now(w);

	snprintf(text, sizeof(text), "%lld locked bytes, %d leases, %d threads, %d sessions, %d descriptors",
		 (long long)(now.locked - before->locked), (int)(now.leases - before->leases),
		 (int)(now.threads - before->threads), (int)(now.sessions - before->sessions),
		 now.next_fd - before->next_fd);
	return text;
}

/* ----------------------------------------------- calls, and what they need */

static int nothing(struct world *w)
{
	(void)w;
	return 0;
}

static int do_open(struct world *w)
{
	w->made = np_open(O_CLOEXEC);
	return w->made < 0 ? w->made : 0;
}

static int undo_made(struct world *w)
{
	if (w->mapped)
		munmap(w->mapped, w->mapped_length);
	w->mapped = NULL;
	if (w->made >= 0)
		close(w->made);
	w->made = -1;
	return 0;
}

static int do_info(struct world *w)
{
	struct numaperf_ioc_info info;

	return np_info(w->fd, &info);
}

static int do_thread_pin(struct world *w)
{
	struct numaperf_ioc_thread_pin pin;
	int err = np_pin_thread(w->fd, 0, &w->cpus, 0, &pin);

	w->lease = err ? 0 : pin.lease;
	return err;
}

static int do_range_pin(struct world *w)
{
	struct numaperf_ioc_range_pin pin;
	int err = np_pin_range(w->fd, w->memory, w->length, &w->near, 0, &pin);

	w->lease = err ? 0 : pin.lease;
	return err;
}

static int undo_lease(struct world *w)
{
	int err = w->lease ? np_release(w->fd, w->lease) : 0;

	w->lease = 0;
	return err == -ENOENT ? 0 : err;
}

static int do_release(struct world *w)
{
	return np_release(w->fd, w->lease);
}

static int do_revoke(struct world *w)
{
	return np_revoke(w->fd, w->lease);
}

static int do_rearm(struct world *w)
{
	struct numaperf_ioc_rearm arg = { .size = sizeof(arg), .lease = w->lease };

	return np_ioctl(w->fd, NUMAPERF_IOC_REARM, &arg);
}

static int do_leases(struct world *w)
{
	struct numaperf_ioc_leases arg = {
		.size = sizeof(arg),
		.lease = w->lease,
		.entries = (uintptr_t)w->leases,
		.count = RECORDS,
		.entry_size = sizeof(w->leases[0]),
		.set = (uintptr_t)w->set,
		.set_bits = NP_SET_BITS,
	};

	return np_ioctl(w->fd, NUMAPERF_IOC_LEASES, &arg);
}

static int do_placement(struct world *w)
{
	struct numaperf_ioc_placement arg = {
		.size = sizeof(arg),
		.addr = (uintptr_t)w->memory,
		.length = w->length,
		.nodes = (uintptr_t)w->nodes,
		.count = RECORDS,
		.entry_size = sizeof(w->nodes[0]),
	};

	return np_ioctl(w->fd, NUMAPERF_IOC_PLACEMENT, &arg);
}

static int do_track(struct world *w)
{
	struct numaperf_ioc_track arg = {
		.size = sizeof(arg),
		.flags = NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN,
		.sources = 1 << NUMAPERF_SOURCE_FAULT,
		.fault_period = 1,
	};
	int err = np_ioctl(w->fd, NUMAPERF_IOC_TRACK, &arg);

	w->target = err ? 0 : arg.target;
	return err;
}

/* A target ends with its session only. */
static int undo_track(struct world *w)
{
	close(w->fd);
	w->target = 0;
	w->fd = np_open(O_CLOEXEC);
	return w->fd < 0 ? w->fd : 0;
}

static int do_read(struct world *w)
{
	struct numaperf_ioc_read arg = {
		.size = sizeof(arg),
		.flags = NUMAPERF_READ_STOP,
		.target = w->target,
		.threads = (uintptr_t)w->threads,
		.cells = (uintptr_t)w->cells,
		.nr_threads = RECORDS,
		.nr_cells = RECORDS,
		.thread_size = sizeof(w->threads[0]),
		.cell_size = sizeof(w->cells[0]),
	};

	return np_ioctl(w->fd, NUMAPERF_IOC_READ, &arg);
}

static int do_watch(struct world *w)
{
	struct numaperf_ioc_watch arg = {
		.size = sizeof(arg),
		.target = w->target,
		.addr = (uintptr_t)w->memory,
		.length = w->length,
	};

	return np_ioctl(w->fd, NUMAPERF_IOC_WATCH, &arg);
}

static int do_counters(struct world *w)
{
	struct numaperf_ioc_counters arg = { .size = sizeof(arg), .target = w->target };
	int err = np_ioctl(w->fd, NUMAPERF_IOC_COUNTERS, &arg);

	w->made = err ? -1 : arg.fd;
	w->mapped_length = arg.length;
	return err;
}

static int do_alarm(struct world *w)
{
	struct numaperf_ioc_alarm arg = {
		.size = sizeof(arg),
		.target = w->target,
		.source = NUMAPERF_SOURCE_FAULT,
		.below = 500,
		.above = 600,
		.samples = 1,
		.window_ms = 1000,
	};

	return np_ioctl(w->fd, NUMAPERF_IOC_ALARM, &arg);
}

static int region_new(struct world *w, __u32 flags, size_t length)
{
	struct numaperf_ioc_region_new arg = {
		.size = sizeof(arg),
		.flags = flags,
		.length = length,
		.nodes = (uintptr_t)w->near.words,
		.nodes_bits = NP_SET_BITS,
		.parts = 1,
		.rate = 100,
	};
	int err = np_ioctl(w->fd, NUMAPERF_IOC_REGION_NEW, &arg);

	w->made = err ? -1 : arg.fd;
	w->lease = err ? 0 : arg.lease;
	w->mapped_length = length;
	return err;
}

static int do_region_new(struct world *w)
{
	return region_new(w, 0, w->length);
}

static int do_region_huge(struct world *w)
{
	return region_new(w, NUMAPERF_REGION_HUGE, np_huge_size() ?: 2 << 20);
}

static int undo_region(struct world *w)
{
	undo_made(w);
	return undo_lease(w);
}

static int do_region_set(struct world *w)
{
	struct numaperf_ioc_region_set arg = { .size = sizeof(arg), .lease = w->lease, .rate = 10, .repeat = 2 };

	return np_ioctl(w->fd, NUMAPERF_IOC_REGION_SET, &arg);
}

static int do_region_read(struct world *w)
{
	struct numaperf_ioc_region_read arg = {
		.size = sizeof(arg),
		.lease = w->lease,
		.threads = (uintptr_t)w->region_threads,
		.cells = (uintptr_t)w->region_cells,
		.nr_threads = RECORDS,
		.nr_cells = RECORDS,
		.thread_size = sizeof(struct numaperf_region_thread),
		.cell_size = sizeof(struct numaperf_region_cell),
		.sample_size = sizeof(struct numaperf_region_sample),
	};

	return np_ioctl(w->fd, NUMAPERF_IOC_REGION_READ, &arg);
}

static int do_mmap(struct world *w)
{
	int protection = w->lease ? PROT_READ | PROT_WRITE : PROT_READ;
	void *mapped = mmap(NULL, w->mapped_length, protection, MAP_SHARED, w->made, 0);

	w->mapped = mapped == MAP_FAILED ? NULL : mapped;
	return w->mapped ? 0 : -errno;
}

static int need_counters(struct world *w)
{
	int err = do_track(w);

	return err ?: do_counters(w);
}

static int undo_counters(struct world *w)
{
	undo_made(w);
	return undo_track(w);
}

/* An event of a lease that was revoked. */
static int need_event(struct world *w)
{
	int err = do_range_pin(w) ?: np_revoke(w->fd, w->lease);

	w->lease = 0;
	return err;
}

static int do_read_events(struct world *w)
{
	return read(w->fd, w->events, sizeof(w->events)) < 0 ? -errno : 0;
}

/* An event that could not be copied is lost, and said to be: the next is its own. */
static int undo_event(struct world *w)
{
	int flags = fcntl(w->fd, F_GETFL);

	fcntl(w->fd, F_SETFL, flags | O_NONBLOCK);
	while (read(w->fd, w->events, sizeof(w->events)) > 0)
		;
	return fcntl(w->fd, F_SETFL, flags);
}

/* Something to tell of, and a socket of its own for each question: answers that were lost don't confuse the next. */
static int need_netlink(struct world *w)
{
	return do_range_pin(w) ?: np_netlink_open(&w->netlink);
}

static int do_netlink_info(struct world *w)
{
	return np_netlink_ask(&w->netlink, NUMAPERF_GENL_CMD_INFO, &w->answer);
}

static int netlink_dump(struct world *w, __u8 command)
{
	struct np_dump dump = { 0 };
	int count = np_netlink_dump(&w->netlink, command, &dump);

	return count < 0 ? count : 0;
}

static int do_netlink_leases(struct world *w)
{
	return netlink_dump(w, NUMAPERF_GENL_CMD_LEASES);
}

static int do_netlink_targets(struct world *w)
{
	return netlink_dump(w, NUMAPERF_GENL_CMD_TARGETS);
}

static int undo_netlink(struct world *w)
{
	np_netlink_close(&w->netlink);
	return undo_lease(w);
}

/* -------------------------------------------------------------- the sweep */

FIXTURE(nth) {
	struct world w;
	int fail;
};

FIXTURE_VARIANT(nth) {
	int (*need)(struct world *w);	/* before each call, unharmed */
	int (*call)(struct world *w);
	int (*undo)(struct world *w);	/* after each, whether it succeeded or not */
	bool keeps;			/* a target keeps its mapped counters when the answer could not be told */
};

FIXTURE_SETUP(nth)
{
	struct world *w = &self->w;

	ASSERT_EQ(0, np_topo_read(&w->topo));
	w->near = np_set_of(w->topo.near);
	w->cpus = np_set_of(w->topo.near_cpu);
	w->length = PAGES * np_page_size();
	w->memory = np_map_on(w->topo.near, w->length);
	w->made = -1;
	/* The module stays loaded, and users known, while the tests' own session is opened anew. */
	ASSERT_LE(0, np_open(O_CLOEXEC));
	w->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, w->fd);
	ASSERT_EQ(0, np_affinity_set_cpu(0, w->topo.near_cpu));
}

FIXTURE_TEARDOWN(nth)
{
	close(self->w.fd);
}

static bool of_contract(int err)
{
	/* Netlink's own way to say that an answer was lost for want of memory. */
	return err == -ENOMEM || err == -EFAULT || err == -ENOBUFS;
}

TEST_F(nth, failure_takes_nothing)
{
	struct world *w = &self->w;
	int n, err, failures = 0;
	bool struck = true;

	NP_NEED(np_fail_works(), "this kernel injects no faults (CONFIG_FAULT_INJECTION)");
	self->fail = np_fail_open();
	ASSERT_LE(0, self->fail);
	for (n = 1; struck && n < STEPS_MAX; n++) {
		struct taken before;

		err = variant->need(w);
		NP_NEED(err != -ENOTTY && err != -EOPNOTSUPP, "this module lacks what the call needs");
		ASSERT_EQ(0, err);
		before = taken_now(w);

		ASSERT_TRUE(np_fail_arm(self->fail, n));
		err = variant->call(w);
		struck = np_fail_disarm(self->fail);

		NP_NEED(struck || (err != -ENOTTY && err != -EOPNOTSUPP), "this module lacks the call");
		if (err) {
			EXPECT_TRUE(struck) TH_LOG("failed by itself: %d", err);
			EXPECT_TRUE(of_contract(err)) TH_LOG("step %d: error %d", n, err);
			EXPECT_TRUE(np_eventually(taken_nothing(w, &before, variant->keeps && err == -EFAULT)))
				TH_LOG("step %d, error %d: something was taken: %s", n, err, taken_what(w, &before));
			failures++;
		}
		ASSERT_EQ(0, variant->undo(w));
	}
	EXPECT_FALSE(struck);
	EXPECT_EQ(0, err);
	/* Each reads its argument, and all but mmap copy something. */
	EXPECT_LT(0, failures + (variant->call == do_mmap));
	TH_LOG("%d steps, %d failures", n - 1, failures);
}

#define ROW(name, _need, _call, _undo, ...) \
	FIXTURE_VARIANT_ADD(nth, name) { .need = (_need), .call = (_call), .undo = (_undo), ##__VA_ARGS__ }

ROW(open, nothing, do_open, undo_made);
ROW(info, nothing, do_info, nothing);
ROW(thread_pin, nothing, do_thread_pin, undo_lease);
ROW(range_pin, nothing, do_range_pin, undo_lease);
ROW(release_thread, do_thread_pin, do_release, undo_lease);
ROW(release_range, do_range_pin, do_release, undo_lease);
ROW(revoke, do_range_pin, do_revoke, undo_lease);
ROW(rearm_thread, do_thread_pin, do_rearm, undo_lease);
ROW(rearm_range, do_range_pin, do_rearm, undo_lease);
ROW(leases, do_range_pin, do_leases, undo_lease);
ROW(placement, nothing, do_placement, nothing);
ROW(track, nothing, do_track, undo_track);
ROW(read, do_track, do_read, undo_track);
ROW(watch, do_track, do_watch, undo_track);
ROW(alarm, do_track, do_alarm, undo_track, .keeps = true);
ROW(counters, do_track, do_counters, undo_counters, .keeps = true);
ROW(counters_mmap, need_counters, do_mmap, undo_counters);
ROW(region_new, nothing, do_region_new, undo_region);
ROW(region_huge, nothing, do_region_huge, undo_region);
ROW(region_set, do_region_new, do_region_set, undo_region);
ROW(region_read, do_region_new, do_region_read, undo_region);
ROW(region_mmap, do_region_new, do_mmap, undo_region);
ROW(events, need_event, do_read_events, undo_event);
ROW(netlink_info, need_netlink, do_netlink_info, undo_netlink);
ROW(netlink_leases, need_netlink, do_netlink_leases, undo_netlink);
ROW(netlink_targets, need_netlink, do_netlink_targets, undo_netlink);

TEST_HARNESS_MAIN
