// SPDX-License-Identifier: GPL-2.0
/* Sets of ids, the nodes of this machine from sysfs, and affinities. Ids are sparse. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "np.h"

#define NODE_DIR "/sys/devices/system/node"

void np_set_add(struct np_set *set, int id)
{
	set->words[id / 64] |= 1ULL << (id % 64);
}

bool np_set_has(const struct np_set *set, int id)
{
	return id >= 0 && id < NP_SET_BITS && (set->words[id / 64] >> (id % 64) & 1);
}

int np_set_next(const struct np_set *set, int id)
{
	while (++id < NP_SET_BITS)
		if (np_set_has(set, id))
			return id;
	return -1;
}

int np_set_first(const struct np_set *set)
{
	return np_set_next(set, -1);
}

int np_set_count(const struct np_set *set)
{
	int count = 0;

	for (size_t i = 0; i < NP_SET_BITS / 64; i++)
		count += __builtin_popcountll(set->words[i]);
	return count;
}

bool np_set_equal(const struct np_set *a, const struct np_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

struct np_set np_set_of(int id)
{
	struct np_set set = { 0 };

	np_set_add(&set, id);
	return set;
}

int np_set_read(const char *path, struct np_set *set)
{
	char text[4096], *at = text;
	int length = np_read_file(path, text, sizeof(text));

	memset(set, 0, sizeof(*set));
	if (length < 0)
		return length;
	while (*at >= '0' && *at <= '9') {
		long first = strtol(at, &at, 10), last = first;

		if (*at == '-')
			last = strtol(at + 1, &at, 10);
		for (long id = first; id <= last && id < NP_SET_BITS; id++)
			np_set_add(set, id);
		at += *at == ',';
	}
	return 0;
}

int np_node_of_cpu(int cpu)
{
	struct np_set nodes, cpus;
	char path[128];

	np_set_read(NODE_DIR "/online", &nodes);
	for (int node = np_set_first(&nodes); node >= 0; node = np_set_next(&nodes, node)) {
		snprintf(path, sizeof(path), NODE_DIR "/node%d/cpulist", node);
		if (np_set_read(path, &cpus) == 0 && np_set_has(&cpus, cpu))
			return node;
	}
	return -1;
}

static int cpu_of_node(const struct np_set *allowed, int node)
{
	for (int cpu = np_set_first(allowed); cpu >= 0; cpu = np_set_next(allowed, cpu))
		if (np_node_of_cpu(cpu) == node)
			return cpu;
	return -1;
}

int np_topo_read(struct np_topo *topo)
{
	struct np_set memory;
	int err;

	memset(topo, 0, sizeof(*topo));
	err = np_affinity_get(0, &topo->cpus);
	if (!err)
		err = np_set_read(NODE_DIR "/has_memory", &memory);
	if (!err)
		err = np_set_read(NODE_DIR "/has_normal_memory", &topo->memory);
	if (err)
		return err;
	for (int node = np_set_first(&memory); node >= 0; node = np_set_next(&memory, node))
		if (!np_set_has(&topo->memory, node))
			np_set_add(&topo->movable, node);

	topo->near = topo->far = topo->near_cpu = topo->far_cpu = -1;
	for (int node = np_set_first(&topo->memory); node >= 0; node = np_set_next(&topo->memory, node)) {
		int cpu = cpu_of_node(&topo->cpus, node);

		if (topo->near < 0 && cpu >= 0) {
			topo->near = node;
			topo->near_cpu = cpu;
		} else if (topo->far < 0 || (topo->far_cpu < 0 && cpu >= 0)) {
			topo->far = node;
			topo->far_cpu = cpu;
		}
	}
	if (topo->far < 0 && np_set_first(&topo->movable) >= 0) {
		topo->far = np_set_first(&topo->movable);
		topo->far_cpu = cpu_of_node(&topo->cpus, topo->far);
	}
	return topo->near < 0 ? -ENODEV : 0;
}

int np_affinity_get(pid_t tid, struct np_set *cpus)
{
	memset(cpus, 0, sizeof(*cpus));
	return syscall(SYS_sched_getaffinity, tid, sizeof(*cpus), cpus) < 0 ? -errno : 0;
}

int np_affinity_set(pid_t tid, const struct np_set *cpus)
{
	return syscall(SYS_sched_setaffinity, tid, sizeof(*cpus), cpus) < 0 ? -errno : 0;
}

int np_affinity_set_cpu(pid_t tid, int cpu)
{
	struct np_set cpus = np_set_of(cpu);

	return np_affinity_set(tid, &cpus);
}

struct foreign {
	pid_t tid;
	const struct np_set *cpus;
};

static int set_foreign(struct np_child *me, void *arg)
{
	const struct foreign *foreign = arg;

	(void)me;
	return np_status(np_affinity_set(foreign->tid, foreign->cpus));
}

int np_affinity_set_foreign(pid_t tid, const struct np_set *cpus)
{
	struct foreign foreign = { .tid = tid ?: (pid_t)syscall(SYS_gettid), .cpus = cpus };

	return -np_run(0, set_foreign, &foreign);
}
