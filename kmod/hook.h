/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks at the entry of kernel functions, and tracepoints by name.
 *
 * Function hooks go through ftrace (some 40 instructions a hit) where the
 * function has an ftrace site, else through a kprobe (some 160). Both call
 * with preemption off; what a callback may do depends on the function.
 */
#ifndef NP_HOOK_H
#define NP_HOOK_H

#include <linux/atomic.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/tracepoint.h>

#include "linger.h"

enum np_hook_by {
	NP_HOOK_NONE,
	NP_HOOK_FTRACE,
	NP_HOOK_KPROBE,
};

/**
 * struct np_hook - the entry of one kernel function
 * @symbol: its name; like @entry, given by the owner
 * @entry: called with its first four arguments
 * @by: what np_hook_probe() found to work
 * @place: of its hits among those of all hooks
 * @skipped: hits that were not delivered, as far as @kprobe doesn't tell
 * @linger: its registration
 */
struct np_hook {
	const char *symbol;
	void (*entry)(unsigned long a0, unsigned long a1,
		      unsigned long a2, unsigned long a3);
	enum np_hook_by by;
	unsigned int place;
	atomic64_t skipped;
	struct np_linger linger;
	struct ftrace_ops fops;
	struct kprobe kprobe;
};

/* Which of ftrace and kprobes np_hook_probe() may try. */
#define NP_TRY_FTRACE	BIT(0)
#define NP_TRY_KPROBE	BIT(1)
#define NP_TRY_ALL	(NP_TRY_FTRACE | NP_TRY_KPROBE)

int np_hook_probe(struct np_hook *hook, unsigned int try);
int np_hook_get(struct np_hook *hook);
void np_hook_put(struct np_hook *hook);
void np_hook_end(struct np_hook *hook);
u64 np_hook_missed(struct np_hook *hook);
u64 np_hook_hits(const struct np_hook *hook);
const char *np_hook_way(const struct np_hook *hook);
struct np_hook *np_hook_of(struct np_linger *linger);

struct tracepoint *np_tracepoint_find(const char *name);

#endif /* NP_HOOK_H */
