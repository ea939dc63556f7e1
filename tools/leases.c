/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numaperf leases: who holds what strictly on this machine, and the administrator's way to end it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <time.h>

#include <numaperf/error.h>
#include <numaperf/leases.h>

#include "json.h"
#include "leases.h"
#include "message.h"
#include "options.h"
#include "sets.h"
#include "table.h"
#include "verb.h"

enum { OPTION_JSON = OPTION_LONG, OPTION_REVOKE };

static const struct option_spec options[] = {
	{ "revoke", OPTION_REVOKE, "ID", "end this lease (needs CAP_SYS_NICE in the initial user namespace)" },
	{ "json", OPTION_JSON, NULL, "print one JSON object" },
	{ 0 },
};

static const struct command command = {
	.verb = "leases",
	.synopsis = "[--json] | --revoke ID",
	.summary = "Lists the strict thread pins and memory pins that the kernel module holds: your own;\n"
		   "with CAP_SYS_NICE everyone's.",
	.options = options,
	.notes = "ON is the CPUs a thread is held to, or the nodes memory is held on. REASSERTED counts how often\n"
		 "the kernel rewrote the thread's mask by itself and the module put it back; LOSSES, how often\n"
		 "something had to be let go.",
};

/* One description for both outputs; what has no title is for programs, what has no key is its form for people. */
static const struct table_column columns[] = {
	{ "id", "ID", TABLE_NUMBER },
	{ "kind", "KIND", TABLE_TEXT },
	{ "state", "STATE", TABLE_TEXT },
	{ "reason", "REASON", TABLE_TEXT },
	{ "pid", "PID", TABLE_NUMBER },
	{ "tid", "TID", TABLE_NUMBER },
	{ "name", "NAME", TABLE_TEXT },
	{ "uid", NULL, TABLE_NUMBER },
	{ NULL, "USER", TABLE_TEXT },
	{ NULL, "ON", TABLE_TEXT },
	{ "cpus", NULL, TABLE_TEXT },
	{ "nodes", NULL, TABLE_TEXT },
	{ "threads", "THREADS", TABLE_NUMBER },
	{ NULL, "HELD", TABLE_NUMBER },
	{ NULL, "ASKED", TABLE_NUMBER },
	{ "held_bytes", NULL, TABLE_NUMBER },
	{ "asked_bytes", NULL, TABLE_NUMBER },
	{ NULL, "AGE", TABLE_NUMBER },
	{ "age_seconds", NULL, TABLE_NUMBER },
	{ "reasserted", "REASSERTED", TABLE_NUMBER },
	{ "losses", "LOSSES", TABLE_NUMBER },
	{ 0 },
};

static double age_seconds(const struct numaperf_lease_entry *lease)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)lease->since_ns / 1e9;
}

/* 0 stands for "not visible from here" or "none". */
static void cell_id(struct table *table, pid_t id)
{
	if (id)
		table_number(table, id);
	else
		table_empty(table);
}

static void cell_user(struct table *table, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		table_text(table, "%s", user->pw_name);
	else
		table_unsigned(table, uid);
}

static void cell_text(struct table *table, const char *text)
{
	if (text)
		table_text(table, "%s", text);
	else
		table_empty(table);
}

static void cell_size(struct table *table, const struct numaperf_lease_entry *lease, uint64_t bytes)
{
	char text[32];

	format_bytes(bytes, text, sizeof(text));
	cell_text(table, lease->is_range ? text : NULL);
}

static void cell_bytes(struct table *table, const struct numaperf_lease_entry *lease, uint64_t bytes)
{
	if (lease->is_range)
		table_unsigned(table, bytes);
	else
		table_empty(table);
}

static void cell_age(struct table *table, double seconds)
{
	if (seconds < 120)
		table_text(table, "%.1f s", seconds);
	else if (seconds < 2 * 3600)
		table_text(table, "%.0f min", seconds / 60);
	else
		table_text(table, "%.1f h", seconds / 3600);
}

