// SPDX-License-Identifier: GPL-2.0
/* The kernel's fault injection: the n-th allocation or user copy of one call of this thread fails. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "np.h"
#include "np_fail.h"

#define DEBUG "/sys/kernel/debug/"
#define FAIL_NTH "/proc/thread-self/fail-nth"

/* Waiting allocations fail as well, and nothing is said in the log: it is looked through for splats. */
static const struct {
	const char *path;
	const char *value;
} knobs[] = {
	{ DEBUG "failslab/ignore-gfp-wait", "N" },
	{ DEBUG "failslab/verbose", "0" },
	{ DEBUG "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUG "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUG "fail_page_alloc/min-order", "0" },
	{ DEBUG "fail_page_alloc/verbose", "0" },
	{ DEBUG "fail_usercopy/verbose", "0" },
};

bool np_fail_works(void)
{
	if (access(FAIL_NTH, W_OK))
		return false;
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (np_write_file(knobs[i].path, knobs[i].value))
			return false;
	}
	return true;
}

int np_fail_open(void)
{
	return open(FAIL_NTH, O_RDWR | O_CLOEXEC);
}

bool np_fail_arm(int fd, int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", n);

	return pwrite(fd, text, length, 0) == length;
}

/*
 * Reading copies to the user, and writing from it, so what is left may strike here: then it had not struck before. A count
 * that is left goes down by one each time.
 */
bool np_fail_disarm(int fd)
{
	char text[16] = "";
	bool struck = pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	while (pwrite(fd, "0", 1, 0) != 1)
		;
	return struck;
}
