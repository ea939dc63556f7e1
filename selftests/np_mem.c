// SPDX-License-Identifier: GPL-2.0
/* Memory with a policy, where its pages are, and attempts to move them. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np.h"

#define QUERY_PAGES 1024

size_t np_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

void *np_map(size_t length)
{
	void *addr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED) {
		perror("mmap");
		abort();
	}
	/* Small pages, so that a count of pages is a count of faults. EINVAL: no huge pages at all. */
	madvise(addr, length, MADV_NOHUGEPAGE);
	return addr;
}

int np_unmap(void *addr, size_t length)
{
	return munmap(addr, length) ? -errno : 0;
}

void np_touch(void *addr, size_t length)
{
	size_t page = np_page_size();

	/* A store, not an increment: that would read first, and fault twice. */
	for (size_t at = 0; at < length; at += page)
		((volatile char *)addr)[at] = 1;
}

void np_touch_fresh(size_t pages)
{
	size_t length = pages * np_page_size();
	void *area = np_map(length);

	np_touch(area, length);
	np_unmap(area, length);
}

static int mbind_node(void *addr, size_t length, int mode, int node, unsigned int flags)
{
	struct np_set nodes = { 0 };

	if (node >= 0)
		np_set_add(&nodes, node);
	/* mbind takes one bit more than the mask holds */
	return syscall(SYS_mbind, addr, length, mode, node >= 0 ? nodes.words : NULL,
		       node >= 0 ? 1025UL : 0UL, flags) ? -errno : 0;
}

int np_bind(void *addr, size_t length, int node)
{
	int err = mbind_node(addr, length, MPOL_BIND | MPOL_F_NUMA_BALANCING, node, 0);

	/* Without CONFIG_NUMA_BALANCING, or on kernels where mbind does not know the flag. */
	return err == -EINVAL ? np_bind_plain(addr, length, node) : err;
}

int np_bind_plain(void *addr, size_t length, int node)
{
	return mbind_node(addr, length, MPOL_BIND, node, 0);
}

int np_unbind(void *addr, size_t length)
{
	return mbind_node(addr, length, MPOL_DEFAULT, -1, 0);
}

int np_mbind_move(void *addr, size_t length, int node)
{
	return mbind_node(addr, length, MPOL_BIND, node, MPOL_MF_MOVE);
}

int np_task_bind(int node, bool balancing)
{
	struct np_set nodes = np_set_of(node);
	int mode = MPOL_BIND | (balancing ? MPOL_F_NUMA_BALANCING : 0);

	return syscall(SYS_set_mempolicy, mode, nodes.words, 1025UL) ? -errno : 0;
}

void *np_map_on(int node, size_t length)
{
	void *addr = np_map(length);

	if (np_bind(addr, length, node)) {
		perror("mbind");
		abort();
	}
	np_touch(addr, length);
	return addr;
}

/*
 * Linux 6.1's query answers with an error for a page that the balancing scan has armed, so such a page is read once
 * and asked again.
 */
int np_node_of_page(void *addr)
{
	int status = -ENOENT;

	for (int attempt = 0; attempt < 3; attempt++) {
		if (syscall(SYS_move_pages, 0, 1UL, &addr, NULL, &status, 0))
			return -errno;
		if (status >= 0)
			break;
		(void)*(volatile char *)addr;
	}
	return status;
}

size_t np_pages_on(void *addr, size_t length, int node)
{
	size_t page = np_page_size(), count = 0;

	for (size_t at = 0; at < length; at += page)
		count += np_node_of_page((char *)addr + at) == node;
	return count;
}

void np_move_pages(pid_t pid, void *addr, size_t length, int node)
{
	size_t page = np_page_size();
	void *pages[QUERY_PAGES];
	int nodes[QUERY_PAGES], status[QUERY_PAGES];
	size_t nr = 0;

	for (size_t at = 0; at < length; at += page) {
		pages[nr] = (char *)addr + at;
		nodes[nr++] = node;
		if (nr == QUERY_PAGES || at + page >= length) {
			/* all: a process that was forked shares its pages, and those would not be moved */
			syscall(SYS_move_pages, pid, nr, pages, nodes, status, MPOL_MF_MOVE_ALL);
			nr = 0;
		}
	}
}

void np_migrate_pages(pid_t pid, int from, int to)
{
	struct np_set old = np_set_of(from), new = np_set_of(to);

	syscall(SYS_migrate_pages, pid, 1025UL, old.words, new.words);
}

size_t np_huge_size(void)
{
	char text[32];

	if (np_read_file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", text, sizeof(text)) < 0)
		return 0;
	return strtoul(text, NULL, 10);
}

void *np_map_huge(int node, size_t *ret_size)
{
	size_t size = np_huge_size();
	char *raw, *addr;

	if (!size)
		return NULL;
	raw = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	addr = (char *)(((uintptr_t)raw + size - 1) & ~(size - 1));
	if (madvise(addr, size, MADV_HUGEPAGE) || np_bind(addr, size, node))
		return NULL;
	addr[0] = 1;
	*ret_size = size;
	return addr;
}

long long np_proc_bytes(const char *path, const char *name)
{
	static char text[256 * 1024];
	size_t length = strlen(name);
	long long sum = -ENOENT;
	int err = np_read_file(path, text, sizeof(text));

	if (err < 0)
		return err;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, name, length) && line[length] == ':')
			sum = (sum < 0 ? 0 : sum) + strtoll(line + length + 1, NULL, 10) * 1024;
	return sum;
}

unsigned long long np_vmstat(const char *name)
{
	static char text[64 * 1024];
	size_t length = strlen(name);

	if (np_read_file("/proc/vmstat", text, sizeof(text)) < 0)
		return 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, name, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	return 0;
}
