/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "options.h"
#include "verb.h"

#define OPTIONS_MAX 32

struct getopt_tables {
	struct option longs[OPTIONS_MAX + 2]; /* with "help" and the terminator */
	char shorts[2 * OPTIONS_MAX + 4];
};

static void build_tables(const struct command *command, struct getopt_tables *tables)
{
	char *shorts = tables->shorts;
	size_t n = 0;

	*shorts++ = '+'; /* stop at the first operand */
	*shorts++ = ':'; /* tell a missing argument from an unknown option */
	for (const struct option_spec *spec = command->options; spec->name && n < OPTIONS_MAX; spec++) {
		tables->longs[n++] = (struct option){ .name = spec->name, .val = spec->letter,
						      .has_arg = spec->argument ? required_argument : no_argument };
		if (spec->letter < OPTION_LONG) {
			*shorts++ = (char)spec->letter;
			if (spec->argument)
				*shorts++ = ':';
		}
	}
	tables->longs[n++] = (struct option){ .name = "help", .val = 'h' };
	tables->longs[n] = (struct option){ 0 };
	*shorts++ = 'h';
	*shorts = '\0';
}

static void print_option(const char *name, int letter, const char *argument, const char *help)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", letter < OPTION_LONG ? '-' : ' ',
		 letter < OPTION_LONG ? letter : ' ', letter < OPTION_LONG ? "," : " ", name, argument ? " " : "",
		 argument ? argument : "");
	printf("  %-30s %s\n", left, help);
}

static void print_help(const struct command *command)
{
	printf("Usage: numaperf %s %s\n\n%s\n\n", command->verb, command->synopsis, command->summary);
	for (const struct option_spec *spec = command->options; spec->name; spec++)
		if (spec->help)
			print_option(spec->name, spec->letter, spec->argument, spec->help);
	print_option("help", 'h', NULL, "print this and exit");
	if (command->notes)
		printf("\n%s\n", command->notes);
}

static int unknown_long(const struct command *command, const char *word)
{
	const char *names[OPTIONS_MAX + 2] = { NULL };
	const char *near;
	size_t n = 0;

	for (const struct option_spec *spec = command->options; spec->name && n < OPTIONS_MAX; spec++)
		names[n++] = spec->name;
	names[n] = "help";
	near = nearest_word(word + strlen("--"), names);
	if (near)
		return usage_error("unknown option %s; did you mean --%s?", word, near);
	return usage_error("unknown or ambiguous option %s", word);
}

/*
 * getopt leaves in optopt: 0 for an unknown long option, an unknown letter, or the letter of a known one that takes no
 * argument but got one.
 */
static int complain(const struct command *command, const char *word)
{
	if (!optopt)
		return unknown_long(command, word);
	for (const struct option_spec *spec = command->options; spec->name; spec++)
		if (spec->letter == optopt)
			return usage_error("option --%s takes no argument", spec->name);
	return optopt == 'h' ? usage_error("option --help takes no argument") :
			       usage_error("unknown option -%c", optopt);
}

int options_next(const struct command *command, int argc, char **argv)
{
	struct getopt_tables tables = { 0 };
	int letter;

	build_tables(command, &tables);
	opterr = 0;
	letter = getopt_long(argc, argv, tables.shorts, tables.longs, NULL);
	switch (letter) {
	case -1:
		return OPTIONS_END;
	case 'h':
		print_help(command);
		return OPTIONS_HELP;
	case ':':
		usage_error("option %s needs an argument", argv[optind - 1]);
		return OPTIONS_BAD;
	case '?':
		complain(command, argv[optind - 1]);
		return OPTIONS_BAD;
	default:
		return letter;
	}
}

int options_status(int end)
{
	return end == OPTIONS_BAD ? STATUS_USAGE : finish_output(STATUS_OK);
}

int parse_unsigned(const char *text, unsigned *out)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9') /* strtoul takes signs and blanks */
		return -1;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end || errno || value > UINT_MAX)
		return -1;
	*out = (unsigned)value;
	return 0;
}

int parse_pid(const char *text, pid_t *out)
{
	unsigned value;

	if (parse_unsigned(text, &value) < 0 || value < 1 || value > INT_MAX)
		return -1;
	*out = (pid_t)value;
	return 0;
}

int parse_seconds(const char *text, double *out)
{
	double value;
	char *end;

	errno = 0;
	value = strtod(text, &end);
	if (end == text || *end || errno || !isfinite(value) || value <= 0)
		return -1;
	*out = value;
	return 0;
}

/* Levenshtein distance, one row at a time; words longer than the row are as far apart as can be. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n + 1 > sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t replace = diagonal + (a[i] != b[j]);
			size_t step = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

			diagonal = row[j + 1];
			row[j + 1] = replace < step ? replace : step;
		}
	}
	return row[n];
}

const char *nearest_word(const char *text, const char *const *candidates)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	for (; *candidates; candidates++) {
		size_t d = distance(text, *candidates);

		if (d < best_distance) {
			best_distance = d;
			best = *candidates;
		}
	}
	/* at most two typing errors, and never most of the word */
	return best_distance <= 2 && best_distance * 2 <= strlen(text) ? best : NULL;
}
