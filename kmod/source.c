// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/kernel.h>

#include "source.h"

static const struct np_source *const sources[NUMAPERF_SOURCE_COUNT] = {
	[NUMAPERF_SOURCE_HINT] = &np_source_hint,
	[NUMAPERF_SOURCE_FAULT] = &np_source_fault,
};

static u16 reasons[NUMAPERF_SOURCE_COUNT];	/* fixed at load */
static atomic_t users[NUMAPERF_SOURCE_COUNT];	/* for the info */

/* What this kernel lacks is said in the log and in the info, no failure. */
void np_sources_init(void)
{
	int i;

	for (i = 0; i < NUMAPERF_SOURCE_COUNT; i++) {
		reasons[i] = sources[i]->probe();
		if (reasons[i])
			pr_notice("numaperf: source %s is off: %s\n",
				  sources[i]->name,
				  reasons[i] == NUMAPERF_REASON_DISABLED ?
				  "by module parameter" :
				  reasons[i] == NUMAPERF_REASON_NO_BALANCING ?
				  "kernel without NUMA balancing" :
				  "this kernel lacks its hook");
	}
}

u16 np_source_reason(enum numaperf_source source)
{
	return reasons[source];
}

/* Bit n: source n can be used. */
u32 np_sources_working(void)
{
	u32 working = 0;
	int i;

	for (i = 0; i < NUMAPERF_SOURCE_COUNT; i++) {
		if (!reasons[i])
			working |= BIT(i);
	}
	return working;
}

/* Bit n: source n is in use. */
u32 np_sources_active(void)
{
	u32 active = 0;
	int i;

	for (i = 0; i < NUMAPERF_SOURCE_COUNT; i++) {
		if (atomic_read(&users[i]))
			active |= BIT(i);
	}
	return active;
}

static void sources_put(u32 wanted, int end)
{
	int i;

	for (i = 0; i < end; i++) {
		if (!(wanted & BIT(i)))
			continue;
		sources[i]->put();
		atomic_dec(&users[i]);
	}
}

/* All of @wanted, which must be working, or none. */
int np_sources_get(u32 wanted)
{
	int i, err;

	for (i = 0; i < NUMAPERF_SOURCE_COUNT; i++) {
		if (!(wanted & BIT(i)))
			continue;
		err = sources[i]->get();
		if (err) {
			sources_put(wanted, i);
			return err;
		}
		atomic_inc(&users[i]);
	}
	return 0;
}

void np_sources_put(u32 wanted)
{
	sources_put(wanted, NUMAPERF_SOURCE_COUNT);
}

/* At unload, when nobody wants samples any more. */
void np_sources_exit(void)
{
	int i;

	for (i = 0; i < NUMAPERF_SOURCE_COUNT; i++)
		sources[i]->end();
}

u64 np_sources_missed(u32 wanted)
{
	u64 missed = 0;
	int i;

	for (i = 0; i < NUMAPERF_SOURCE_COUNT; i++) {
		if (wanted & BIT(i))
			missed += sources[i]->missed();
	}
	return missed;
}
