/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file that appears whole or not at all: written beside its final name and renamed when it is complete. What is there
 * already and is no regular file (a terminal, a pipe, /dev/stdout) is written directly.
 */
#ifndef NUMAPERF_TOOLS_OUTPUT_FILE_H
#define NUMAPERF_TOOLS_OUTPUT_FILE_H

#include <stdio.h>

struct output_file {
	FILE *file;
	const char *path;
	char *temporary; /* NULL: written directly */
};

/* path NULL: stderr. 0, or STATUS_FAILED with a message told. */
int output_file_open(const char *path, struct output_file *ret_output);
/* 0, or STATUS_FAILED with a message told and nothing left behind. */
int output_file_commit(struct output_file *output);
void output_file_discard(struct output_file *output);

#endif
