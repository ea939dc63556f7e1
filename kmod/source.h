/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sources of samples behind one interface. A source costs nothing while nobody
 * uses it: its hooks are registered from the first np_sources_get() until a
 * while after the last np_sources_put().
 */
#ifndef NP_SOURCE_H
#define NP_SOURCE_H

#include <linux/numaperf.h>
#include <linux/types.h>

/**
 * struct np_source - a way to observe accesses
 * @name: as in module parameters and logs
 * @probe: at load: find out whether it works here; enum numaperf_reason or 0
 * @get: its samples are wanted
 * @put: no longer, by one of those who wanted them
 * @end: at unload: no sample comes after it has returned
 * @missed: hits of its hooks that the kernel did not deliver, since load
 */
struct np_source {
	const char *name;
	u16 (*probe)(void);
	int (*get)(void);
	void (*put)(void);
	void (*end)(void);
	u64 (*missed)(void);
};

extern const struct np_source np_source_hint;
extern const struct np_source np_source_fault;

void np_sources_init(void);
void np_sources_exit(void);
u16 np_source_reason(enum numaperf_source source);
u32 np_sources_working(void);
u32 np_sources_active(void);
int np_sources_get(u32 wanted);
void np_sources_put(u32 wanted);
u64 np_sources_missed(u32 wanted);

#endif /* NP_SOURCE_H */
