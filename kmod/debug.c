// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs numaperf/overhead, readable by root: one line a thing, so that its
 * length depends on the module's code alone, not on its users.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>

#include "debug.h"
#include "hook.h"
#include "inject.h"
#include "linger.h"
#include "session.h"
#include "target.h"
#include "user.h"

static struct {
	const char *name;
	atomic64_t runs;
	atomic64_t ns;
} works[NP_WORK_COUNT] = {
	[NP_WORK_HOOK_STOP] = { .name = "hook_stop" },
	[NP_WORK_LEASE_END] = { .name = "lease_end" },
	[NP_WORK_RANGE_SETTLE] = { .name = "range_settle" },
	[NP_WORK_PIN_GUARD] = { .name = "pin_guard" },
	[NP_WORK_TARGET_FOLD] = { .name = "target_fold" },
};

static struct dentry *directory;

u64 np_work_begin(void)
{
	return local_clock();
}

/* Includes what it waited: clocks of CPUs differ little, if at all. */
void np_work_end(enum np_work work, u64 begin)
{
	atomic64_inc(&works[work].runs);
	atomic64_add(max_t(s64, local_clock() - begin, 0), &works[work].ns);
}

static void show_hook(struct np_linger *linger, void *data)
{
	struct np_hook *hook = np_hook_of(linger);
	struct seq_file *m = data;

	mutex_lock(&linger->lock);
	seq_printf(m, "hook %s by=%s running=%d users=%u starts=%u",
		   hook ? hook->symbol : linger->name ?: "(unnamed)",
		   hook ? np_hook_way(hook) : "tracepoint",
		   linger->running, linger->users, linger->starts);
	mutex_unlock(&linger->lock);
	if (hook)
		seq_printf(m, " hits=%llu missed=%llu", np_hook_hits(hook),
			   np_hook_missed(hook));
	seq_putc(m, '\n');
}

static int overhead_show(struct seq_file *m, void *unused)
{
	struct np_user_totals totals;
	int i;

	np_user_totals(&totals);
	seq_printf(m, "users %u\n", totals.users);
	seq_printf(m, "sessions %u\n", np_session_count());
	seq_printf(m, "leases %llu\n", totals.leases);
	seq_printf(m, "targets %u\n", np_target_count());
	seq_printf(m, "threads %llu\n", totals.threads);
	np_linger_each(show_hook, m);
	for (i = 0; i < NP_WORK_COUNT; i++)
		seq_printf(m, "work %s runs=%lld ns=%lld\n", works[i].name,
			   atomic64_read(&works[i].runs),
			   atomic64_read(&works[i].ns));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(overhead);

/* Without debugfs there is nothing to see, and nothing else changes. */
void np_debug_init(void)
{
	directory = debugfs_create_dir("numaperf", NULL);
	debugfs_create_file("overhead", 0400, directory, NULL, &overhead_fops);
	np_inject_init(directory);
}

/* Before anything that the files show goes. */
void np_debug_exit(void)
{
	debugfs_remove(directory);
}
