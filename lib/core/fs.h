/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small files of /sys and /proc, of this machine or of a tree that holds another machine's.
 *
 * Paths are relative to the root ("sys/devices/system/node/online"). Functions return 0 or -errno and set no error
 * themselves, for absence is often an answer; np_fs_fail() makes an error of it. Reads are bounded, and whole:
 * interrupted and short reads are continued.
 */
#ifndef NUMAPERF_CORE_FS_H
#define NUMAPERF_CORE_FS_H

#include <stdbool.h>
#include <stddef.h>

#include <numaperf/set.h>

#define NP_FS_TEXT_MAX ((size_t)1 << 20) /* more than any of these files has on the largest machine */

struct np_fs {
	int dir;
	const char *root; /* as given, for messages: the caller keeps it alive; "/" for the live system */
};

/* root NULL: the live system. */
int np_fs_open(const char *root, struct np_fs *ret_fs);
void np_fs_close(struct np_fs *fs);

bool np_fs_exists(const struct np_fs *fs, const char *path);

/* The whole file into buf, terminated, one trailing newline removed; -EFBIG if it does not fit. */
int np_fs_read(const struct np_fs *fs, const char *path, char *buf, size_t size);
/* The same for long files, into memory that the caller frees; -EFBIG above NP_FS_TEXT_MAX. */
int np_fs_read_text(const struct np_fs *fs, const char *path, char **ret_text);
/* A file that holds one decimal number, and nothing else: else -EBADMSG. */
int np_fs_read_number(const struct np_fs *fs, const char *path, long long *ret_number);
/* Files that hold a list of ids: -EBADMSG if it is none. */
int np_fs_read_cpuset(const struct np_fs *fs, const char *path, struct numaperf_cpuset **ret_set);
int np_fs_read_nodeset(const struct np_fs *fs, const char *path, struct numaperf_nodeset **ret_set);

/* Sets the error of kind IO that names the file; returns result. */
int np_fs_fail(const struct np_fs *fs, const char *path, int result, const char *operation);

#endif
