// SPDX-License-Identifier: GPL-2.0
/*
 * REGION_SET and REGION_READ. Counters grow while they are read; each is whole.
 */
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "node.h"
#include "refault.h"
#include "set.h"

#define CHUNK	128
#define SCAN	4096	/* pages looked at in one hold of the lock */

/**
 * struct reading - what goes to the caller
 * @cells: gathered
 * @nr_cells: so many
 * @nr_threads: those before number nr_threads + 1, and thread 0 if @rest
 * @rest: thread 0 has cells; it is told last
 */
struct reading {
	struct numaperf_region_cell *cells;
	u32 nr_cells;
	u32 nr_threads;
	bool rest;
};

static struct numaperf_region_cell cell_record(const struct np_region_cell *cell,
					       u64 key)
{
	return (struct numaperf_region_cell) {
		.thread = np_cell_thread(key),
		.part = np_cell_part(key),
		.cpu_node = np_node_id(np_cell_cpu_place(key)),
		.page_node = np_node_id(np_cell_page_place(key)),
		.reads = READ_ONCE(cell->reads),
		.writes = READ_ONCE(cell->writes),
	};
}

static int read_cells(const struct np_region_counts *counts,
		      struct reading *reading)
{
	u32 room = READ_ONCE(counts->nr_cells), i;

	reading->cells = kvcalloc(max(room, 1U), sizeof(*reading->cells),
				  GFP_KERNEL_ACCOUNT);
	if (!reading->cells)
		return -ENOMEM;
	for (i = 0; i < 1U << counts->cell_bits && reading->nr_cells < room; i++) {
		/* Pairs with the release in cell_find(). */
		u64 key = smp_load_acquire(&counts->cells[i].key);
		struct numaperf_region_cell *cell =
			&reading->cells[reading->nr_cells];

		if (!key)
			continue;
		*cell = cell_record(&counts->cells[i], key);
		/* Just made: counted in a moment. */
		if (!cell->reads && !cell->writes)
			continue;
		reading->nr_cells++;
		reading->rest |= !cell->thread;
	}
	reading->nr_threads = READ_ONCE(counts->nr_threads) - 1;
	return 0;
}

/* Threads are told from number 1 on, thread 0 behind them. */
static void cells_renumber(struct reading *reading)
{
	u32 i;

	for (i = 0; i < reading->nr_cells; i++) {
		struct numaperf_region_cell *cell = &reading->cells[i];

		cell->thread = cell->thread ? cell->thread - 1 :
					      reading->nr_threads;
	}
}

static int tell_thread(const struct np_region_counts *counts, u32 number,
		       u32 i, const struct numaperf_ioc_region_read *arg)
{
	const struct np_region_thread *thread = &counts->threads[number];
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct numaperf_region_thread record = {};

	if (number) {
		record.pid = pid_nr_ns(thread->pid, ns);
		record.tid = pid_nr_ns(thread->tid, ns);
		memcpy(record.comm, thread->comm, sizeof(record.comm));
	}
	return np_record_to_user(arg->threads, i, arg->thread_size, &record,
				 sizeof(record));
}

static int tell_counts(const struct np_region_counts *counts,
		       const struct reading *reading,
		       const struct numaperf_ioc_region_read *arg)
{
	u32 i;

	for (i = 0; i < reading->nr_threads; i++) {
		if (tell_thread(counts, i + 1, i, arg))
			return -EFAULT;
	}
	if (reading->rest && tell_thread(counts, 0, i, arg))
		return -EFAULT;
	for (i = 0; i < reading->nr_cells; i++) {
		if (np_record_to_user(arg->cells, i, arg->cell_size,
				      &reading->cells[i],
				      sizeof(reading->cells[i])))
			return -EFAULT;
	}
	return 0;
}

static int read_counts(const struct np_region_counts *counts,
		       struct numaperf_ioc_region_read *arg)
{
	struct reading reading = {};
	u32 room_threads = arg->nr_threads, room_cells = arg->nr_cells;
	int err;

