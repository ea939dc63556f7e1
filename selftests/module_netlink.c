// SPDX-License-Identifier: GPL-2.0
/*
 * The module comes when it is asked for: by its netlink family, by its device's number; and netlink is no obstacle to its
 * going. Needs a modprobe that knows it (qemu/init sees to that in guests).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "np_netlink.h"
#include "np_test.h"

#define MISC_MAJOR	10
#define MINOR		250
#define MODPROBE	"/proc/sys/kernel/modprobe"
#define NODE		"/tmp/np_numaperf"
#define MANY		100

FIXTURE(module) {
	char parameters[512];
	char modprobe[256];
	struct np_netlink nl;
	struct np_topo topo;
};

/* The kernel runs what this names; guests have theirs elsewhere than it thinks. */
static void point_to_modprobe(FIXTURE_DATA(module) *self)
{
	if (np_read_file(MODPROBE, self->modprobe, sizeof(self->modprobe)) <= 0)
		return;
	self->modprobe[strcspn(self->modprobe, "\n")] = 0;
	if (access(self->modprobe, X_OK) && !access("/bin/modprobe", X_OK))
		np_write_file(MODPROBE, "/bin/modprobe");
}

FIXTURE_SETUP(module)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	ASSERT_TRUE(np_module_loaded());
	np_module_parameters(self->parameters, sizeof(self->parameters));
	point_to_modprobe(self);
	self->nl.fd = -1;
}

FIXTURE_TEARDOWN(module)
{
	np_netlink_close(&self->nl);
	unlink(NODE);
	np_write_file(MODPROBE, self->modprobe);
	if (np_module_loaded())
		np_eventually(np_module_unload() == 0);
	EXPECT_EQ(0, np_module_load(self->parameters));
}

static bool modprobe_knows(const char *alias)
{
	char command[256];

	snprintf(command, sizeof(command), "modprobe -n -q %s >/dev/null 2>&1 || modprobe -D -q %s >/dev/null 2>&1",
		 alias, alias);
	return system(command) == 0;
}

/* ---------------------------------------------------------------- coming */

TEST_F(module, comes_when_its_family_is_asked_for)
{
	NP_NEED(modprobe_knows("net-pf-16-proto-16-family-" NUMAPERF_GENL_NAME), "modprobe does not know the module");
	ASSERT_EQ(0, np_module_unload());
	EXPECT_EQ(0, np_netlink_open(&self->nl));
	EXPECT_TRUE(np_module_loaded());
}

TEST_F(module, comes_when_its_device_node_is_opened)
{
	struct stat device;
	int fd;

	ASSERT_EQ(0, stat(NUMAPERF_DEVICE_PATH, &device));
	NP_NEED(minor(device.st_rdev) == MINOR, "its fixed minor is taken by another driver");
	NP_NEED(modprobe_knows("char-major-10-250"), "modprobe does not know the module");
	ASSERT_EQ(MISC_MAJOR, major(device.st_rdev));
	/* As made at boot, from modules.devname. */
	ASSERT_EQ(0, mknod(NODE, S_IFCHR | 0600, device.st_rdev));
	ASSERT_EQ(0, np_module_unload());
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	EXPECT_LE(0, fd);
	EXPECT_TRUE(np_module_loaded());
	close(fd);
}

TEST_F(module, has_the_number_that_its_alias_names)
{
	struct stat device;

	ASSERT_EQ(0, stat(NUMAPERF_DEVICE_PATH, &device));
	EXPECT_EQ(MINOR, minor(device.st_rdev));
}

/* ----------------------------------------------------------------- going */

TEST_F(module, goes_though_somebody_listens)
{
	ASSERT_EQ(0, np_netlink_open(&self->nl));
	ASSERT_EQ(0, np_netlink_join(&self->nl));
	EXPECT_EQ(0, np_module_unload());
}

static int make_events(int fd, const struct np_topo *topo, int count)
{
	struct np_set node = np_set_of(topo->near);
	struct numaperf_ioc_range_pin pin;
	void *page = np_map_on(topo->near, np_page_size());
	int err = 0;

	for (int i = 0; i < count && !err; i++) {
		err = np_pin_range(fd, page, np_page_size(), &node, 0, &pin);
		if (!err)
			err = np_revoke(fd, pin.lease);
	}
	return err;
}

TEST_F(module, goes_with_events_on_their_way)
{
	int fd = np_open(O_CLOEXEC);

	ASSERT_EQ(0, np_netlink_open(&self->nl));
	ASSERT_EQ(0, np_netlink_join(&self->nl));
	ASSERT_EQ(0, make_events(fd, &self->topo, MANY));
	close(fd);
	EXPECT_TRUE(np_eventually(np_module_unload() == 0));
}

TEST_F(module, is_another_family_when_it_comes_back)
{
	struct np_message event;
	int fd;

	ASSERT_EQ(0, np_netlink_open(&self->nl));
	ASSERT_EQ(0, np_netlink_join(&self->nl));
	ASSERT_EQ(0, np_module_unload());
	ASSERT_EQ(0, np_module_load(self->parameters));
	/* The old membership has ended: resolve and join anew. */
	ASSERT_EQ(0, np_netlink_resolve(&self->nl));
	ASSERT_EQ(0, np_netlink_join(&self->nl));
	fd = np_open(O_CLOEXEC);
	ASSERT_EQ(0, make_events(fd, &self->topo, 1));
	EXPECT_EQ(0, np_netlink_event(&self->nl, &event));
	close(fd);
}

TEST_F(module, stays_until_a_dump_has_been_read)
{
	struct np_dump dump = { .size = 8192 };
	size_t page = np_page_size();
	struct np_set node = np_set_of(self->topo.near);
	char *pages = np_map_on(self->topo.near, MANY * page);
	struct numaperf_ioc_range_pin pin;
	int fd = np_open(O_CLOEXEC);
	bool done = false;

	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(0, np_pin_range(fd, pages + i * page, page, &node, 0, &pin));
	ASSERT_EQ(0, np_netlink_open(&self->nl));
	ASSERT_EQ(0, np_netlink_dump_begin(&self->nl, NUMAPERF_GENL_CMD_LEASES));
	ASSERT_LT(0, np_netlink_dump_go_on(&self->nl, &dump, &done));
	ASSERT_FALSE(done);
	close(fd);
	EXPECT_EQ(-EWOULDBLOCK, np_module_unload());
	np_netlink_close(&self->nl);
	EXPECT_TRUE(np_eventually(np_module_unload() == 0));
}

TEST_HARNESS_MAIN
