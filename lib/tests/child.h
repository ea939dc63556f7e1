/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests that need a process of their own: another user, a system call denied, an attack from outside. */
#ifndef NUMAPERF_TESTS_CHILD_H
#define NUMAPERF_TESTS_CHILD_H

#include <stdio.h>
#include <unistd.h>

/* In the child, where cmocka's assertions would unwind the parent's tests. */
#define child_check(condition)                                                                             \
	do {                                                                                               \
		if (!(condition)) {                                                                        \
			fprintf(stderr, "# child: %s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1);                                                                          \
		}                                                                                          \
	} while (0)

/* Runs body in a forked child and fails the test unless it returns. */
void run_child(void (*body)(void *arg), void *arg);
/* The same, but the child must die by this signal. */
void run_child_until_signal(void (*body)(void *arg), void *arg, int signal);

/* From now on this process' system call number nr fails with errnum, like under a container's filter. */
void deny_syscall(long nr, int errnum);

#endif
