/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <numaperf/error.h>

#include "message.h"
#include "verb.h"

static const char *current_verb;

void message_verb(const char *verb)
{
	current_verb = verb;
}

static void say(const char *format, va_list args)
{
	fprintf(stderr, "numaperf%s%s: ", current_verb ? " " : "", current_verb ? current_verb : "");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return STATUS_FAILED;
}

int fail_last_error(void)
{
	const struct numaperf_error *error = numaperf_last_error();

	return fail("%s: %s", error->operation, error->message);
}

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, "Try 'numaperf%s%s --help'.\n", current_verb ? " " : "", current_verb ? current_verb : "");
	return STATUS_USAGE;
}

int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return fail("standard output: %s", strerror(errno));
}
