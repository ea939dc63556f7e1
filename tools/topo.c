/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numaperf topo: nodes, distances and advice, of this machine or of a tree that was taken from another.
 */
#include <getopt.h>
#include <stdlib.h>

#include <numaperf/set.h>
#include <numaperf/topology.h>

#include "json.h"
#include "message.h"
#include "options.h"
#include "sets.h"
#include "table.h"
#include "topo.h"
#include "verb.h"

enum { OPTION_JSON = OPTION_LONG, OPTION_FSROOT };

static const struct option_spec options[] = {
	{ "json", OPTION_JSON, NULL, "print one JSON object" },
	{ "fsroot", OPTION_FSROOT, "DIR", "read DIR/sys and DIR/proc instead of this machine's" },
	{ 0 },
};

static const struct command command = {
	.verb = "topo",
	.synopsis = "[--json] [--fsroot DIR]",
	.summary = "Shows the nodes of this machine: their CPUs, memory, packages and distances, and what looks\n"
		   "wrong about them.",
	.options = options,
	.notes = "ALLOWED are the CPUs that are online and that cpuset and affinity leave to this process;\n"
		 "MEMORY in parentheses is memory that the cpuset forbids. Without --fsroot, the environment's\n"
		 "NUMAPERF_FSROOT is used, if set.",
};

static const struct table_column node_columns[] = {
	{ NULL, "NODE", TABLE_NUMBER },    { NULL, "KIND", TABLE_TEXT },
	{ NULL, "CPUS", TABLE_TEXT },      { NULL, "ALLOWED", TABLE_TEXT },
	{ NULL, "MEMORY", TABLE_NUMBER },  { NULL, "FREE", TABLE_NUMBER },
	{ NULL, "PACKAGE", TABLE_NUMBER }, { 0 },
};

static struct numaperf_node_memory memory_of(const struct numaperf_node *node)
{
	struct numaperf_node_memory memory = { 0 };

	(void)numaperf_node_memory(node, &memory); /* fails only for a NULL node */
	return memory;
}

static void cell_cpus(struct table *table, const struct numaperf_node *node, enum numaperf_cpu_state which)
{
	const struct numaperf_cpuset *cpus = numaperf_node_cpus(node, which);
	char *text = cpuset_text(cpus);

	if (numaperf_cpuset_is_empty(cpus))
		table_empty(table);
	else
		table_text(table, "%s", text);
	free(text);
}

static void node_row(struct table *table, const struct numaperf_node *node)
{
	struct numaperf_node_memory memory = memory_of(node);
	char total[32], available[32];

	format_bytes(memory.total, total, sizeof(total));
	format_bytes(memory.free, available, sizeof(available));
	table_row(table);
	table_number(table, numaperf_node_id(node));
	table_text(table, "%s", numaperf_node_kind_to_string(numaperf_node_kind(node)));
	cell_cpus(table, node, NUMAPERF_CPU_ONLINE);
	cell_cpus(table, node, NUMAPERF_CPU_ALLOWED);
	table_text(table, memory.allowed || !memory.total ? "%s" : "(%s)", total);
	table_text(table, "%s", available);
	if (numaperf_node_package(node) < 0)
		table_empty(table);
	else
		table_number(table, numaperf_node_package(node));
}

static void print_nodes(const struct numaperf_topology *topology, FILE *file)
{
	struct table *table = table_new(node_columns);

	NUMAPERF_FOREACH_NODE(node, topology)
		node_row(table, node);
	table_print(table, file);
	table_free(table);
}

/* Columns are the nodes, so they are described at run time. */
static void print_distances(const struct numaperf_topology *topology, FILE *file)
{
	size_t count = numaperf_topology_node_count(topology), n = 0;
	struct table_column *columns = calloc(count + 2, sizeof(*columns));
	char(*titles)[16] = calloc(count, sizeof(*titles));
	struct table *table;

	if (!columns || !titles)
		exit(fail("out of memory"));
	columns[0] = (struct table_column){ NULL, "DISTANCE", TABLE_NUMBER };
	NUMAPERF_FOREACH_NODE(node, topology) {
		snprintf(titles[n], sizeof(*titles), "%d", numaperf_node_id(node));
		columns[n + 1] = (struct table_column){ NULL, titles[n], TABLE_NUMBER };
		n++;
	}
	table = table_new(columns);
	NUMAPERF_FOREACH_NODE(from, topology) {
		table_row(table);
		table_number(table, numaperf_node_id(from));
		NUMAPERF_FOREACH_NODE(to, topology) {
			int distance =
				numaperf_topology_distance(topology, numaperf_node_id(from), numaperf_node_id(to));

			if (distance < 0)
				table_empty(table);
			else
				table_number(table, distance);
		}
	}
	table_print(table, file);
	table_free(table);
	free(titles);
	free(columns);
}

