/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls of memory policy, which glibc does not wrap. They return 0 (or what the call returns) or -errno. */
#ifndef NUMAPERF_CORE_SYSCALLS_H
#define NUMAPERF_CORE_SYSCALLS_H

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Node masks: bit 0 first; bits is how many bits the array really has. The kernel reads one bit less than "maxnode"
 * (its oldest trap), so these pass one more.
 */
static inline int np_mbind(void *addr, size_t length, int mode, const unsigned long *nodes, size_t bits, unsigned flags)
{
	return syscall(SYS_mbind, addr, length, mode, nodes, nodes ? bits + 1 : 0, flags) < 0 ? -errno : 0;
}

static inline int np_set_mempolicy(int mode, const unsigned long *nodes, size_t bits)
{
	return syscall(SYS_set_mempolicy, mode, nodes, nodes ? bits + 1 : 0) < 0 ? -errno : 0;
}

static inline int np_get_mempolicy(int *ret_mode, unsigned long *nodes, size_t bits, const void *addr, unsigned flags)
{
	return syscall(SYS_get_mempolicy, ret_mode, nodes, nodes ? bits + 1 : 0, addr, flags) < 0 ? -errno : 0;
}

/* pages that could not be moved (only asked about: 0) or -errno. nodes NULL: only ask. */
static inline long np_move_pages(pid_t pid, size_t count, void **pages, const int *nodes, int *status, int flags)
{
	long r = syscall(SYS_move_pages, pid, count, pages, nodes, status, flags);

	return r < 0 ? -errno : r;
}

#endif
