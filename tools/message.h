/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages for people, on stderr, all of the form "numaperf VERB: text". Each error function returns the exit status
 * that belongs to it.
 */
#ifndef NUMAPERF_TOOLS_MESSAGE_H
#define NUMAPERF_TOOLS_MESSAGE_H

/* The verb that stands in front of every message from now on; NULL: none. */
void message_verb(const char *verb);

void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* STATUS_FAILED */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "operation: message" of this thread's last libnumaperf failure; STATUS_FAILED */
int fail_last_error(void);
/* The message and where to find help; STATUS_USAGE */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Flushes stdout: STATUS_FAILED with a message if not all of it could be written (full disk, closed pipe), else status.
 */
int finish_output(int status);

#endif
