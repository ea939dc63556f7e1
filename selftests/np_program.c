// SPDX-License-Identifier: GPL-2.0
/* The guest's own file systems may be nosuid: a program is copied to one that isn't. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "np.h"

int np_program_install(struct np_program *program, mode_t mode)
{
	int from = open(np_helper_path(), O_RDONLY | O_CLOEXEC), to;
	struct stat stat;
	int err = -1;

	strcpy(program->dir, "/tmp/np_exec_XXXXXX");
	if (from < 0 || fstat(from, &stat) || !mkdtemp(program->dir))
		return -errno;
	if (mount("none", program->dir, "tmpfs", 0, "mode=0755"))
		return -errno;
	snprintf(program->path, sizeof(program->path), "%s/helper", program->dir);
	to = open(program->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	if (to >= 0 && sendfile(to, from, NULL, stat.st_size) == stat.st_size)
		err = fchmod(to, mode);
	close(to);
	close(from);
	return err ? -errno : 0;
}

void np_program_remove(struct np_program *program)
{
	umount2(program->dir, MNT_DETACH);
	rmdir(program->dir);
}
