/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/zoneinfo tells all that counts, of all nodes at once: for each zone the free pages, its high watermark, and the pages that it protects from
 * allocations that could go to higher zones ("protection", its last column: user memory may come from any zone).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/fs.h"
#include "mem/capacity.h"

#define ZONEINFO "proc/zoneinfo"
/* Watermarks kept free: a second one pays for counters that lag behind, page tables, and what others allocate meanwhile. */
#define WATERMARKS 2
/* Of the page cache and of reclaimable slab, the part counted as free: reclaim gets at it, but not at all of it. As MemAvailable does. */
#define RECLAIMABLE_SHARE 2

struct zone {
	bool counts; /* it is of a wanted node */
	bool kernel; /* the kernel itself can use it: page tables, for one */
	uint64_t free, high, protection;
};

struct sums {
	uint64_t pages;
	uint64_t cache; /* per-node counters: page cache, and what of it can't go now */
	uint64_t busy;
	uint64_t slab;
	bool kernel_room; /* on any node */
};

static void add_zone(struct sums *sums, const struct zone *zone)
{
	uint64_t kept = WATERMARKS * zone->high + zone->protection;

	if (zone->counts && zone->free > kept)
		sums->pages += zone->free - kept;
	sums->kernel_room |= zone->kernel && zone->free > WATERMARKS * zone->high;
}

/* The last number of "(0, 3019, 4811)". */
static uint64_t last_number(const char *line, size_t length)
{
	const char *end = memchr(line, ')', length);
	const char *at = end;

	while (at && at > line && (at == end || (at[-1] >= '0' && at[-1] <= '9')))
		at--;
	return at ? strtoull(at, NULL, 10) : 0;
}

static bool starts(const char *line, const char *key, const char **ret_rest)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length) || (line[length] != ' ' && line[length] != '\t'))
		return false;
	*ret_rest = line + length;
	return true;
}

static void take_line(const char *line, size_t length, struct zone *zone, struct sums *sums)
{
	const struct {
		const char *key;
		uint64_t *into;
		bool adds;
	} counters[] = {
		{ "pages free", &zone->free, false },	 { "high", &zone->high, false },
		{ "nr_active_file", &sums->cache, true }, { "nr_inactive_file", &sums->cache, true },
		{ "nr_dirty", &sums->busy, true },	 { "nr_writeback", &sums->busy, true },
		{ "nr_slab_reclaimable", &sums->slab, true },
	};
	const char *rest;

	if (starts(line, "protection:", &rest)) {
		zone->protection = last_number(rest, length - (size_t)(rest - line));
		return;
	}
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (starts(line, counters[i].key, &rest) && (zone->counts || !counters[i].adds)) {
			uint64_t value = strtoull(rest, NULL, 10);

			*counters[i].into = counters[i].adds ? *counters[i].into + value : value;
			return;
		}
	}
}

uint64_t capacity_from_zoneinfo(const char *text, const struct numaperf_nodeset *nodes, uint64_t page_size)
{
	struct sums sums = { 0 };
	struct zone zone = { 0 };

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		size_t blank = strspn(line, " ");
		char name[16];
		unsigned node;

		if (sscanf(line, "Node %u, zone %15s", &node, name) == 2) {
			add_zone(&sums, &zone);
			zone = (struct zone){
				.counts = numaperf_nodeset_has(nodes, node),
				.kernel = strcmp(name, "Movable") && strcmp(name, "Device"),
			};
		} else if (blank < length) {
			take_line(line + blank, length - blank, &zone, &sums);
		}
		line += length;
		line += *line == '\n';
	}
	add_zone(&sums, &zone);
	/* Movable memory alone does not do: its page tables must lie elsewhere, and the OOM killer would come for them. */
	if (!sums.kernel_room)
		return 0;
	if (sums.cache > sums.busy)
		sums.pages += (sums.cache - sums.busy) / RECLAIMABLE_SHARE;
	return (sums.pages + sums.slab / RECLAIMABLE_SHARE) * page_size;
}

int capacity_of(const struct numaperf_nodeset *nodes, const char *operation, uint64_t *ret_bytes)
{
	struct np_fs fs;
	char *text;
	int r = np_fs_open(NULL, &fs);

	if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_IO, operation, "The root directory can't be opened: %s.", numaperf_strerror(r));
	r = np_fs_read_text(&fs, ZONEINFO, &text);
	if (r < 0)
		r = np_fs_fail(&fs, ZONEINFO, r, operation);
	np_fs_close(&fs);
	if (r < 0)
		return r;
	*ret_bytes = capacity_from_zoneinfo(text, nodes, (uint64_t)sysconf(_SC_PAGESIZE));
	free(text);
	return 0;
}
