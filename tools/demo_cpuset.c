/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cgroups with a cpuset of their own, in the unified hierarchy, below its root. The janitor removes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demo.h"
#include "sets.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static bool has_word(const char *path, const char *word)
{
	char line[512], *rest = line, *found;

	if (!demo_read_line(path, line, sizeof(line)))
		return false;
	while ((found = strsep(&rest, " ")))
		if (strcmp(found, word) == 0)
			return true;
	return false;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* The root must hand the cpuset controller to its children; if it didn't, the janitor takes it back. */
static bool enable_cpuset(struct demo *demo)
{
	static const char control[] = CGROUP_ROOT "/cgroup.subtree_control";
	int r;

	if (!has_word(CGROUP_ROOT "/cgroup.controllers", "cpuset"))
		return demo_claim(demo, false, "cgroup v2 with the cpuset controller is mounted at " CGROUP_ROOT);
	if (has_word(control, "cpuset"))
		return true;
	r = write_file(control, "+cpuset");
	if (r < 0)
		return demo_claim(demo, false, "the cpuset controller can be enabled in %s: %s", control, strerror(-r));
	demo_janitor_tell(demo, DEMO_RUBBISH_CONTROLLER, control);
	return true;
}

bool demo_cpuset_make(struct demo *demo, const char *name, const struct numaperf_cpuset *cpus,
		      struct demo_cpuset *ret_cpuset)
{
	char *list;
	int r;

	if (!enable_cpuset(demo))
		return false;
	snprintf(ret_cpuset->path, sizeof(ret_cpuset->path), CGROUP_ROOT "/numaperf-demo-%d-%s", getpid(), name);
	if (mkdir(ret_cpuset->path, 0755) < 0)
		return demo_claim(demo, false, "%s can be made: %s", ret_cpuset->path, strerror(errno));
	demo_janitor_tell(demo, DEMO_RUBBISH_CGROUP, ret_cpuset->path);
	list = cpuset_text(cpus);
	r = demo_cpuset_write(demo, ret_cpuset, "cpuset.cpus", list);
	free(list);
	return r == 0 || demo_claim(demo, false, "%s gets its CPUs", ret_cpuset->path);
}

int demo_cpuset_write(struct demo *demo, const struct demo_cpuset *cpuset, const char *file, const char *text)
{
	char path[320];
	int r;

	snprintf(path, sizeof(path), "%s/%s", cpuset->path, file);
	r = write_file(path, text);
	demo_say(demo, "  # echo %s > %s%s%s", text, path, r < 0 ? "\n    " : "", r < 0 ? strerror(-r) : "");
	return r;
}

int demo_cpuset_move(struct demo *demo, const struct demo_cpuset *cpuset, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return demo_cpuset_write(demo, cpuset, "cgroup.procs", text);
}

bool demo_cpuset_has(const struct demo_cpuset *cpuset, pid_t pid)
{
	char path[320], wanted[16], line[32];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cpuset->path);
	snprintf(wanted, sizeof(wanted), "%d\n", pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strcmp(line, wanted) == 0;
	if (file)
		fclose(file);
	return found;
}
