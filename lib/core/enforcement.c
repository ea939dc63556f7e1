/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of modes, levels and causes. */
#include <numaperf/enforcement.h>

#include "core/names.h"

static const char *const mode_names[] = {
	[NUMAPERF_MODE_SOFT] = "soft",
	[NUMAPERF_MODE_HARD] = "hard",
};
NP_DEFINE_ENUM_NAMES(mode, mode_names)

static const char *const level_names[] = {
	[NUMAPERF_LEVEL_NONE] = "none",
	[NUMAPERF_LEVEL_BEST_EFFORT] = "best-effort",
	[NUMAPERF_LEVEL_STRICT] = "strict",
};
NP_DEFINE_ENUM_NAMES(level, level_names)

static const char *const why_names[] = {
	[NUMAPERF_WHY_AS_ASKED] = "as-asked",
	[NUMAPERF_WHY_NOTHING_HOLDS_IT] = "nothing-holds-it",
	[NUMAPERF_WHY_SPILLED] = "spilled",
	[NUMAPERF_WHY_NOT_TOUCHED] = "not-touched",
	[NUMAPERF_WHY_DENIED] = "denied",
	[NUMAPERF_WHY_MOVED] = "moved",
	[NUMAPERF_WHY_LEASE_LOST] = "lease-lost",
	[NUMAPERF_WHY_LEASE_ENDED] = "lease-ended",
	[NUMAPERF_WHY_NO_NUMA] = "no-numa",
	[NUMAPERF_WHY_PREFERENCE] = "preference",
};
NP_DEFINE_ENUM_NAMES(why, why_names)
