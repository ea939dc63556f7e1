// SPDX-License-Identifier: GPL-2.0
/* The module itself: loading, unloading, the parameters that it was loaded with. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np.h"

#define PARAMETERS "/sys/module/numaperf/parameters/"

const char *np_module_path(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("NUMAPERF_KO");
	ssize_t length;

	if (given)
		return given;
	length = readlink("/proc/self/exe", path, sizeof(path) - 64);
	if (length < 0)
		return "";
	path[length] = 0;
	*strrchr(path, '/') = 0;
	strcat(path, "/../kmod/numaperf.ko");
	return path;
}

int np_module_load(const char *parameters)
{
	int fd = open(np_module_path(), O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return err;
}

int np_module_unload(void)
{
	return syscall(SYS_delete_module, "numaperf", O_NONBLOCK) ? -errno : 0;
}

bool np_module_loaded(void)
{
	return access("/sys/module/numaperf/initstate", F_OK) == 0;
}

void np_module_parameters(char *text, size_t size)
{
	static const char *const names[] = { "hint", "fault", "strict_pin", "leases_max", "threads_max",
					     "sessions_max", "node_locked_max" };
	char path[128], value[64];
	size_t length = 0;

	text[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s", names[i]);
		if (np_read_file(path, value, sizeof(value)) <= 0)
			continue;
		value[strcspn(value, "\n")] = 0;
		length += snprintf(text + length, size - length, "%s=%s ", names[i], value);
	}
}
