// SPDX-License-Identifier: GPL-2.0
/*
 * INFO: what works here, what doesn't and why, limits and their use.
 */
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "info.h"
#include "process.h"
#include "session.h"
#include "source.h"
#include "thread_pin.h"
#include "user.h"

static u16 feature_reason(enum numaperf_feature feature)
{
	switch (feature) {
	case NUMAPERF_FEATURE_THREAD_PIN:
	case NUMAPERF_FEATURE_REASSERT:
		return np_thread_pin_reason();
	case NUMAPERF_FEATURE_HINT:
		return np_source_reason(NUMAPERF_SOURCE_HINT);
	case NUMAPERF_FEATURE_FAULT:
		return np_source_reason(NUMAPERF_SOURCE_FAULT);
	case NUMAPERF_FEATURE_MM_HOLD:
		return np_mm_hold_works() ? 0 : NUMAPERF_REASON_NO_HOOK;
	case NUMAPERF_FEATURE_REGION_HUGE:
		return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ?
			NUMAPERF_REASON_NONE : NUMAPERF_REASON_NO_HOOK;
	case NUMAPERF_FEATURE_RANGE_PIN:
	case NUMAPERF_FEATURE_PLACEMENT:
	case NUMAPERF_FEATURE_REGION:
		return NUMAPERF_REASON_NONE;
	default:
		return NUMAPERF_REASON_NO_HOOK;
	}
}

static u64 locked_limit(void)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK);

	if (limit == RLIM_INFINITY ||
	    ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return U64_MAX;
	return limit;
}

/* INFO */
int np_info(struct np_session *session, struct numaperf_ioc_info *arg)
{
	u32 size = arg->size;
	int i;

	BUILD_BUG_ON(ARRAY_SIZE(arg->reasons) < NUMAPERF_FEATURE_COUNT);
	if (arg->flags || arg->pad)
		return -EOPNOTSUPP;
	memset(arg, 0, sizeof(*arg));
	arg->size = size;
	for (i = 0; i < NUMAPERF_FEATURE_COUNT; i++) {
		arg->known |= BIT_ULL(i);
		arg->reasons[i] = feature_reason(i);
		if (!arg->reasons[i])
			arg->features |= BIT_ULL(i);
	}
	arg->active = np_sources_active();
	arg->node_ids = nr_node_ids;
	arg->cpu_ids = nr_cpu_ids;
	arg->page_size = PAGE_SIZE;
	arg->locked_bytes = (u64)np_user_locked(session->user) << PAGE_SHIFT;
	arg->locked_limit = locked_limit();
	arg->leases = atomic_read(&session->user->leases);
	arg->leases_max = READ_ONCE(np_leases_max);
	arg->threads = atomic_read(&session->user->threads);
	arg->threads_max = READ_ONCE(np_threads_max);
	arg->sessions = np_session_count();
	return 0;
}
