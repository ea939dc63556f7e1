/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numaperf: the command line. A table of verbs; each verb is a file of its own.
 */
#include <stdio.h>
#include <string.h>

#include <numaperf/error.h>

#include "message.h"
#include "options.h"
#include "verb.h"

static const struct verb verbs[] = {
	{ "topo", "show nodes, CPUs, memory and distances", verb_topo },
	{ "run", "run a command with its CPUs and memory placed", verb_run },
	{ "stat", "measure the locality of a command or a process", verb_stat },
	{ "leases", "list strict pins and revoke them", verb_leases },
	{ "demo", "show all of this on this machine, checked", verb_demo },
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int print_help(void)
{
	printf("Usage: numaperf VERB [OPTION]...\n\n"
	       "NUMA placement that is enforced and locality that is measured.\n\n");
	for (size_t i = 0; i < NR_VERBS; i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
	printf("\n  -h, --help     print this and exit\n"
	       "  -V, --version  print the version and exit\n\n"
	       "'numaperf VERB --help' tells about a verb.\n"
	       "Exit status: 0 success, 1 failure at run time, 2 wrong usage.\n");
	return finish_output(STATUS_OK);
}

static int unknown_verb(const char *name)
{
	const char *names[NR_VERBS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < NR_VERBS; i++)
		names[i] = verbs[i].name;
	near = nearest_word(name, names);
	if (near)
		return usage_error("unknown verb '%s'; did you mean '%s'?", name, near);
	return usage_error("unknown verb '%s'", name);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name)
		return usage_error("no verb given");
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
		return print_help();
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("numaperf %s\n", numaperf_version());
		return finish_output(STATUS_OK);
	}
	for (size_t i = 0; i < NR_VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0) {
			message_verb(name);
			return verbs[i].run(argc - 1, argv + 1);
		}
	return unknown_verb(name);
}
