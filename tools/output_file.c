/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "output_file.h"

static bool is_special(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

/* mkostemp's files are for their owner only; this one is as any other that a program creates. */
static int create_beside(struct output_file *output)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&output->temporary, "%s.XXXXXX", output->path) < 0) {
		output->temporary = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0) {
		free(output->temporary);
		output->temporary = NULL;
	} else {
		(void)fchmod(fd, 0666 & ~mask);
	}
	return fd;
}

int output_file_open(const char *path, struct output_file *ret_output)
{
	struct output_file output = { .file = stderr, .path = path };
	int fd;

	if (path) {
		fd = is_special(path) ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : create_beside(&output);
		output.file = fd < 0 ? NULL : fdopen(fd, "w");
		if (!output.file)
			return fail("%s: %s", path, strerror(errno));
	}
	*ret_output = output;
	return 0;
}

/* Flushes and closes it; 0 or an errno. */
static int close_file(struct output_file *output)
{
	int errnum = fflush(output->file) != 0 || ferror(output->file) ? errno : 0;

	if (output->path && fclose(output->file) != 0 && !errnum)
		errnum = errno;
	return errnum;
}

void output_file_discard(struct output_file *output)
{
	(void)close_file(output);
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
}

int output_file_commit(struct output_file *output)
{
	int errnum = close_file(output);

	if (!errnum && output->temporary && rename(output->temporary, output->path) < 0)
		errnum = errno;
	if (errnum && output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	return errnum ? fail("%s: %s", output->path ? output->path : "standard error", strerror(errnum)) : 0;
}
