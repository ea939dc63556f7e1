/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numaperf demo: what this product does, shown on this machine, in this boot. Every claim that is printed has been
 * checked; the exit status says whether all of them held.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <numaperf/capabilities.h>
#include <numaperf/error.h>

#include "demo.h"
#include "json.h"
#include "message.h"
#include "options.h"
#include "sets.h"
#include "topo.h"
#include "verb.h"

enum { OPTION_SWAP = OPTION_LONG, OPTION_NO_REDIS, OPTION_JSON };

static const struct option_spec options[] = {
	{ "swap", OPTION_SWAP, NULL, "exchange the two nodes: the second works" },
	{ "no-redis", OPTION_NO_REDIS, NULL, "leave out the act with Redis" },
	{ "json", OPTION_JSON, NULL, "print the claims as one JSON object on stdout, the show on stderr" },
	{ 0 },
};

static const struct command command = {
	.verb = "demo",
	.synopsis = "[--swap] [--no-redis] [--json]",
	.summary = "Shows on this machine what numaperf does: topology, measured locality, strict placement, Redis.\n"
		   "Checks every claim it prints and fails if one doesn't hold. Needs root, the kernel module, and\n"
		   "two nodes with CPUs and memory.",
	.options = options,
	.notes = "Strict placement is tried against taskset (util-linux), migratepages (numactl) and two cpuset\n"
		 "cgroups that are removed again; the last act needs redis-server, redis-benchmark and numactl.",
};

/* The first two nodes with CPUs and memory that this process may use. Returns how many there are, up to 2. */
static size_t choose_nodes(const struct numaperf_topology *topology, int two[2])
{
	size_t count = 0;

	NUMAPERF_FOREACH_NODE(node, topology) {
		struct numaperf_node_memory memory = { 0 };

		if (count < 2 && numaperf_node_kind(node) == NUMAPERF_NODE_NORMAL &&
		    numaperf_node_memory(node, &memory) == 0 && memory.allowed &&
		    !numaperf_cpuset_is_empty(numaperf_node_cpus(node, NUMAPERF_CPU_ALLOWED)))
			two[count++] = numaperf_node_id(node);
	}
	return count;
}

/* Which sources can count here. One that can't is no obstacle: its ratios will be UNKNOWN, and claims on them fail. */
static int look_at_module(struct demo *demo)
{
	NUMAPERF_AUTO(capabilities) struct numaperf_capabilities *capabilities = NULL;
	const char *why;

	if (numaperf_capabilities_detect(&capabilities) < 0)
		return fail_last_error();
	if (!numaperf_capabilities_get(capabilities, NUMAPERF_GUARANTEE_MODULE, &why, NULL))
		return fail("%s", why);
	demo->usable[NUMAPERF_REPORT_HINT] =
		numaperf_capabilities_get(capabilities, NUMAPERF_GUARANTEE_HINT_FAULTS, NULL, NULL);
	demo->usable[NUMAPERF_REPORT_FAULT] =
		numaperf_capabilities_get(capabilities, NUMAPERF_GUARANTEE_FAULT_SAMPLES, NULL, NULL);
	return STATUS_OK;
}

static int prepare(struct demo *demo, bool swap)
{
	int two[2], status;

	if (geteuid() != 0)
		return fail("this needs root: it pushes another process about, as an administrator could");
	if (numaperf_topology_discover(NULL, &demo->topology) < 0)
		return fail_last_error();
	if (choose_nodes(demo->topology, two) < 2)
		return fail("this needs two nodes with CPUs and memory; 'numaperf topo' shows what is here");
	demo->near = two[swap];
	demo->far = two[!swap];
	status = look_at_module(demo);
	if (status != STATUS_OK)
		return status;
	if (demo_janitor_start(demo) < 0)
		return fail("a process can't be started: %s", strerror(errno));
	return STATUS_OK;
}

