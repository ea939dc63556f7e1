/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verbs of the command line: each is one function in one file, listed in numaperf.c.
 */
#ifndef NUMAPERF_TOOLS_VERB_H
#define NUMAPERF_TOOLS_VERB_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* at run time */
	STATUS_USAGE = 2,  /* the command line makes no sense */
};

struct verb {
	const char *name;
	const char *help; /* one line */
	int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
};

int verb_topo(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_stat(int argc, char **argv);
int verb_leases(int argc, char **argv);
int verb_demo(int argc, char **argv);

#endif
