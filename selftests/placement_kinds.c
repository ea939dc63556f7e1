// SPDX-License-Identifier: GPL-2.0
/* Placement of memory that is not just there: swapped out, in files, of devices; and of ranges beyond all measure. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "np_test.h"

#define PAGES 48
#define ROOM 64
#define BRIEF_NS (10 * 1000000000ULL)	/* page by page it would be hours */

FIXTURE(kinds) {
	int fd;
	struct np_topo topo;
	size_t page, length;
	struct numaperf_node_pages nodes[ROOM];
	struct numaperf_ioc_placement result;
};

FIXTURE_SETUP(kinds)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = np_page_size();
	self->length = PAGES * self->page;
}

FIXTURE_TEARDOWN(kinds)
{
	close(self->fd);
}

static int ask(FIXTURE_DATA(kinds) *self, const void *addr, size_t length)
{
	self->result = (struct numaperf_ioc_placement) {
		.size = sizeof(self->result), .addr = (uintptr_t)addr, .length = length,
		.nodes = (uintptr_t)self->nodes, .count = ROOM, .entry_size = sizeof(self->nodes[0]),
	};
	memset(self->nodes, 0, sizeof(self->nodes));
	return np_ioctl(self->fd, NUMAPERF_IOC_PLACEMENT, &self->result);
}

static __u64 resident(FIXTURE_DATA(kinds) *self)
{
	__u64 pages = 0;

	for (__u32 i = 0; i < self->result.count; i++)
		pages += self->nodes[i].pages;
	return pages;
}

/* ------------------------------------------------------------------ swap */

#define ZRAM "/sys/block/zram0/"

static int load(const char *name)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/numaperf/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST ? -errno : 0;
	close(fd);
	return err;
}

/* The header of a swap area: its last page, and a signature at the end of the first. */
static int swap_format(const char *path)
{
	char header[4096] = { 0 };
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	((__u32 *)header)[256] = 1;
	((__u32 *)header)[257] = (16 << 20) / sizeof(header) - 1;
	memcpy(header + sizeof(header) - 10, "SWAPSPACE2", 10);
	if (write(fd, header, sizeof(header)) != sizeof(header))
		err = -EIO;
	close(fd);
	return err;
}

static int swap_on(void)
{
	int err = load("zsmalloc") ?: load("zram");

	if (err)
		return err;
	err = np_write_file(ZRAM "disksize", "16M");
	if (err)
		return err;
	err = swap_format("/dev/zram0");
	return err ?: swapon("/dev/zram0", 0) ? -errno : 0;
}

static void swap_off(void)
{
	swapoff("/dev/zram0");
	np_write_file(ZRAM "reset", "1");
	syscall(SYS_delete_module, "zram", O_NONBLOCK);
	syscall(SYS_delete_module, "zsmalloc", O_NONBLOCK);
}

TEST_F(kinds, counts_swapped_pages_as_absent)
{
	char *area = np_map_on(self->topo.near, self->length);
	int err = swap_on();

	NP_NEED(err == 0, "no swap to be had (%d)", err);
	EXPECT_TRUE(np_eventually(madvise(area, 7 * self->page, MADV_PAGEOUT) == 0 &&
				  ask(self, area, self->length) == 0 && self->result.absent == 7));
	EXPECT_EQ(PAGES - 7, resident(self));
	swap_off();
}

/* ----------------------------------------------------------------- files */

TEST_F(kinds, counts_pages_of_a_file)
{
	int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *area;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, self->length));
	area = mmap(NULL, self->length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, area);
	np_touch(area, 12 * self->page);
	ASSERT_EQ(0, ask(self, area, self->length));
	EXPECT_EQ(12, resident(self));
	EXPECT_EQ(PAGES - 12, self->result.absent);
	close(file);
}

/* Those that this process has mapped: what is only in the page cache is nobody's. */
TEST_F(kinds, counts_the_programs_own_text)
{
	char *text = (char *)((uintptr_t)ask & ~(self->page - 1));

	ASSERT_EQ(0, ask(self, text, self->page));
	EXPECT_EQ(1, resident(self));
}

/* ---------------------------------------------------------------- devices */

/* The clock's data: the kernel's own pages, mapped without a struct page of their own. */
static char *clock_data(void)
{
	static char text[1 << 16];
	char *row, *rest = text;

	np_read_file("/proc/self/maps", text, sizeof(text));
	while ((row = strsep(&rest, "\n")))
		if (strstr(row, "[vvar]"))
			return (char *)strtoul(row, NULL, 16);
	return NULL;
}

TEST_F(kinds, counts_pages_without_a_node_as_other)
{
	char *data = clock_data();
	struct timespec now;

	NP_NEED(data, "no mapping without pages of its own");
	clock_gettime(CLOCK_MONOTONIC, &now);
	ASSERT_EQ(0, ask(self, data, self->page));
	EXPECT_EQ(1, self->result.other + self->result.absent);
	EXPECT_EQ(0, resident(self));
}