static void claim_set(struct demo *demo, const char *what, const char *file, char *list)
{
	char line[4096];

	demo_claim(demo, demo_read_line(file, line, sizeof(line)) && strcmp(line, list) == 0,
		   "%s: %s; %s says the same", what, list, file);
	free(list);
}

void demo_show_topology(struct demo *demo)
{
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;

	demo_heading(demo, "topology", "1. Topology, as libnumaperf discovers it");
	topo_print(demo->topology, demo->out);
	if (numaperf_nodeset_new(&nodes) < 0) {
		demo_claim_failed(demo, "nodes");
		return;
	}
	NUMAPERF_FOREACH_NODE(node, demo->topology)
		numaperf_nodeset_add(nodes, (unsigned)numaperf_node_id(node));
	claim_set(demo, "nodes", "/sys/devices/system/node/online", nodeset_text(nodes));
	claim_set(demo, "CPUs", "/sys/devices/system/cpu/online",
		  cpuset_text(numaperf_topology_cpus(demo->topology, NUMAPERF_CPU_ONLINE)));
}

static void play(struct demo *demo, bool redis)
{
	struct utsname kernel;

	uname(&kernel);
	demo_say(demo, "numaperf %s on Linux %s: node %d works, node %d is the far one", numaperf_version(),
		 kernel.release, demo->near, demo->far);
	demo_show_topology(demo);
	demo_show_locality(demo);
	demo_show_hard(demo);
	if (redis)
		demo_show_redis(demo);
}

static void print_verdict(struct demo *demo, double seconds)
{
	size_t failures = demo_failures(demo);

	fprintf(demo->out, "\n%zu claims, %zu failed, in %.0f seconds\n", demo->nr_claims, failures, seconds);
	for (size_t i = 0; i < demo->nr_claims; i++)
		if (!demo->claims[i].holds)
			fprintf(demo->out, "[FAILED] %s: %s\n", demo->claims[i].act, demo->claims[i].text);
	fflush(demo->out);
}

static void print_json(const struct demo *demo, double seconds)
{
	struct json json;

	json_start(&json, stdout);
	json_object(&json, NULL);
	json_bool(&json, "all_hold", demo_failures(demo) == 0);
	json_real(&json, "seconds", seconds);
	json_number(&json, "near_node", demo->near);
	json_number(&json, "far_node", demo->far);
	json_array(&json, "claims");
	for (size_t i = 0; i < demo->nr_claims; i++) {
		json_object(&json, NULL);
		json_string(&json, "act", demo->claims[i].act);
		json_string(&json, "text", demo->claims[i].text);
		json_bool(&json, "holds", demo->claims[i].holds);
		json_end(&json);
	}
	json_end(&json);
	json_end(&json);
}

static int show(struct demo *demo, bool swap, bool redis, bool json)
{
	double start = demo_clock(), seconds;
	int status = prepare(demo, swap);

	if (status == STATUS_OK) {
		play(demo, redis);
		demo_heading(demo, "end", "End");
		demo_claim(demo, demo_janitor_finish(demo), "processes, cgroups and files of the demo are removed");
		seconds = demo_clock() - start;
		print_verdict(demo, seconds);
		if (json)
			print_json(demo, seconds);
		status = finish_output(demo_failures(demo) ? STATUS_FAILED : STATUS_OK);
	}
	for (size_t i = 0; i < demo->nr_claims; i++)
		free(demo->claims[i].text);
	free(demo->claims);
	numaperf_topology_unref(demo->topology);
	return status;
}

int verb_demo(int argc, char **argv)
{
	bool swap = false, redis = true, json = false;
	int letter;

	while ((letter = options_next(&command, argc, argv)) >= 0) {
		if (letter == OPTION_SWAP)
			swap = true;
		else if (letter == OPTION_NO_REDIS)
			redis = false;
		else if (letter == OPTION_JSON)
			json = true;
	}
	if (letter != OPTIONS_END)
		return options_status(letter);
	if (argv[optind])
		return usage_error("unexpected operand '%s'", argv[optind]);
	return show(&(struct demo){ .out = json ? stderr : stdout }, swap, redis, json);
}