static void lease_row(struct table *table, const struct numaperf_lease_entry *lease)
{
	char *cpus = lease->cpus ? cpuset_text(lease->cpus) : NULL;
	char *nodes = lease->nodes ? nodeset_text(lease->nodes) : NULL;

	table_row(table);
	table_unsigned(table, lease->id);
	table_text(table, lease->is_range ? "memory" : "thread");
	table_text(table, lease->lost ? "lost" : "held");
	cell_text(table, lease->lost ? numaperf_reason_to_string(lease->reason) : NULL);
	cell_id(table, lease->pid);
	cell_id(table, lease->tid);
	table_text(table, "%s", lease->name);
	table_unsigned(table, lease->uid);
	cell_user(table, lease->uid);
	if (lease->is_range)
		table_text(table, "node %s", nodes ? nodes : "?");
	else
		table_text(table, "CPU %s", cpus ? cpus : "?");
	cell_text(table, cpus);
	cell_text(table, nodes);
	if (lease->is_range)
		table_empty(table);
	else
		table_unsigned(table, lease->threads);
	cell_size(table, lease, lease->held);
	cell_size(table, lease, lease->length);
	cell_bytes(table, lease, lease->held);
	cell_bytes(table, lease, lease->length);
	cell_age(table, age_seconds(lease));
	table_real(table, age_seconds(lease), 3);
	table_unsigned(table, lease->reasserted);
	table_unsigned(table, lease->losses);
	free(nodes);
	free(cpus);
}

static struct table *table_of(const struct numaperf_lease_list *list)
{
	struct table *table = table_new(columns);
	const struct numaperf_lease_entry *lease;

	for (size_t i = 0; (lease = numaperf_lease_list_get(list, i)); i++)
		lease_row(table, lease);
	return table;
}

void leases_print(const struct numaperf_lease_list *list, FILE *file)
{
	struct table *table = table_of(list);

	table_print(table, file);
	table_free(table);
}

static void print_json(const struct numaperf_lease_list *list)
{
	struct table *table = table_of(list);
	struct json json;

	json_start(&json, stdout);
	json_object(&json, NULL);
	table_json(table, &json, "leases");
	json_end(&json);
	table_free(table);
}

static int list_leases(bool json)
{
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;

	if (numaperf_lease_list_new(&list) < 0)
		return fail_last_error();
	if (json)
		print_json(list);
	else if (numaperf_lease_list_get(list, 0))
		leases_print(list, stdout);
	else
		printf("no leases\n");
	return finish_output(STATUS_OK);
}

static int revoke(uint64_t id)
{
	if (numaperf_lease_revoke(id) < 0)
		return fail_last_error();
	printf("revoked lease %" PRIu64 "\n", id);
	return finish_output(STATUS_OK);
}

/* Lease ids are 64 bits wide and start from 1. */
static int parse_id(const char *text, uint64_t *ret_id)
{
	char *end;
	uintmax_t id;

	if (*text < '0' || *text > '9') /* strtoumax takes signs and blanks */
		return -1;
	errno = 0;
	id = strtoumax(text, &end, 10);
	if (*end || errno || id == 0 || id > UINT64_MAX)
		return -1;
	*ret_id = id;
	return 0;
}

int verb_leases(int argc, char **argv)
{
	uint64_t id = 0;
	bool json = false;
	int letter;

	while ((letter = options_next(&command, argc, argv)) >= 0) {
		if (letter == OPTION_JSON)
			json = true;
		else if (letter == OPTION_REVOKE && parse_id(optarg, &id) < 0)
			return usage_error("'%s' is not the id of a lease", optarg);
	}
	if (letter != OPTIONS_END)
		return options_status(letter);
	if (argv[optind])
		return usage_error("unexpected operand '%s'", argv[optind]);
	if (id && json)
		return usage_error("--revoke prints no JSON");
	return id ? revoke(id) : list_leases(json);
}
