// SPDX-License-Identifier: GPL-2.0
/* What the administrator does to a machine: cpusets, freezing, CPUs on and off. */
#include <stdio.h>
#include <unistd.h>

#include "np.h"

int np_cgroup_write(const char *group, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	return np_write_file(path, text);
}

int np_cgroup_write_number(const char *group, const char *file, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	return np_cgroup_write(group, file, text);
}

int np_cpuset_write(const char *group, int from, int to)
{
	char text[32];

	snprintf(text, sizeof(text), "%d-%d", from, to);
	return np_cgroup_write(group, "cpuset.cpus", text);
}

static void online_path(int cpu, char *path, size_t size)
{
	snprintf(path, size, "/sys/devices/system/cpu/cpu%d/online", cpu);
}

int np_cpu_online(int cpu, bool online)
{
	char path[128];

	online_path(cpu, path, sizeof(path));
	return np_write_file(path, online ? "1" : "0");
}

bool np_cpu_can_go_offline(int cpu)
{
	char path[128];

	online_path(cpu, path, sizeof(path));
	return access(path, W_OK) == 0;
}
