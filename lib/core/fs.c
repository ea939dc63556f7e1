/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/fs.h"

int np_fs_open(const char *root, struct np_fs *ret_fs)
{
	const char *path = root ? root : "/";
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fs = (struct np_fs){ .dir = fd, .root = path };
	return 0;
}

void np_fs_close(struct np_fs *fs)
{
	close(fs->dir);
	fs->dir = -1;
}

bool np_fs_exists(const struct np_fs *fs, const char *path)
{
	return faccessat(fs->dir, path, F_OK, 0) == 0;
}

static int open_file(const struct np_fs *fs, const char *path)
{
	int fd;

	do
		fd = openat(fs->dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* Reads to the end of the file or of buf: the bytes read, or -errno. */
static ssize_t read_up_to(int fd, char *buf, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, buf + length, size - length);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			length += (size_t)n;
	}
	return (ssize_t)length;
}

/* Makes length bytes in buf of size a string. A file that fills the buffer may be longer. */
static int terminate(char *buf, ssize_t length, size_t size)
{
	if (length < 0)
		return (int)length;
	if ((size_t)length >= size)
		return -EFBIG;
	if (length && buf[length - 1] == '\n')
		length--;
	buf[length] = '\0';
	return 0;
}

int np_fs_read(const struct np_fs *fs, const char *path, char *buf, size_t size)
{
	int fd = open_file(fs, path);

	if (fd < 0)
		return fd;

	int r = terminate(buf, read_up_to(fd, buf, size), size);

	close(fd);
	return r;
}

int np_fs_read_text(const struct np_fs *fs, const char *path, char **ret_text)
{
	int r = -EFBIG;

	/* These files have no size to ask for, and change: try larger buffers until the whole file fits. */
	for (size_t size = 4096; r == -EFBIG && size <= NP_FS_TEXT_MAX; size *= 4) {
		char *text = malloc(size);

		if (!text)
			return -ENOMEM;
		r = np_fs_read(fs, path, text, size);
		if (r == 0)
			*ret_text = text;
		else
			free(text);
	}
	return r;
}

int np_fs_read_number(const struct np_fs *fs, const char *path, long long *ret_number)
{
	char text[32], *end;
	int r = np_fs_read(fs, path, text, sizeof(text));

	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	errno = 0;
	long long number = strtoll(text, &end, 10);

	if (end == text || *end || errno)
		return -EBADMSG;
	*ret_number = number;
	return 0;
}

#define DEFINE_READ_SET(T)                                                                                             \
	int np_fs_read_##T(const struct np_fs *fs, const char *path, struct numaperf_##T **ret_set)                    \
	{                                                                                                              \
		char *text;                                                                                            \
		int r = np_fs_read_text(fs, path, &text);                                                              \
                                                                                                                       \
		if (r < 0)                                                                                             \
			return r;                                                                                      \
		r = numaperf_##T##_parse(text, ret_set);                                                               \
		free(text);                                                                                            \
		return r == -EINVAL || r == -ERANGE ? -EBADMSG : r;                                                    \
	}

DEFINE_READ_SET(cpuset)
DEFINE_READ_SET(nodeset)

int np_fs_fail(const struct np_fs *fs, const char *path, int result, const char *operation)
{
	return np_fail(-result, NUMAPERF_ERROR_IO, operation, "%s%s%s: %s.", fs->root,
		       fs->root[strlen(fs->root) - 1] == '/' ? "" : "/", path, numaperf_strerror(result));
}
