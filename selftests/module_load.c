// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading: refused while in use, and nothing is left afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "np_test.h"
#include "np_track.h"

#define DEBUG "/sys/kernel/debug/"
#define PAGES 500

FIXTURE(module) {
	char parameters[512];
	struct np_topo topo;
};

FIXTURE_SETUP(module)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	ASSERT_EQ(0, access(np_module_path(), R_OK))
		TH_LOG("%s: set NUMAPERF_KO", np_module_path());
	ASSERT_TRUE(np_module_loaded());
	np_module_parameters(self->parameters, sizeof(self->parameters));
}

FIXTURE_TEARDOWN(module)
{
	if (np_module_loaded())
		np_eventually(np_module_unload() == 0);
	EXPECT_EQ(0, np_module_load(self->parameters));
}

TEST_F(module, cannot_be_unloaded_while_open)
{
	int fd = np_open(O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EWOULDBLOCK, np_module_unload());
	close(fd);
}

TEST_F(module, can_be_unloaded_after_close)
{
	close(np_open(O_CLOEXEC));
	EXPECT_EQ(0, np_module_unload());
}

TEST_F(module, takes_its_device_along)
{
	ASSERT_EQ(0, np_module_unload());
	EXPECT_TRUE(np_eventually(access(NUMAPERF_DEVICE_PATH, F_OK)));
}

/* Every hook and every kind of lease once. */
static int use_everything(struct np_child *me, void *arg)
{
	struct np_topo *topo = arg;
	struct np_set cpu = np_set_of(topo->near_cpu), node = np_set_of(topo->near);
	struct numaperf_ioc_thread_pin thread;
	struct numaperf_ioc_range_pin range;
	size_t length = PAGES * np_page_size();
	int fd = np_open(O_CLOEXEC);
	__u32 sources = (np_feature(fd, NUMAPERF_FEATURE_HINT) ? NP_HINT : 0) |
			(np_feature(fd, NUMAPERF_FEATURE_FAULT) ? NP_FAULT : 0);
	__u32 target;

	(void)me;
	if (sources && np_track(fd, 0, sources, NUMAPERF_TRACK_PROCESS | NUMAPERF_TRACK_CHILDREN, &target))
		return 1;
	if (np_affinity_set(0, &cpu) || np_pin_thread(fd, 0, &cpu, NUMAPERF_PIN_INHERIT_THREADS, &thread))
		return 2;
	if (np_pin_range(fd, np_map_on(topo->near, length), length, &node, 0, &range))
		return 3;
	return 0;	/* and exits with all of it */
}

TEST_F(module, can_be_unloaded_right_after_use)
{
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, np_run(0, use_everything, &self->topo));
		ASSERT_TRUE(np_eventually(np_module_unload() == 0));
		ASSERT_EQ(0, np_module_load(self->parameters));
	}
}

/* Each file that would show something of ours, by a line with one of our names or by more lines than before. */
static int count_lines(const char *path, const char *with)
{
	static char text[1 << 20];
	int count = 0;

	if (np_read_file(path, text, sizeof(text)) < 0)
		return -1;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		count += !with || strstr(line, with);
	return count;
}

TEST_F(module, leaves_no_hook)
{
	int functions, probes;

	ASSERT_EQ(0, np_module_unload());
	functions = count_lines(DEBUG "tracing/enabled_functions", NULL);
	probes = count_lines(DEBUG "kprobes/list", NULL);
	ASSERT_LE(0, functions);
	ASSERT_LE(0, probes);
	ASSERT_EQ(0, np_module_load(self->parameters));
	ASSERT_EQ(0, np_run(0, use_everything, &self->topo));
	ASSERT_TRUE(np_eventually(np_module_unload() == 0));
	EXPECT_EQ(functions, count_lines(DEBUG "tracing/enabled_functions", NULL));
	EXPECT_EQ(probes, count_lines(DEBUG "kprobes/list", NULL));
}

TEST_F(module, leaves_no_memory_of_its_own)
{
	ASSERT_EQ(0, np_run(0, use_everything, &self->topo));
	ASSERT_TRUE(np_eventually(np_module_unload() == 0));
	EXPECT_EQ(0, count_lines("/proc/vmallocinfo", "numaperf"));
	EXPECT_EQ(0, count_lines("/proc/slabinfo", "numaperf"));
}

TEST_F(module, leaves_no_pinned_page)
{
	ASSERT_EQ(0, np_run(0, use_everything, &self->topo));
	ASSERT_TRUE(np_eventually(np_module_unload() == 0));
	EXPECT_TRUE(np_eventually(np_vmstat("nr_foll_pin_acquired") == np_vmstat("nr_foll_pin_released")));
}

/* Hooks cost everyone on the machine: soon after the last user they are gone, and info does not claim otherwise. */
TEST_F(module, has_no_hook_while_nobody_uses_it)
{
	int fd = np_open(O_CLOEXEC), before;
	struct numaperf_ioc_info info;

	ASSERT_TRUE(np_eventually(count_lines(DEBUG "tracing/enabled_functions", "numaperf") == 0));
	before = count_lines(DEBUG "kprobes/list", NULL);
	ASSERT_EQ(0, np_run(0, use_everything, &self->topo));
	EXPECT_TRUE(np_eventually(count_lines(DEBUG "tracing/enabled_functions", "numaperf") == 0));
	EXPECT_TRUE(np_eventually(count_lines(DEBUG "kprobes/list", NULL) == before));
	ASSERT_EQ(0, np_info(fd, &info));
	EXPECT_EQ(0, info.active);
	close(fd);
}

TEST_HARNESS_MAIN