/* ------------------------------------------------------------ huge pages */

#define GIGA (1UL << 30)
#define GIGA_POOL "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

TEST_F(kinds, counts_pages_of_one_gigabyte)
{
	char *area;

	np_write_file(GIGA_POOL, "1");
	area = mmap(NULL, GIGA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_1GB, -1, 0);
	NP_NEED(area != MAP_FAILED, "no page of 1 GiB to be had");
	area[0] = 1;
	np_write_file(GIGA_POOL, "0");
	ASSERT_EQ(0, ask(self, area + self->page, GIGA - self->page));
	EXPECT_EQ(GIGA / self->page - 1, resident(self));
	EXPECT_EQ(GIGA / self->page - 1, self->nodes[0].huge_pages);
}

/* The kernel's own query answers with an error for a page that the balancing scan has armed (6.1). */
static bool is_armed(void *addr)
{
	int status = 0;

	return syscall(SYS_move_pages, 0, 1UL, &addr, NULL, &status, 0) == 0 && status < 0;
}

TEST_F(kinds, counts_a_huge_page_that_the_balancing_scan_armed)
{
	size_t size = 0;
	char *area;

	NP_NEED_TWO_NODES(self->topo);
	NP_NEED(np_balancing(), "kernel.numa_balancing is off");
	area = np_map_huge(self->topo.far, &size);
	NP_NEED(area && np_proc_bytes("/proc/self/smaps", "AnonHugePages") > 0, "no transparent huge page was given");
	for (int i = 0; i < 5 && !is_armed(area); i++)
		ASSERT_NE(NULL, np_map_armed(self->topo.near_cpu, self->topo.far, self->length));
	NP_NEED(is_armed(area), "the scan did not come by, or the query does not tell");
	ASSERT_EQ(0, ask(self, area, size));
	EXPECT_EQ(size / self->page, resident(self));
	EXPECT_EQ(size / self->page, self->nodes[0].huge_pages);
	EXPECT_EQ(self->topo.far, self->nodes[0].node);
}

/* ------------------------------------------------------- enormous ranges */

TEST_F(kinds, of_an_enormous_empty_mapping_is_quick)
{
	size_t length = 1UL << 46;
	char *area = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__u64 start = np_now_ns();

	NP_NEED(area != MAP_FAILED, "no 64 TiB of addresses to be had");
	area[length / 2] = 1;
	area[length - 1] = 1;
	ASSERT_EQ(0, ask(self, area, length));
	EXPECT_GT(BRIEF_NS, np_now_ns() - start);
	EXPECT_LE(2, resident(self));	/* huge pages, where the kernel likes to */
	EXPECT_EQ(length / self->page, resident(self) + self->result.absent);
}

/* Many mappings, each a little, and a hole after each. */
TEST_F(kinds, of_many_mappings_adds_up)
{
	size_t count = 3000;
	char *area = np_map(count * 2 * self->page);

	for (size_t i = 0; i < count; i++)
		ASSERT_EQ(0, np_unmap(area + (2 * i + 1) * self->page, self->page));
	np_touch(area, self->page);
	ASSERT_EQ(0, ask(self, area, count * 2 * self->page));
	EXPECT_EQ(1, resident(self));
	EXPECT_EQ(count - 1, self->result.absent);
	EXPECT_EQ(count, self->result.unmapped);
}

/* More than is looked at in one hold of the lock: nothing is counted twice or left out where it is let go. */
TEST_F(kinds, of_more_than_one_hold_of_the_lock_adds_up)
{
	size_t pages = 3 * 4096 + 5;
	char *area = np_map(pages * self->page);

	for (size_t i = 0; i < pages; i += 2)
		np_touch(area + i * self->page, self->page);
	ASSERT_EQ(0, ask(self, area, pages * self->page));
	EXPECT_EQ((pages + 1) / 2, resident(self));
	EXPECT_EQ(pages / 2, self->result.absent);
}

static int ask_forever(struct np_child *me, void *arg)
{
	FIXTURE_DATA(kinds) *self = arg;

	np_say(me, 0);
	for (;;)
		ask(self, (void *)(1UL << 20), (1UL << 47) - (2UL << 20));
	return 0;
}

TEST_F(kinds, does_not_keep_a_process_from_being_killed)
{
	struct np_child child;
	__u64 word, start;

	ASSERT_EQ(0, np_spawn(&child, 0, ask_forever, self));
	ASSERT_EQ(0, np_hear(&child, &word));
	start = np_now_ns();
	EXPECT_EQ(256 + SIGKILL, np_kill(&child));
	EXPECT_GT(BRIEF_NS, np_now_ns() - start);
}

TEST_HARNESS_MAIN
