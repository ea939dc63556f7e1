/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The leases of this machine, as the module lists them: first the records, then the set of each by its id. */
#include <errno.h>
#include <stdlib.h>

#include <numaperf/leases.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/set.h"

/* Room for leases that come between asking how many there are and asking for them. */
#define SLACK 16

struct lease {
	struct numaperf_lease_entry entry;
	struct numaperf_cpuset *cpus;
	struct numaperf_nodeset *nodes;
};

struct numaperf_lease_list {
	size_t count;
	struct lease leases[];
};

/* Asks for all records. *ret_records is the caller's to free, also if there are none. */
static int read_records(int fd, struct numaperf_lease_record **ret_records, size_t *ret_count)
{
	size_t room = SLACK;

	for (;;) {
		struct numaperf_lease_record *records = calloc(room, sizeof(*records));
		struct numaperf_ioc_leases leases = { .entries = (uintptr_t)records, .count = (uint32_t)room };

		if (!records)
			return np_fail_nomem("lease_list_new");

		int r = kmod_leases(fd, &leases);

		if (r == 0) {
			*ret_records = records;
			*ret_count = leases.count;
			return 0;
		}
		free(records);
		if (r != -EMSGSIZE)
			return r;
		room = leases.count + SLACK;
	}
}

static void fill_entry(struct numaperf_lease_entry *entry, const struct numaperf_lease_record *record)
{
	*entry = (struct numaperf_lease_entry){
		.id = record->id,
		.is_range = record->kind == NUMAPERF_LEASE_RANGE,
		.lost = record->state == NUMAPERF_LEASE_LOST,
		.reason = record->reason,
		.pid = record->pid,
		.tid = record->tid,
		.uid = record->uid,
		.since_ns = record->since_ns,
		.threads = record->threads,
		.addr = record->addr,
		.length = record->length,
		.held = record->held,
		.reasserted = record->reasserted,
		.losses = record->losses,
	};
	memcpy(entry->name, record->comm, sizeof(entry->name));
	entry->name[sizeof(entry->name) - 1] = '\0';
}

/* The set of one lease, and its record anew. -ENOENT: it has ended meanwhile. */
static int read_lease(int fd, uint64_t id, uint64_t *words, uint32_t bits, struct lease *lease)
{
	struct numaperf_lease_record record;
	struct numaperf_ioc_leases leases = {
		.lease = id,
		.entries = (uintptr_t)&record,
		.count = 1,
		.set = (uintptr_t)words,
		.set_bits = bits,
	};

	memset(words, 0, bits / 8);

	int r = kmod_leases(fd, &leases);

	if (r < 0)
		return r;
	if (leases.count == 0)
		return -ENOENT;
	fill_entry(&lease->entry, &record);
	if (lease->entry.is_range)
		r = np_nodeset_from_words(words, bits, &lease->nodes);
	else
		r = np_cpuset_from_words(words, bits, &lease->cpus);
	lease->entry.nodes = lease->nodes;
	lease->entry.cpus = lease->cpus;
	return r;
}

/* A bitmap that has room for every CPU and every node. */
static int new_words(int fd, uint64_t **ret_words, uint32_t *ret_bits)
{
	struct numaperf_ioc_info info = { 0 };
	int r = kmod_info(fd, &info);

	if (r < 0)
		return r;

	uint32_t ids = info.cpu_ids > info.node_ids ? info.cpu_ids : info.node_ids;
	uint32_t count = (ids + 63) / 64;
	uint64_t *words = calloc(count, sizeof(*words));

	if (!words)
		return np_fail_nomem("lease_list_new");
	*ret_words = words;
	*ret_bits = count * 64;
	return 0;
}

static int fill_list(int fd, const struct numaperf_lease_record *records, size_t count,
		     struct numaperf_lease_list *list)
{
	uint64_t *words = NULL;
	uint32_t bits = 0;
	int r = new_words(fd, &words, &bits);

	for (size_t i = 0; i < count && r == 0; i++) {
		r = read_lease(fd, records[i].id, words, bits, &list->leases[list->count]);
		if (r == 0)
			list->count++;
		else if (r == -ENOENT)
			r = 0;
	}
	free(words);
	return r;
}

int numaperf_lease_list_new(struct numaperf_lease_list **ret_list)
{
	struct numaperf_lease_record *records = NULL;
	struct numaperf_lease_list *list = NULL;
	size_t count = 0;
	int fd = -1, r = kmod_open("lease_list_new", &fd);

	if (r < 0)
		return r;
	r = read_records(fd, &records, &count);
	if (r < 0)
		goto out_close;

	list = calloc(1, sizeof(*list) + count * sizeof(list->leases[0]));
	r = list ? fill_list(fd, records, count, list) : np_fail_nomem("lease_list_new");
	if (r < 0)
		numaperf_lease_list_free(list);
	else
		*ret_list = list;
	free(records);
out_close:
	kmod_close(fd);
	return r < 0 ? np_fail_in(r, NUMAPERF_ERROR_NONE, "lease_list_new") : 0;
}

void numaperf_lease_list_free(struct numaperf_lease_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++) {
		numaperf_cpuset_free(list->leases[i].cpus);
		numaperf_nodeset_free(list->leases[i].nodes);
	}
	free(list);
}

const struct numaperf_lease_entry *numaperf_lease_list_get(const struct numaperf_lease_list *list, size_t i)
{
	return i < list->count ? &list->leases[i].entry : NULL;
}

int numaperf_lease_revoke(uint64_t id)
{
	int fd = -1, r = kmod_open("lease_revoke", &fd);

	if (r < 0)
		return r;
	r = kmod_revoke(fd, id);
	kmod_close(fd);
	return r < 0 ? np_fail_in(r, NUMAPERF_ERROR_NONE, "lease_revoke") : 0;
}
