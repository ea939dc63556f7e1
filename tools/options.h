/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of a verb: one table yields getopt_long's tables and the text of --help.
 *
 *	static const struct option_spec options[] = {
 *		{ "pid", 'p', "PID", "count this process" },
 *		{ "json", OPTION_LONG, NULL, "print JSON" },	// no short form: OPTION_LONG, OPTION_LONG + 1, ...
 *		{ 0 },
 *	};
 *	static const struct command command = { "stat", "[OPTION]... -- COMMAND", "Measures ...", options };
 *
 *	int letter;
 *	while ((letter = options_next(&command, argc, argv)) >= 0)
 *		switch (letter) { case 'p': ... optarg ... }
 *	if (letter != OPTIONS_END)
 *		return options_status(letter);	// --help was printed, or a usage error
 *	argv += optind;
 *
 * Options end at the first operand, so that a command's own options are left alone. -h and --help come with every verb.
 */
#ifndef NUMAPERF_TOOLS_OPTIONS_H
#define NUMAPERF_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#define OPTION_LONG 256

struct option_spec {
	const char *name;
	int letter;           /* returned by options_next; below OPTION_LONG also the short form */
	const char *argument; /* how --help calls it; NULL: takes none */
	const char *help;     /* one line; NULL: accepted, not shown */
};

struct command {
	const char *verb;
	const char *synopsis;
	const char *summary;               /* a paragraph; lines are printed as they are */
	const struct option_spec *options; /* ends with name NULL */
	const char *notes;                 /* printed after the options; NULL: none */
};

enum {
	OPTIONS_END = -1,
	OPTIONS_HELP = -2,
	OPTIONS_BAD = -3,
};

/* The next option's letter with optarg set, or one of OPTIONS_*. */
int options_next(const struct command *command, int argc, char **argv);
/* The exit status for what ended the options. */
int options_status(int end);

/* Numbers of option arguments: 0, or -1 with *out untouched if text is not one from first to last character. */
int parse_pid(const char *text, pid_t *out);            /* 1 or more */
int parse_seconds(const char *text, double *out);       /* above 0, finite */
int parse_unsigned(const char *text, unsigned *out);

/* Of candidates (ends with NULL) the one that text is a plausible misspelling of, or NULL. */
const char *nearest_word(const char *text, const char *const *candidates);

#endif
