/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The helper process of act 3: its thread is strictly pinned to a CPU and it has a strictly pinned region. It does
 * nothing but answer, whenever it is asked, how libnumaperf finds both at that moment. Beside it a bystander, whose
 * affinity was set in the ordinary way.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <numaperf/affinity.h>
#include <numaperf/error.h>
#include <numaperf/memory.h>
#include <numaperf/set.h>

#include "demo.h"

#define REGION_BYTES (16UL << 20)

struct question {
	enum { PIN, LOOK } what;
	unsigned cpu;
	int node;
};

struct held {
	struct numaperf_pin *pin;
	struct numaperf_region *region;
};

static int pin_thread(unsigned cpu, enum numaperf_mode mode, struct numaperf_pin **ret_pin)
{
	struct numaperf_pin_options options = NUMAPERF_PIN_OPTIONS_INIT;
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = NULL;
	int r = numaperf_cpuset_new(&cpus);

	if (r < 0)
		return r;
	r = numaperf_cpuset_add(cpus, cpu);
	if (r < 0)
		return r;
	options.mode = mode;
	return numaperf_pin_cpus(cpus, &options, ret_pin);
}

static int pin_memory(int node, struct numaperf_region **ret_region)
{
	struct numaperf_region_options options = NUMAPERF_REGION_OPTIONS_INIT;
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;
	int r = numaperf_nodeset_new(&nodes);

	if (r < 0)
		return r;
	r = numaperf_nodeset_add(nodes, (unsigned)node);
	if (r < 0)
		return r;
	options.mode = NUMAPERF_MODE_HARD;
	options.policy = NUMAPERF_POLICY_BIND;
	options.nodes = nodes;
	return numaperf_region_new(REGION_BYTES, &options, ret_region);
}

static int look(const struct held *held, int node, struct demo_holding *holding)
{
	NUMAPERF_AUTO(placement) struct numaperf_placement *placement = NULL;
	size_t first_wrong;
	int wrong, r;

	r = numaperf_pin_enforcement(held->pin, &holding->pin);
	if (r < 0)
		return r;
	/* Before enforcement, which tells of the last verification. */
	wrong = numaperf_region_verify(held->region, &first_wrong);
	if (wrong < 0)
		return wrong;
	r = numaperf_region_enforcement(held->region, &holding->region);
	if (r < 0)
		return r;
	r = numaperf_region_placement(held->region, &placement);
	if (r < 0)
		return r;
	NUMAPERF_FOREACH_NODE_ID(id, numaperf_placement_nodes(placement)) {
		uint64_t pages = numaperf_placement_pages(placement, id);

		*(id == node ? &holding->pages_near : &holding->pages_elsewhere) += pages;
	}
	holding->addr = (uint64_t)(uintptr_t)numaperf_region_data(held->region);
	holding->size = numaperf_region_size(held->region);
	holding->verified = wrong == 0 && holding->pages_near > 0;
	return 0;
}

static int answer(struct held *held, const struct question *question, struct demo_holding *holding)
{
	int r;

	if (question->what == PIN) {
		r = pin_thread(question->cpu, NUMAPERF_MODE_HARD, &held->pin);
		if (r < 0)
			return r;
		r = pin_memory(question->node, &held->region);
		if (r < 0)
			return r;
	}
	return look(held, question->node, holding);
}

static _Noreturn void hold(int socket)
{
	struct held held = { 0 };
	struct question question;

	while (recv(socket, &question, sizeof(question), 0) == sizeof(question)) {
		struct demo_holding holding = { 0 };

		if (answer(&held, &question, &holding) < 0) {
			const struct numaperf_error *error = numaperf_last_error();

			holding.failed = true;
			snprintf(holding.error, sizeof(holding.error), "%s: %s", error->operation, error->message);
		}
		if (send(socket, &holding, sizeof(holding), MSG_NOSIGNAL) != sizeof(holding))
			break;
	}
	_exit(0); /* the kernel ends the leases */
}

bool demo_holder_start(struct demo *demo, struct demo_holder *ret_holder)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return demo_claim(demo, false, "a helper process starts: %s", strerror(errno));
	pid = demo_fork(demo);
	if (pid == 0) {
		close(ends[0]);
		hold(ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return demo_claim(demo, false, "a helper process starts");
	}
	*ret_holder = (struct demo_holder){ .pid = pid, .socket = ends[0] };
	return true;
}

static bool ask(struct demo *demo, struct demo_holder *holder, const struct question *question,
		struct demo_holding *ret_holding)
{
	if (send(holder->socket, question, sizeof(*question), MSG_NOSIGNAL) != sizeof(*question) ||
	    recv(holder->socket, ret_holding, sizeof(*ret_holding), 0) != sizeof(*ret_holding))
		return demo_claim(demo, false, "the helper process answers");
	return !ret_holding->failed || demo_claim(demo, false, "the helper process: %s", ret_holding->error);
}

bool demo_holder_pin(struct demo *demo, struct demo_holder *holder, unsigned cpu, struct demo_holding *ret_holding)
{
	return ask(demo, holder, &(struct question){ .what = PIN, .cpu = cpu, .node = demo->near }, ret_holding);
}

bool demo_holder_look(struct demo *demo, struct demo_holder *holder, struct demo_holding *ret_holding)
{
	return ask(demo, holder, &(struct question){ .what = LOOK, .node = demo->near }, ret_holding);
}

void demo_holder_stop(struct demo_holder *holder)
{
	close(holder->socket);
	demo_stop(holder->pid);
}

pid_t demo_bystander_start(struct demo *demo, unsigned cpu)
{
	int ends[2];
	pid_t pid;
	char byte;

	if (pipe(ends) < 0)
		return -1;
	pid = demo_fork(demo);
	if (pid == 0) {
		struct numaperf_pin *pin;

		if (pin_thread(cpu, NUMAPERF_MODE_SOFT, &pin) < 0 || write(ends[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1) {
		demo_stop(pid);
		pid = -1;
	}
	close(ends[0]);
	return pid;
}
