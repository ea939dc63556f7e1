/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numaperf run: a command with its CPUs and its memory placed, by numactl's option names.
 */
#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"
#include "message.h"
#include "options.h"
#include "placing.h"
#include "signals.h"
#include "verb.h"

enum { OPTION_STRICT = OPTION_LONG };

static const struct option_spec options[] = {
	{ "cpunodebind", 'N', "NODES", "run on the CPUs of these nodes" },
	{ "physcpubind", 'C', "CPUS", "run on these CPUs" },
	{ "membind", 'm', "NODES", "memory only from these nodes" },
	{ "preferred", 'p', "NODE", "memory from this node, from others when it is full" },
	{ "interleave", 'i', "NODES", "memory in turn from these nodes" },
	{ "localalloc", 'l', NULL, "memory from the node of the CPU that touches it first" },
	{ "strict", OPTION_STRICT, NULL, "the kernel refuses to move the command to other CPUs" },
	{ "all", 'a', NULL, "accepted for numactl's sake; forbidden CPUs are never used" },
	{ "balancing", 'b', NULL, "accepted for numactl's sake; --membind always does it" },
	{ 0 },
};

static const struct command command = {
	.verb = "run",
	.synopsis = "[OPTION]... [--] COMMAND [ARGUMENT]...",
	.summary = "Runs a command on given CPUs and with its memory on given nodes.\n"
		   "NODES and CPUS are lists like 0,2-3, or all.",
	.options = options,
	.notes = "--membind keeps the memory visible to NUMA hint faults (MPOL_F_NUMA_BALANCING), so that\n"
		 "`numaperf stat` can measure it; they can't see memory placed by --preferred and --interleave.\n\n"
		 "--strict needs --cpunodebind or --physcpubind, and the kernel module. All threads, children\n"
		 "and what they execute are held on the CPUs for as long as numaperf, which stays as the parent,\n"
		 "runs. The memory of the command is bound by its policy, not pinned: an administrator can still\n"
		 "migrate it.\n\n"
		 "Exit status: that of the command, 128 + N if signal N killed it, 127 if there is no such\n"
		 "command, 126 if it can't be executed; 1 if it can't be placed as asked, 2 for wrong usage.",
};

static int set_policy(struct placing *placing, enum numaperf_task_policy policy, const char *nodes)
{
	if (placing->has_policy)
		return usage_error("only one of --membind, --preferred, --interleave and --localalloc can be given");
	placing->has_policy = true;
	placing->policy = policy;
	placing->memory_nodes = nodes;
	return STATUS_OK;
}

static int take_option(struct placing *placing, int letter)
{
	switch (letter) {
	case 'N':
		placing->cpu_nodes = optarg;
		break;
	case 'C':
		placing->cpus = optarg;
		break;
	case 'm':
		return set_policy(placing, NUMAPERF_TASK_POLICY_BIND, optarg);
	case 'p':
		return set_policy(placing, NUMAPERF_TASK_POLICY_PREFERRED, optarg);
	case 'i':
		return set_policy(placing, NUMAPERF_TASK_POLICY_INTERLEAVE, optarg);
	case 'l':
		return set_policy(placing, NUMAPERF_TASK_POLICY_LOCAL, NULL);
	case OPTION_STRICT:
		placing->strict = true;
		break;
	}
	return STATUS_OK;
}

static int check_usage(const struct placing *placing, bool has_command)
{
	if (!has_command)
		return usage_error("no command given");
	if (placing->cpu_nodes && placing->cpus)
		return usage_error("only one of --cpunodebind and --physcpubind can be given");
	if (placing->strict && !placing->cpu_nodes && !placing->cpus)
		return usage_error("--strict needs --cpunodebind or --physcpubind");
	return STATUS_OK;
}

static int run_soft(const struct placing *placing, char *const argv[])
{
	int unused, status = placing_apply(placing, &unused);

	return status ? status : launch_execute(argv);
}

static int prepare_strict(void *data, int *ret_session)
{
	return placing_apply(data, ret_session) == STATUS_OK ? 0 : -1;
}

/*
 * A lease ends with the last close of its session, and a command may close what it does not know: so this process keeps
 * it.
 */
static int run_strict(struct placing *placing, char *const argv[])
{
	int signals = signals_take(), status;
	struct launch launch;

	if (signals < 0)
		return fail("signals can't be received");
	status = launch_start(argv, prepare_strict, placing, &launch);
	if (status || launch.result < 0)
		return status ? status : STATUS_FAILED;
	for (;;) {
		struct pollfd polled[] = { { .fd = launch.pidfd, .events = POLLIN },
					   { .fd = signals, .events = POLLIN } };

		(void)poll(polled, 2, -1);
		launch_forward_signals(&launch, signals);
		if (polled[0].revents)
			return launch_wait(&launch);
	}
}

int verb_run(int argc, char **argv)
{
	struct placing placing = { 0 };
	int letter, status;

	while ((letter = options_next(&command, argc, argv)) >= 0) {
		status = take_option(&placing, letter);
		if (status)
			return status;
	}
	if (letter != OPTIONS_END)
		return options_status(letter);
	argv += optind;
	status = check_usage(&placing, argv[0] != NULL);
	if (status == STATUS_OK)
		status = placing_resolve(&placing);
	if (status == STATUS_OK)
		status = placing.strict ? run_strict(&placing, argv) : run_soft(&placing, argv);
	placing_free(&placing);
	return status;
}
