// SPDX-License-Identifier: GPL-2.0
/*
 * Source "hint": NUMA hint faults. mpol_misplaced() is called once for each, in
 * the faulting task under the page-table lock, with the page where it was when
 * it was touched; task_numa_fault() comes too late, with the node *after* a
 * migration. vmstat's numa_hint_faults counts the same events.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/topology.h>

#include "choice.h"
#include "compat.h"
#include "hook.h"
#include "sample.h"
#include "source.h"
#include "thread.h"

enum { HINT_AUTO, HINT_FTRACE, HINT_KPROBE, HINT_OFF };

static const char *const hint_words[] = { "auto", "ftrace", "kprobe", "off" };

static const unsigned int hint_tries[] = {
	[HINT_AUTO] = NP_TRY_ALL,
	[HINT_FTRACE] = NP_TRY_FTRACE,
	[HINT_KPROBE] = NP_TRY_KPROBE,
};

static struct np_choice hint_way = {
	.words = hint_words,
	.count = ARRAY_SIZE(hint_words),
};

module_param_cb(hint, &np_choice_ops, &hint_way, 0444);
MODULE_PARM_DESC(hint, "Hook of source hint: auto (default), ftrace, kprobe, off");

/*
 * mpol_misplaced(page, vma, addr): the address that faulted, of a huge page its
 * first. (Later kernels: see compat.h.)
 */
static void hint_entry(unsigned long a0, unsigned long a1,
		       unsigned long a2, unsigned long a3)
{
	struct page *page = np_misplaced_page(a0);
	struct np_sample sample = {
		.source = NUMAPERF_SOURCE_HINT,
		.addr = a2,
		.cpu = raw_smp_processor_id(),
		.cpu_node = numa_node_id(),
		.page_node = page_to_nid(page),
		.pages = compound_nr(page),
	};

	/* Served for another (ptrace, GUP from afar): not this thread's access. */
	if (np_misplaced_vma(a1)->vm_mm == current->mm)
		np_threads_sample(&sample);
}

static struct np_hook hint_hook = {
	.symbol = "mpol_misplaced",
	.entry = hint_entry,
};

static u16 hint_probe(void)
{
	if (hint_way.chosen == HINT_OFF)
		return NUMAPERF_REASON_DISABLED;
	if (!IS_ENABLED(CONFIG_NUMA_BALANCING))
		return NUMAPERF_REASON_NO_BALANCING;
	if (np_hook_probe(&hint_hook, hint_tries[hint_way.chosen]))
		return NUMAPERF_REASON_NO_HOOK;
	return NUMAPERF_REASON_NONE;
}

static int hint_get(void)
{
	return np_hook_get(&hint_hook);
}

static void hint_put(void)
{
	np_hook_put(&hint_hook);
}

static void hint_end(void)
{
	np_hook_end(&hint_hook);
}

static u64 hint_missed(void)
{
	return np_hook_missed(&hint_hook);
}

const struct np_source np_source_hint = {
	.name = "hint",
	.probe = hint_probe,
	.get = hint_get,
	.put = hint_put,
	.end = hint_end,
	.missed = hint_missed,
};
