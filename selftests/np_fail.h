/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NP_FAIL_H
#define NP_FAIL_H

#include <stdbool.h>

/* Does this kernel inject faults? Sets it up for np_fail_arm(). */
bool np_fail_works(void);
int np_fail_open(void);
/* From the next system call on, the n-th allocation or user copy of this thread fails. */
bool np_fail_arm(int fd, int n);
/* No more; was it reached since? */
bool np_fail_disarm(int fd);

#endif
