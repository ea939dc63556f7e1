/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the demo says. A claim is a statement that was checked: it is printed with its verdict, and one that doesn't
 * hold makes the demo fail.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <numaperf/error.h>

#include "demo.h"
#include "message.h"

void demo_heading(struct demo *demo, const char *act, const char *title)
{
	demo->act = act;
	fprintf(demo->out, "\n=== %s\n", title);
}

void demo_say(struct demo *demo, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(demo->out, format, args);
	va_end(args);
	fputc('\n', demo->out);
	fflush(demo->out);
}

static void keep(struct demo *demo, char *text, bool holds)
{
	struct demo_claim *claims = reallocarray(demo->claims, demo->nr_claims + 1, sizeof(*claims));

	if (!claims || !text)
		exit(fail("out of memory"));
	claims[demo->nr_claims++] = (struct demo_claim){ .act = demo->act, .text = text, .holds = holds };
	demo->claims = claims;
}

bool demo_claim(struct demo *demo, bool holds, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	keep(demo, text, holds);
	demo_say(demo, "%s %s", holds ? "[ok]    " : "[FAILED]", text);
	return holds;
}

bool demo_claim_failed(struct demo *demo, const char *what)
{
	const struct numaperf_error *error = numaperf_last_error();

	return demo_claim(demo, false, "%s: %s: %s", what, error->operation, error->message);
}

size_t demo_failures(const struct demo *demo)
{
	size_t failures = 0;

	for (size_t i = 0; i < demo->nr_claims; i++)
		failures += !demo->claims[i].holds;
	return failures;
}

double demo_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void demo_pause(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds,
				 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}
