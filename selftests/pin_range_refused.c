// SPDX-License-Identifier: GPL-2.0
/* Ranges that can't be pinned: each refusal with its errno, its reason and the address; and nothing is left pinned. */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "np_test.h"

#define PAGES 16
#define MIDDLE 7

FIXTURE(refused) {
	int fd;
	struct np_topo topo;
	struct np_set near;
	size_t page, length;
	char *area;
	__u64 locked_before;
	struct numaperf_ioc_range_pin pin;
};

static __u64 locked_bytes(int fd)
{
	struct numaperf_ioc_info info;

	return np_info(fd, &info) ? ~0ULL : info.locked_bytes;
}

FIXTURE_SETUP(refused)
{
	ASSERT_EQ(0, np_topo_read(&self->topo));
	self->fd = np_open(O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->near = np_set_of(self->topo.near);
	self->page = np_page_size();
	self->length = PAGES * self->page;
	self->area = np_map_on(self->topo.near, self->length);
	self->locked_before = locked_bytes(self->fd);
}

/* All or nothing: no refusal leaves a charge behind. */
FIXTURE_TEARDOWN(refused)
{
	EXPECT_EQ(self->locked_before, locked_bytes(self->fd));
	close(self->fd);
}

static int pin(FIXTURE_DATA(refused) *self, void *addr, size_t length)
{
	return np_pin_range(self->fd, addr, length, &self->near, 0, &self->pin);
}

/* ----------------------------------------------------------- bad numbers */

TEST_F(refused, zero_length_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, pin(self, self->area, 0));
}

TEST_F(refused, unaligned_address_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, pin(self, self->area + 1, self->page));
}

TEST_F(refused, unaligned_length_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, pin(self, self->area, self->page + 1));
}

TEST_F(refused, wrapping_range_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, pin(self, self->area, -self->page));
}

TEST_F(refused, range_up_to_the_very_end_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, pin(self, (void *)-self->page, self->page));
}

/* From a mapped page to the end of user space (of four levels of page tables): just the hole behind the mapping. */
TEST_F(refused, absurd_length_is_a_hole)
{
	char *lone = np_map_on(self->topo.near, 2 * self->page);

	ASSERT_EQ(0, np_unmap(lone + self->page, self->page));
	EXPECT_EQ(-ENODATA, pin(self, lone, (1UL << 47) - self->page - (unsigned long)lone));
	EXPECT_EQ(NUMAPERF_REASON_UNMAPPED, self->pin.reason);
}

/* ----------------------------------------------------------- bad memory */

TEST_F(refused, hole_is_told_with_its_address)
{
	ASSERT_EQ(0, np_unmap(self->area + MIDDLE * self->page, self->page));
	EXPECT_EQ(-ENODATA, pin(self, self->area, self->length));
	EXPECT_EQ(NUMAPERF_REASON_UNMAPPED, self->pin.reason);
	EXPECT_EQ((uintptr_t)self->area + MIDDLE * self->page, self->pin.wrong_addr);
}

TEST_F(refused, absent_page_is_told_with_its_address)
{
	ASSERT_EQ(0, madvise(self->area + MIDDLE * self->page, self->page, MADV_DONTNEED));
	EXPECT_EQ(-ENODATA, pin(self, self->area, self->length));
	EXPECT_EQ(NUMAPERF_REASON_ABSENT, self->pin.reason);
	EXPECT_EQ((uintptr_t)self->area + MIDDLE * self->page, self->pin.wrong_addr);
}

TEST_F(refused, absent_page_is_not_faulted_in)
{
	unsigned char present[PAGES];

	ASSERT_EQ(0, madvise(self->area + MIDDLE * self->page, self->page, MADV_DONTNEED));
	ASSERT_EQ(-ENODATA, pin(self, self->area, self->length));
	ASSERT_EQ(0, mincore(self->area, self->length, present));
	EXPECT_EQ(0, present[MIDDLE] & 1);
}

/* Only read so far: the shared zero page has no place of its own. */
TEST_F(refused, zero_page_counts_as_absent)
{
	volatile char *middle = self->area + MIDDLE * self->page;

	ASSERT_EQ(0, madvise((void *)middle, self->page, MADV_DONTNEED));
	ASSERT_EQ(0, *middle);
	EXPECT_EQ(-ENODATA, pin(self, self->area, self->length));
	EXPECT_EQ(NUMAPERF_REASON_ABSENT, self->pin.reason);
	EXPECT_EQ((uintptr_t)middle, self->pin.wrong_addr);
}

TEST_F(refused, read_only_mapping_is_EACCES)
{
	ASSERT_EQ(0, mprotect(self->area, self->length, PROT_READ));
	EXPECT_EQ(-EACCES, pin(self, self->area, self->length));
	EXPECT_EQ(NUMAPERF_REASON_READ_ONLY, self->pin.reason);
}

TEST_F(refused, read_only_part_is_told_with_its_address)
{
	ASSERT_EQ(0, mprotect(self->area + MIDDLE * self->page, self->page, PROT_READ));
	EXPECT_EQ(-EACCES, pin(self, self->area, self->length));
	EXPECT_EQ((uintptr_t)self->area + MIDDLE * self->page, self->pin.wrong_addr);
}

