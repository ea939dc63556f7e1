/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs.h"
#include "mem/cgroup.h"

#define MOUNT "sys/fs/cgroup" /* where every distribution and container has it */
#define PATH_SIZE 4096
#define CACHE_SHARE 2 /* of the page cache, the part that counts as free */

/* The value of a line "key value". */
static uint64_t find_value(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at && (at == text || at[-1] == '\n') ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static uint64_t page_cache(const struct np_fs *fs, const char *group)
{
	char path[PATH_SIZE + 32];
	uint64_t bytes;
	char *text;

	snprintf(path, sizeof(path), "%s/memory.stat", group);
	if (np_fs_read_text(fs, path, &text) < 0)
		return 0;
	bytes = find_value(text, "inactive_file ") + find_value(text, "active_file ");
	free(text);
	return bytes;
}

/* What this group's own limit leaves. A group without one says "max"; the root has no such file. */
static uint64_t headroom_of(const struct np_fs *fs, const char *group)
{
	char path[PATH_SIZE + 32];
	long long limit, used;
	uint64_t room;

	snprintf(path, sizeof(path), "%s/memory.max", group);
	if (np_fs_read_number(fs, path, &limit) < 0)
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s/memory.current", group);
	if (np_fs_read_number(fs, path, &used) < 0)
		return UINT64_MAX;
	room = (uint64_t)limit + page_cache(fs, group) / CACHE_SHARE;
	return room > (uint64_t)used ? room - (uint64_t)used : 0;
}

/* "0::/path" is the line of version 2. */
static int find_group(const struct np_fs *fs, char *group, size_t size)
{
	const char *at;
	char *text;
	int r = np_fs_read_text(fs, "proc/self/cgroup", &text);

	if (r < 0)
		return r;
	at = strstr(text, "0::/");
	r = at && (at == text || at[-1] == '\n') ? 0 : -1;
	if (r == 0)
		snprintf(group, size, MOUNT "%.*s", (int)strcspn(at + 3, "\n"), at + 3);
	free(text);
	return r;
}

uint64_t cgroup_headroom(void)
{
	char group[PATH_SIZE];
	uint64_t least = UINT64_MAX;
	struct np_fs fs;

	if (np_fs_open(NULL, &fs) < 0)
		return UINT64_MAX;
	if (find_group(&fs, group, sizeof(group)) == 0) {
		for (char *slash = group + strlen(group); slash >= group + strlen(MOUNT); slash = strrchr(group, '/')) {
			uint64_t room;

			*slash = '\0';
			room = headroom_of(&fs, group);
			least = room < least ? room : least;
		}
	}
	np_fs_close(&fs);
	return least;
}
