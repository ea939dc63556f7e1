// SPDX-License-Identifier: GPL-2.0
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/trace_recursion.h>

#include "compat.h"
#include "hook.h"

/* Places for the hits of so many hooks; more would share the last. */
#define HOOKS_MAX	16

static DEFINE_PER_CPU(u64 [HOOKS_MAX], hits);
static unsigned int places;	/* given out, at load */

/* One instruction or two, as this is in fault paths. */
static void hook_hit(struct np_hook *hook)
{
	this_cpu_inc(hits[hook->place]);
}

static void hook_ftrace(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *fops, struct ftrace_regs *fregs)
{
	struct np_hook *hook = container_of(fops, struct np_hook, fops);
	int bit = ftrace_test_recursion_trylock(ip, parent_ip);

	if (bit < 0) {
		atomic64_inc(&hook->skipped);
		return;
	}
	hook_hit(hook);
	hook->entry(np_ftrace_argument(fregs, 0), np_ftrace_argument(fregs, 1),
		    np_ftrace_argument(fregs, 2), np_ftrace_argument(fregs, 3));
	ftrace_test_recursion_unlock(bit);
}

static int hook_kprobe(struct kprobe *kprobe, struct pt_regs *regs)
{
	struct np_hook *hook = container_of(kprobe, struct np_hook, kprobe);

	hook_hit(hook);
	hook->entry(regs_get_kernel_argument(regs, 0),
		    regs_get_kernel_argument(regs, 1),
		    regs_get_kernel_argument(regs, 2),
		    regs_get_kernel_argument(regs, 3));
	return 0;
}

/* Sets the filter: -EINVAL: the function has no ftrace site. */
static int hook_filter_ftrace(struct np_hook *hook)
{
	char *name;
	int err;

	memset(&hook->fops, 0, sizeof(hook->fops));
	hook->fops.func = hook_ftrace;
	/* kernel.ftrace_enabled=0 would silence it: refused while it is used. */
	hook->fops.flags = FTRACE_OPS_FL_PERMANENT;

	/* The filter's parser writes into the name it is given. */
	name = kstrdup(hook->symbol, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	err = ftrace_set_filter(&hook->fops, name, strlen(name), 1);
	kfree(name);
	return err;
}

static int hook_register_ftrace(struct np_hook *hook)
{
	int err;

	err = hook_filter_ftrace(hook);
	if (err)
		return err;
	err = register_ftrace_function(&hook->fops);
	if (err)
		ftrace_free_filter(&hook->fops);
	return err;
}

static void hook_unregister_ftrace(struct np_hook *hook)
{
	unregister_ftrace_function(&hook->fops);
	ftrace_free_filter(&hook->fops);
}

static int hook_register_kprobe(struct np_hook *hook)
{
	memset(&hook->kprobe, 0, sizeof(hook->kprobe));
	hook->kprobe.symbol_name = hook->symbol;
	hook->kprobe.pre_handler = hook_kprobe;
	return register_kprobe(&hook->kprobe);
}

static int hook_start(void *data)
{
	struct np_hook *hook = data;

	switch (hook->by) {
	case NP_HOOK_FTRACE:
		return hook_register_ftrace(hook);
	case NP_HOOK_KPROBE:
		return hook_register_kprobe(hook);
	default:
		return -EOPNOTSUPP;
	}
}

static void hook_stop(void *data)
{
	struct np_hook *hook = data;

	if (hook->by == NP_HOOK_FTRACE) {
		hook_unregister_ftrace(hook);
	} else {
		/* nmissed is cleared by the next registration. */
		atomic64_add(hook->kprobe.nmissed, &hook->skipped);
		unregister_kprobe(&hook->kprobe);
	}
}

/* ftrace callbacks can be registered here at all: one has been. */
static bool ftrace_works;

/*
 * Patching code and waiting for grace periods takes a good part of a second, so
 * after the first function it is enough that the next one has a site.
 */
static int hook_try(struct np_hook *hook)
{
	int err;

	if (hook->by == NP_HOOK_FTRACE && ftrace_works) {
		err = hook_filter_ftrace(hook);
		if (!err)
			ftrace_free_filter(&hook->fops);
		return err;
	}
	err = hook_start(hook);
	if (err)
		return err;
	hook_stop(hook);
	ftrace_works |= hook->by == NP_HOOK_FTRACE;
	return 0;
}

/**
 * np_hook_probe() - find out, by trying, how a function can be hooked
 * @hook: with its symbol and entry, not in use
 * @try: NP_TRY_*
 *
 * Return: 0; -EOPNOTSUPP: this kernel has neither way in, or ftrace is switched
 * off (kernel.ftrace_enabled), which would silence a kprobe there, too.
 */
int np_hook_probe(struct np_hook *hook, unsigned int try)
{
	static const struct {
		unsigned int try;
		enum np_hook_by by;
	} ways[] = {
		{ NP_TRY_FTRACE, NP_HOOK_FTRACE },
		{ NP_TRY_KPROBE, NP_HOOK_KPROBE },
	};
	int i, err;

	np_linger_init(&hook->linger, hook_start, hook_stop, hook);
	hook->place = min_t(unsigned int, places++, HOOKS_MAX - 1);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!(try & ways[i].try))
			continue;
		hook->by = ways[i].by;
		err = hook_try(hook);
		if (!err)
			return 0;
		if (err == -EBUSY)
			break;
	}
	hook->by = NP_HOOK_NONE;
	return -EOPNOTSUPP;
}

/* Callbacks come until the matching np_hook_put(), and for a while after. */
int np_hook_get(struct np_hook *hook)
{
	return np_linger_get(&hook->linger);
}

void np_hook_put(struct np_hook *hook)
{
	np_linger_put(&hook->linger);
}

/* At unload: no callback comes after this has returned. */
void np_hook_end(struct np_hook *hook)
{
	np_linger_end(&hook->linger);
}

/* Hits that were not delivered since the module was loaded. */
u64 np_hook_missed(struct np_hook *hook)
{
	u64 missed;

	/* A stop moves the kprobe's share to @skipped: once, and only once. */
	mutex_lock(&hook->linger.lock);
	missed = atomic64_read(&hook->skipped);
	if (hook->linger.running && hook->by == NP_HOOK_KPROBE)
		missed += hook->kprobe.nmissed;
	mutex_unlock(&hook->linger.lock);
	return missed;
}

/* Hits that were delivered since the module was loaded. */
u64 np_hook_hits(const struct np_hook *hook)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(hits, cpu)[hook->place]);
	return sum;
}

const char *np_hook_way(const struct np_hook *hook)
{
	static const char *const ways[] = {
		[NP_HOOK_NONE] = "none",
		[NP_HOOK_FTRACE] = "ftrace",
		[NP_HOOK_KPROBE] = "kprobe",
	};

	return ways[hook->by];
}

/* NULL: it is no function that lingers there. */
struct np_hook *np_hook_of(struct np_linger *linger)
{
	if (linger->start != hook_start)
		return NULL;
	return container_of(linger, struct np_hook, linger);
}

struct tracepoint_search {
	const char *name;
	struct tracepoint *found;
};

static void tracepoint_match(struct tracepoint *tp, void *data)
{
	struct tracepoint_search *search = data;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

/*
 * The tracepoints used here are not exported, so they can't be linked to;
 * finding them at run time also lets a kernel do without them.
 */
struct tracepoint *np_tracepoint_find(const char *name)
{
	struct tracepoint_search search = { .name = name };

	for_each_kernel_tracepoint(tracepoint_match, &search);
	return search.found;
}