TEST_F(refused, page_on_another_node_is_told_with_address_and_node)
{
	NP_NEED_TWO_PINNABLE(self->topo);
	np_move_pages(getpid(), self->area + MIDDLE * self->page, self->page, self->topo.far);
	ASSERT_EQ(self->topo.far, np_node_of_page(self->area + MIDDLE * self->page));
	EXPECT_EQ(-EXDEV, pin(self, self->area, self->length));
	EXPECT_EQ(NUMAPERF_REASON_WRONG_NODE, self->pin.reason);
	EXPECT_EQ((uintptr_t)self->area + MIDDLE * self->page, self->pin.wrong_addr);
	EXPECT_EQ(self->topo.far, self->pin.wrong_node);
}

TEST_F(refused, range_stays_movable)
{
	NP_NEED_TWO_PINNABLE(self->topo);
	np_move_pages(getpid(), self->area + MIDDLE * self->page, self->page, self->topo.far);
	ASSERT_EQ(-EXDEV, pin(self, self->area, self->length));
	np_move_pages(getpid(), self->area, self->length, self->topo.far);
	EXPECT_EQ(PAGES, np_pages_on(self->area, self->length, self->topo.far));
}

TEST_F(refused, set_of_another_node_is_EXDEV)
{
	struct np_set far;

	NP_NEED_TWO_NODES(self->topo);
	far = np_set_of(self->topo.far);
	EXPECT_EQ(-EXDEV, np_pin_range(self->fd, self->area, self->length, &far, 0, &self->pin));
	EXPECT_EQ((uintptr_t)self->area, self->pin.wrong_addr);
	EXPECT_EQ(self->topo.near, self->pin.wrong_node);
}

/* ----------------------------------------------------- movable-only node */

TEST_F(refused, movable_only_node_is_EADDRNOTAVAIL)
{
	int node = np_set_first(&self->topo.movable);
	struct np_set movable;
	char *area;

	NP_NEED(node >= 0, "needs a node whose memory is all in ZONE_MOVABLE");
	movable = np_set_of(node);
	area = np_map_on(node, self->length);
	EXPECT_EQ(-EADDRNOTAVAIL, np_pin_range(self->fd, area, self->length, &movable, 0, &self->pin));
	EXPECT_EQ(NUMAPERF_REASON_MOVABLE_ONLY, self->pin.reason);
}

/* A long-term pin that is tried there would migrate everything to another node first. */
TEST_F(refused, memory_of_a_movable_only_node_stays_there)
{
	int node = np_set_first(&self->topo.movable);
	struct np_set movable;
	char *area;

	NP_NEED(node >= 0, "needs a node whose memory is all in ZONE_MOVABLE");
	movable = np_set_of(node);
	area = np_map_on(node, self->length);
	ASSERT_NE(0, np_pin_range(self->fd, area, self->length, &movable, 0, &self->pin));
	EXPECT_EQ(PAGES, np_pages_on(area, self->length, node));
}

/* ----------------------------------------------------------------- files */

static char *map_file_on(const char *type, size_t length, int *ret_fd)
{
	char dir[] = "/tmp/np_fs_XXXXXX", path[64];
	char *area = MAP_FAILED;
	int fd;

	if (!mkdtemp(dir))
		return MAP_FAILED;
	if (mount("none", dir, type, 0, NULL) == 0) {
		snprintf(path, sizeof(path), "%s/file", dir);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0 && ftruncate(fd, length) == 0)
			area = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		*ret_fd = fd;
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return area;
}

TEST_F(refused, writable_file_mapping_is_EACCES)
{
	int file = -1;
	char *area = map_file_on("ramfs", self->length, &file);

	NP_NEED(area != MAP_FAILED, "ramfs is not to be had: errno %d", errno);
	np_touch(area, self->length);
	EXPECT_EQ(-EACCES, np_pin_range(self->fd, area, self->length, &self->topo.memory, 0, &self->pin));
	EXPECT_EQ(NUMAPERF_REASON_FILE_MAPPING, self->pin.reason);
}

/* The BIOS' data page: mapped without struct pages that anyone may hold. */
TEST_F(refused, device_mapping_is_EADDRNOTAVAIL)
{
	int file = open("/dev/mem", O_RDWR | O_CLOEXEC);
	char *area;

	NP_NEED(file >= 0, "no /dev/mem: errno %d", errno);
	area = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	NP_NEED(area != MAP_FAILED, "/dev/mem can't be mapped: errno %d", errno);
	EXPECT_EQ(-EADDRNOTAVAIL, np_pin_range(self->fd, area, self->page, &self->topo.memory, 0, &self->pin));
	EXPECT_EQ(NUMAPERF_REASON_DEVICE_MAPPING, self->pin.reason);
}

/* ------------------------------------------------------------- the result */

TEST_F(refused, result_that_cannot_be_written_takes_nothing)
{
	struct numaperf_ioc_range_pin *pin = np_map(self->page);

	*pin = (struct numaperf_ioc_range_pin) {
		.size = sizeof(*pin), .addr = (uintptr_t)self->area, .length = self->length,
		.nodes = (uintptr_t)self->near.words, .nodes_bits = NP_SET_BITS,
	};
	ASSERT_EQ(0, mprotect(pin, self->page, PROT_READ));
	EXPECT_EQ(-EFAULT, np_ioctl(self->fd, NUMAPERF_IOC_RANGE_PIN, pin));
	EXPECT_EQ(self->locked_before, locked_bytes(self->fd));
}

TEST_HARNESS_MAIN