	err = read_cells(counts, &reading);
	if (err)
		return err;
	cells_renumber(&reading);
	arg->nr_threads = reading.nr_threads + reading.rest;
	arg->nr_cells = reading.nr_cells;
	if (arg->nr_threads > room_threads || arg->nr_cells > room_cells)
		err = -EMSGSIZE;
	else
		err = tell_counts(counts, &reading, arg);
	kvfree(reading.cells);
	return err;
}

/* ---------------------------------------------------------------- samples */

struct samples {
	const struct numaperf_ioc_region_read *arg;
	u32 n;
};

static u32 samples_left(const struct samples *samples)
{
	return samples->arg->nr_samples - samples->n;
}

static int sample_copy(struct samples *samples,
		       const struct numaperf_region_sample *record)
{
	return np_record_to_user(samples->arg->samples, samples->n++,
				 samples->arg->sample_size, record,
				 sizeof(*record));
}

static int copy_use(struct samples *samples,
		    const struct np_region_counts *counts,
		    const struct np_use *use)
{
	struct numaperf_region_sample record = {
		.page = use->page,
		.armed_ns = use->armed_ns,
		.delay_ns = use->delay_ns,
		.cpu_node = use->cpu_node,
		.page_node = use->page_node,
		.turn = use->turn,
		.flags = (use->write ? NUMAPERF_SAMPLE_WRITE : 0) |
			 (use->close ? NUMAPERF_SAMPLE_CLOSE : 0),
	};

	if (use->thread)
		record.tid = pid_nr_ns(counts->threads[use->thread].tid,
				       task_active_pid_ns(current));
	return sample_copy(samples, &record);
}

/* Those that are there now: not what comes meanwhile, without end. */
static int read_uses(struct samples *samples, struct np_region_counts *counts)
{
	u32 most = min_t(u32, samples->arg->nr_samples, NP_REGION_RING);
	struct np_use *uses;
	unsigned int n, i;
	int err = 0;

	uses = kmalloc_array(CHUNK, sizeof(*uses), GFP_KERNEL_ACCOUNT);
	if (!uses)
		return -ENOMEM;
	do {
		n = np_region_uses_take(counts, uses,
					min_t(u32, CHUNK, most - samples->n));
		for (i = 0; i < n && !err; i++)
			err = copy_use(samples, counts, &uses[i]);
		if (err)
			np_region_uses_lost(counts, n - i + 1);
		cond_resched();
	} while (n && !err);
	kfree(uses);
	return err;
}

static struct numaperf_region_sample
open_record(const struct np_refault *sampler, u64 page, u64 word, u64 now)
{
	u64 armed_ns = sampler->since_ns + np_word_ns(word);

	return (struct numaperf_region_sample) {
		.page = page,
		.armed_ns = armed_ns,
		.delay_ns = now - min(now, armed_ns),
		.cpu_node = NUMA_NO_NODE,
		.page_node = page_to_nid(sampler->region->pages[page]),
		.turn = np_word_turn(word),
		.flags = NUMAPERF_SAMPLE_OPEN |
			 (word & NP_WORD_CLOSE ? NUMAPERF_SAMPLE_CLOSE : 0),
	};
}

/*
 * Up to @room of those that are awaited, from page *@at on. Under the lock,
 * against the release of the pages: so nothing is copied to the caller here.
 */
static unsigned int gather_open(const struct np_refault *sampler, u64 *at,
				struct numaperf_region_sample *records,
				unsigned int room, u64 now)
{
	struct np_region *region = sampler->region;
	u64 word, end = min_t(u64, *at + SCAN, region->npages);
	unsigned int n = 0;

	mutex_lock(&region->sampler_lock);
	if (region->closed)
		*at = region->npages;
	for (; *at < end && n < room; ++*at) {
		word = atomic64_read(&sampler->words[*at]);
		if (word & NP_WORD_ARMED)
			records[n++] = open_record(sampler, *at, word, now);
	}
	mutex_unlock(&region->sampler_lock);
	return n;
}