static void print_advice(const struct numaperf_topology *topology, FILE *file)
{
	const char *advice;

	for (size_t i = 0; (advice = numaperf_topology_advice(topology, i)); i++)
		fprintf(file, "%s* %s\n", i ? "" : "\n", advice);
}

void topo_print(const struct numaperf_topology *topology, FILE *file)
{
	print_nodes(topology, file);
	fputc('\n', file);
	print_distances(topology, file);
	print_advice(topology, file);
}

static void json_cpus(struct json *json, const char *key, const struct numaperf_cpuset *cpus)
{
	char *text = cpuset_text(cpus);

	json_string(json, key, text);
	free(text);
}

static void json_node(struct json *json, const struct numaperf_topology *topology, const struct numaperf_node *node)
{
	struct numaperf_node_memory memory = memory_of(node);

	json_object(json, NULL);
	json_number(json, "id", numaperf_node_id(node));
	json_string(json, "kind", numaperf_node_kind_to_string(numaperf_node_kind(node)));
	json_cpus(json, "cpus", numaperf_node_cpus(node, NUMAPERF_CPU_ONLINE));
	json_cpus(json, "cpus_allowed", numaperf_node_cpus(node, NUMAPERF_CPU_ALLOWED));
	json_unsigned(json, "memory_bytes", memory.total);
	json_unsigned(json, "free_bytes", memory.free);
	json_bool(json, "memory_allowed", memory.allowed);
	if (numaperf_node_package(node) < 0)
		json_null(json, "package");
	else
		json_number(json, "package", numaperf_node_package(node));
	json_object(json, "distances");
	NUMAPERF_FOREACH_NODE(to, topology) {
		int distance = numaperf_topology_distance(topology, numaperf_node_id(node), numaperf_node_id(to));
		char id[16];

		snprintf(id, sizeof(id), "%d", numaperf_node_id(to));
		if (distance >= 0)
			json_number(json, id, distance);
	}
	json_end(json);
	json_end(json);
}

static void print_json(const struct numaperf_topology *topology)
{
	struct json json;
	const char *advice;

	json_start(&json, stdout);
	json_object(&json, NULL);
	json_array(&json, "nodes");
	NUMAPERF_FOREACH_NODE(node, topology)
		json_node(&json, topology, node);
	json_end(&json);
	json_unsigned(&json, "packages", numaperf_topology_package_count(topology));
	json_cpus(&json, "cpus_online", numaperf_topology_cpus(topology, NUMAPERF_CPU_ONLINE));
	json_cpus(&json, "cpus_allowed", numaperf_topology_cpus(topology, NUMAPERF_CPU_ALLOWED));
	json_bool(&json, "is_numa", numaperf_topology_is_numa(topology));
	json_array(&json, "advice");
	for (size_t i = 0; (advice = numaperf_topology_advice(topology, i)); i++)
		json_string(&json, NULL, advice);
	json_end(&json);
	json_end(&json);
}

int verb_topo(int argc, char **argv)
{
	struct numaperf_topology_options from = NUMAPERF_TOPOLOGY_OPTIONS_INIT;
	NUMAPERF_AUTO(topology) struct numaperf_topology *topology = NULL;
	bool json = false;
	int letter;

	while ((letter = options_next(&command, argc, argv)) >= 0) {
		if (letter == OPTION_JSON)
			json = true;
		else if (letter == OPTION_FSROOT)
			from.fsroot = optarg;
	}
	if (letter != OPTIONS_END)
		return options_status(letter);
	if (argv[optind])
		return usage_error("unexpected operand '%s'", argv[optind]);

	if (numaperf_topology_discover(&from, &topology) < 0)
		return fail_last_error();
	if (json)
		print_json(topology);
	else
		topo_print(topology, stdout);
	return finish_output(STATUS_OK);
}
