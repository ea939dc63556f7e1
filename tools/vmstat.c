/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vmstat.h"

static const char *const names[VMSTAT_ITEMS] = {
	[VMSTAT_HINT_FAULTS] = "numa_hint_faults",
	[VMSTAT_HINT_FAULTS_LOCAL] = "numa_hint_faults_local",
	[VMSTAT_PAGES_MIGRATED] = "numa_pages_migrated",
};

const char *vmstat_name(enum vmstat_item item)
{
	return names[item];
}

struct vmstat vmstat_read(void)
{
	struct vmstat vmstat = { 0 };
	FILE *file = fopen("/proc/vmstat", "re");
	char name[64];
	uint64_t value;

	if (!file)
		return vmstat;
	while (fscanf(file, "%63s %" SCNu64, name, &value) == 2)
		for (int i = 0; i < VMSTAT_ITEMS; i++)
			if (strcmp(name, names[i]) == 0) {
				vmstat.known[i] = true;
				vmstat.values[i] = value;
			}
	fclose(file);
	return vmstat;
}

struct vmstat vmstat_between(const struct vmstat *from, const struct vmstat *to)
{
	struct vmstat delta = { 0 };

	for (int i = 0; i < VMSTAT_ITEMS; i++) {
		delta.known[i] = from->known[i] && to->known[i];
		delta.values[i] = to->values[i] - from->values[i];
	}
	return delta;
}
