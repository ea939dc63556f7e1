/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "perf/snapshot.h"

void numaperf_snapshot_free(struct numaperf_snapshot *snapshot)
{
	if (!snapshot)
		return;
	coverage_free(&snapshot->coverage);
	free(snapshot->threads);
	free(snapshot->cells);
	free(snapshot);
}