static int read_open(struct samples *samples, const struct np_refault *sampler,
		     u64 now)
{
	struct numaperf_region_sample *records;
	unsigned int n, i;
	int err = 0;
	u64 at = 0;

	records = kmalloc_array(CHUNK, sizeof(*records), GFP_KERNEL_ACCOUNT);
	if (!records)
		return -ENOMEM;
	while (at < sampler->region->npages && samples_left(samples) && !err) {
		n = gather_open(sampler, &at, records,
				min_t(u32, CHUNK, samples_left(samples)), now);
		for (i = 0; i < n && !err; i++)
			err = sample_copy(samples, &records[i]);
		cond_resched();
		if (fatal_signal_pending(current))
			err = -EINTR;
	}
	kfree(records);
	return err;
}

static int read_samples(struct np_refault *sampler,
			struct numaperf_ioc_region_read *arg, u64 now)
{
	struct samples samples = { .arg = arg };
	int err;

	err = read_uses(&samples, &sampler->counts);
	if (!err)
		err = read_open(&samples, sampler, now);
	arg->nr_samples = samples.n;
	return err;
}

/* ------------------------------------------------------------------- calls */

static int read_observed(struct np_refault *sampler,
			 struct numaperf_ioc_region_read *arg, u64 now)
{
	int err;

	err = read_counts(&sampler->counts, arg);
	if (err)
		return err;
	if (arg->samples)
		err = read_samples(sampler, arg, now);
	else
		arg->nr_samples = 0;
	arg->armed = READ_ONCE(sampler->armed) + READ_ONCE(sampler->closed);
	arg->used = READ_ONCE(sampler->counts.used);
	arg->foreign = READ_ONCE(sampler->counts.foreign);
	arg->uncounted = READ_ONCE(sampler->counts.uncounted);
	arg->unmapped = READ_ONCE(sampler->unmapped);
	arg->dropped = READ_ONCE(sampler->counts.dropped);
	arg->limited = READ_ONCE(sampler->limited);
	arg->rate = READ_ONCE(sampler->rate);
	return err;
}

static void read_unobserved(struct numaperf_ioc_region_read *arg)
{
	arg->nr_threads = 0;
	arg->nr_cells = 0;
	arg->nr_samples = 0;
	arg->armed = 0;
	arg->used = 0;
	arg->foreign = 0;
	arg->uncounted = 0;
	arg->unmapped = 0;
	arg->dropped = 0;
	arg->limited = 0;
	arg->rate = 0;
}

static int region_read(struct np_region *region,
		       struct numaperf_ioc_region_read *arg)
{
	/* Pairs with the release in sampler_make(). */
	struct np_refault *sampler = smp_load_acquire(&region->sampler);
	u64 now = ktime_get_ns();
	int err = 0;

	np_region_check_cpuset(region);
	if (sampler)
		err = read_observed(sampler, arg, now);
	else
		read_unobserved(arg);
	if (err)
		return err;
	arg->time_ns = now;
	arg->since_ns = region->lease.since_ns;
	arg->pages = region->npages;
	arg->page_size = np_region_page_size(region);
	arg->parts = region->parts;
	return 0;
}

/* REGION_READ */
int np_region_read(struct np_session *session,
		   struct numaperf_ioc_region_read *arg)
{
	struct np_region *region;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (!np_record_size_ok(arg->thread_size) ||
	    !np_record_size_ok(arg->cell_size) ||
	    !np_record_size_ok(arg->sample_size))
		return -EINVAL;
	region = np_region_find(session, arg->lease);
	if (IS_ERR(region))
		return PTR_ERR(region);
	err = region_read(region, arg);
	np_lease_put(&region->lease);
	return err;
}

/* REGION_SET */
int np_region_set(struct np_session *session,
		  struct numaperf_ioc_region_set *arg)
{
	struct np_region *region;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->rate > NUMAPERF_REGION_RATE_MAX ||
	    arg->repeat > NUMAPERF_REGION_REPEAT_MAX)
		return -EINVAL;
	region = np_region_find(session, arg->lease);
	if (IS_ERR(region))
		return PTR_ERR(region);
	err = np_refault_set(region, arg->rate, arg->repeat);
	np_lease_put(&region->lease);
	return err;
}
