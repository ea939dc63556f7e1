/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of this process and of the host, and the lists of the host: live with the module, answers without it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <linux/mempolicy.h>
#include <linux/numaperf.h>
#include <numaperf.h>
#include <numaperf/host.h>

#include "child.h"
#include "harness.h"
#include "memory_nodes.h"

#define NOBODY 65534
#define PATIENCE_MS 60000

static void need_module(void)
{
	if (!has_module())
		skip_because("the module is not loaded");
	if (geteuid() != 0)
		skip_because("only root listens to the host");
}

/* ---------------------------------------------------------- making events */

/* By the ABI itself, as another program would: pages of their own session, each pinned by a lease. */
struct pages {
	int fd;
	size_t count;
	uint64_t ids[50];
};

/* On a node whose memory can be held: where else pages would land depends on the day. */
static void pin_pages(struct pages *pages, size_t count)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long nodes[16] = { 0 };

	pages->fd = open(NUMAPERF_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_true(first_memory_node >= 0 && first_memory_node < 64 * 16);
	nodes[first_memory_node / 64] = 1UL << first_memory_node % 64;
	assert_int_equal(syscall(SYS_mbind, memory, count * page, MPOL_BIND, nodes, 64 * 16 + 1, 0), 0);
	for (pages->count = 0; pages->count < count; pages->count++) {
		struct numaperf_ioc_range_pin pin = {
			.size = sizeof(pin),
			.addr = (uintptr_t)memory + pages->count * page,
			.length = page,
			.nodes = (uintptr_t)nodes,
			.nodes_bits = 64 * 16,
		};

		memory[pages->count * page] = 1;
		assert_int_equal(ioctl(pages->fd, NUMAPERF_IOC_RANGE_PIN, &pin), 0);
		pages->ids[pages->count] = pin.lease;
	}
}

static bool wait_readable(const struct numaperf_events *events)
{
	struct pollfd pollfd = { .fd = numaperf_events_fd(events), .events = POLLIN };

	return poll(&pollfd, 1, PATIENCE_MS) == 1;
}

/* The next event of this lease; false: none came. */
static bool event_of(struct numaperf_events *events, uint64_t id, struct numaperf_event *ret_event)
{
	while (wait_readable(events))
		if (numaperf_events_next(events, ret_event) == 1 && ret_event->id == id)
			return true;
	return false;
}

/* ------------------------------------------------------------ this process */

static void types_have_names(void **state)
{
	(void)state;
	assert_string_equal(numaperf_event_to_string(NUMAPERF_EVENT_OVERRUN), "overrun");
	assert_string_equal(numaperf_event_to_string(NUMAPERF_EVENT_LEASE_LOST), "lease-lost");
	assert_string_equal(numaperf_event_to_string(NUMAPERF_EVENT_LOCALITY_BACK), "locality-back");
	assert_string_equal(numaperf_event_to_string(1000), "unknown");
}

static void without_the_module_there_are_none(void **state)
{
	struct numaperf_events *events = NULL;

	(void)state;
	if (has_module())
		skip_because("the module is loaded");
	assert_int_equal(numaperf_events_open(&events), -ENODEV);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE);
	assert_null(events);
}

static void freeing_nothing_does_nothing(void **state)
{
	(void)state;
	numaperf_events_free(NULL);
	numaperf_host_leases_free(NULL);
	numaperf_host_targets_free(NULL);
}

static struct numaperf_pin *pin_hard(void)
{
	struct numaperf_pin_options options = NUMAPERF_PIN_OPTIONS_INIT;
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = NULL;
	struct numaperf_pin *pin = NULL;
	cpu_set_t mask;

	options.mode = NUMAPERF_MODE_HARD;
	assert_int_equal(sched_getaffinity(0, sizeof(mask), &mask), 0);
	assert_int_equal(numaperf_cpuset_from_cpu_set(&mask, sizeof(mask), &cpus), 0);
	assert_int_equal(numaperf_pin_cpus(cpus, &options, &pin), 0);
	return pin;
}

/* This process's only lease. */
static uint64_t own_lease(void)
{
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;
	const struct numaperf_lease_entry *entry;

	assert_int_equal(numaperf_lease_list_new(&list), 0);
	for (size_t i = 0; (entry = numaperf_lease_list_get(list, i)); i++)
		if (entry->pid == getpid())
			return entry->id;
	return 0;
}

static void a_revoked_pin_is_told(void **state)
{
	NUMAPERF_AUTO(events) struct numaperf_events *events = NULL;
	NUMAPERF_AUTO(pin) struct numaperf_pin *pin = NULL;
	struct numaperf_event event = { .id = 1 };
	uint64_t id;

	(void)state;
	need_module();
	assert_int_equal(numaperf_events_open(&events), 0);
	pin = pin_hard();
	id = own_lease();
	assert_int_equal(numaperf_events_next(events, &event), 0);
	assert_int_equal(event.id, 1);
	assert_int_equal(numaperf_lease_revoke(id), 0);
	assert_true(event_of(events, id, &event));
	assert_int_equal(event.type, NUMAPERF_EVENT_LEASE_ENDED);
	assert_int_equal(event.reason, NUMAPERF_REASON_REVOKED);
	assert_int_equal(event.pid, getpid());
	assert_int_equal(event.tid, gettid());
	assert_int_equal(event.missed, 0);
	assert_int_equal(event.uid, (uid_t)-1);
	assert_int_equal(numaperf_events_next(events, &event), 0);
}

static void use_in_child(void *arg)
{
	struct numaperf_events *events = arg;
	struct numaperf_event event;

	child_check(numaperf_events_fd(events) == -ESTALE);
	child_check(numaperf_events_next(events, &event) == -ESTALE);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_STALE);
	numaperf_events_free(events);
}

static void a_forked_child_cannot_use_them(void **state)
{
	NUMAPERF_AUTO(events) struct numaperf_events *events = NULL;
	NUMAPERF_AUTO(events) struct numaperf_events *host = NULL;

	(void)state;
	need_module();
	assert_int_equal(numaperf_events_open(&events), 0);
	run_child(use_in_child, events);
	assert_int_equal(numaperf_host_events_open(&host), 0);
	run_child(use_in_child, host);
}

static void wait_for_word(int fd)
{
	char word;

	if (read(fd, &word, 1) < 0)
		_exit(1);
	_exit(0);
}

static void the_exit_of_a_measured_process_is_told(void **state)
{
	struct numaperf_collector_options options = NUMAPERF_COLLECTOR_OPTIONS_INIT;
	NUMAPERF_AUTO(collector) struct numaperf_collector *collector = NULL;
	NUMAPERF_AUTO(events) struct numaperf_events *events = NULL;
	struct numaperf_event event;
	int word[2];

	(void)state;
	need_module();
	assert_int_equal(pipe(word), 0);
	options.pid = fork();
	assert_true(options.pid >= 0);
	if (options.pid == 0) {
		close(word[1]);
		wait_for_word(word[0]);
	}
	assert_int_equal(numaperf_collector_new(&options, &collector), 0);
	assert_int_equal(numaperf_collector_events_open(collector, &events), 0);
	assert_int_equal(numaperf_events_next(events, &event), 0);
	close(word[1]);
	assert_true(wait_readable(events));
	assert_int_equal(numaperf_events_next(events, &event), 1);
	assert_int_equal(event.type, NUMAPERF_EVENT_TARGET_EXITED);
	assert_int_equal(event.pid, options.pid);
	assert_int_equal(waitpid(options.pid, NULL, 0), options.pid);
	close(word[0]);
}

/* ---------------------------------------------------------------- the host */

static void without_the_module_the_host_is_unknown(void **state)
{
	struct numaperf_host_leases *leases = NULL;
	struct numaperf_host_targets *targets = NULL;
	struct numaperf_events *events = NULL;

	(void)state;
	if (has_module())
		skip_because("the module is loaded");
	assert_int_equal(numaperf_host_leases_new(&leases), -ENODEV);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_CAPABILITY_MISSING);
	assert_non_null(strstr(numaperf_last_error()->message, "modprobe"));
	assert_null(leases);
	assert_int_equal(numaperf_host_targets_new(&targets), -ENODEV);
	assert_null(targets);
	assert_int_equal(numaperf_host_events_open(&events), -ENODEV);
	assert_null(events);
}

static const struct numaperf_lease_entry *find_lease(const struct numaperf_host_leases *leases, uint64_t id)
{
	const struct numaperf_lease_entry *entry;

	for (size_t i = 0; (entry = numaperf_host_leases_get(leases, i)); i++)
		if (entry->id == id)
			return entry;
	return NULL;
}

static void a_lease_is_listed_as_by_the_device(void **state)
{
	NUMAPERF_AUTO(pin) struct numaperf_pin *pin = NULL;
	NUMAPERF_AUTO(host_leases) struct numaperf_host_leases *host = NULL;
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;
	const struct numaperf_lease_entry *a = NULL, *b;

	(void)state;
	need_module();
	pin = pin_hard();
	assert_int_equal(numaperf_lease_list_new(&list), 0);
	for (size_t i = 0; !a; i++) {
		a = numaperf_lease_list_get(list, i);
		assert_non_null(a);
		if (a->pid != getpid())
			a = NULL;
	}
	assert_int_equal(numaperf_host_leases_new(&host), 0);
	b = find_lease(host, a->id);
	assert_non_null(b);
	assert_int_equal(a->is_range, b->is_range);
	assert_int_equal(a->lost, b->lost);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->tid, b->tid);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->since_ns, b->since_ns);
	assert_int_equal(a->threads, b->threads);
	assert_string_equal(a->name, b->name);
	assert_null(b->nodes);
	assert_non_null(b->cpus);
	assert_true(numaperf_cpuset_equal(a->cpus, b->cpus));
}

static void leases_in_several_messages_are_all_listed(void **state)
{
	NUMAPERF_AUTO(host_leases) struct numaperf_host_leases *host = NULL;
	struct pages pages;

	(void)state;
	need_module();
	pin_pages(&pages, 50);
	assert_int_equal(numaperf_host_leases_new(&host), 0);
	for (size_t i = 0; i < pages.count; i++) {
		const struct numaperf_lease_entry *entry = find_lease(host, pages.ids[i]);

		assert_non_null(entry);
		assert_true(entry->is_range);
		assert_true(entry->addr > 0);
		assert_null(entry->cpus);
		assert_non_null(entry->nodes);
		assert_false(numaperf_nodeset_is_empty(entry->nodes));
	}
	for (size_t i = 1; numaperf_host_leases_get(host, i); i++)
		assert_true(numaperf_host_leases_get(host, i - 1)->id < numaperf_host_leases_get(host, i)->id);
	close(pages.fd);
}

/* NUMAPERF_IOC_TRACK by hand: -1: this source is not to be had. */
static int track_self(void)
{
	struct numaperf_ioc_track track = {
		.size = sizeof(track),
		.flags = NUMAPERF_TRACK_PROCESS,
		.sources = 1U << NUMAPERF_SOURCE_FAULT,
		.fault_period = 1,
	};
	int fd = open(NUMAPERF_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (ioctl(fd, NUMAPERF_IOC_TRACK, &track) == 0 && track.sources)
		return fd;
	close(fd);
	return -1;
}

static void touch_fresh(size_t count)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	madvise(memory, count * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i++)
		memory[i * page] = 1;
	munmap(memory, count * page);
}

static void a_measurement_is_listed_with_its_sums(void **state)
{
	NUMAPERF_AUTO(host_targets) struct numaperf_host_targets *targets = NULL;
	const struct numaperf_host_target *target, *mine = NULL;
	int fd;

	(void)state;
	need_module();
	fd = track_self();
	if (fd < 0)
		skip_because("source fault is not to be had");
	touch_fresh(300);
	assert_int_equal(numaperf_host_targets_new(&targets), 0);
	for (size_t i = 0; (target = numaperf_host_targets_get(targets, i)); i++)
		if (target->pid == getpid())
			mine = target;
	assert_non_null(mine);
	assert_int_equal(mine->uid, 0);
	assert_int_equal(mine->tid, 0);
	assert_int_equal(mine->flags, NUMAPERF_TRACK_PROCESS);
	assert_int_equal(mine->sources, 1U << NUMAPERF_SOURCE_FAULT);
	assert_int_equal(mine->threads, 1);
	assert_false(mine->sums[NUMAPERF_SOURCE_HINT].known);
	assert_true(mine->sums[NUMAPERF_SOURCE_FAULT].known);
	assert_true(mine->sums[NUMAPERF_SOURCE_FAULT].samples >= 200);
	assert_true(mine->sums[NUMAPERF_SOURCE_FAULT].pages >= mine->sums[NUMAPERF_SOURCE_FAULT].local_pages);
	close(fd);
}

static void look_as_nobody(void *id)
{
	NUMAPERF_AUTO(host_leases) struct numaperf_host_leases *host = NULL;
	struct numaperf_events *events = NULL;

	child_check(!setgid(NOBODY) && !setuid(NOBODY));
	child_check(numaperf_host_leases_new(&host) == 0);
	child_check(!find_lease(host, *(uint64_t *)id));
	child_check(numaperf_host_events_open(&events) == -EPERM);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_CAPABILITY_MISSING);
	child_check(!events);
}

static void nobody_sees_no_lease_of_root_and_no_events(void **state)
{
	NUMAPERF_AUTO(pin) struct numaperf_pin *pin = NULL;
	uint64_t id;

	(void)state;
	need_module();
	pin = pin_hard();
	id = own_lease();
	run_child(look_as_nobody, &id);
}

static void look_from_container(void *arg)
{
	NUMAPERF_AUTO(events) struct numaperf_events *own = NULL;
	struct numaperf_host_leases *host = NULL;

	(void)arg;
	child_check(!unshare(CLONE_NEWNET));
	child_check(numaperf_host_leases_new(&host) == -ENODEV);
	child_check(strstr(numaperf_last_error()->message, "namespace"));
	child_check(numaperf_events_open(&own) == 0);
}

static void another_network_namespace_has_its_own_events_only(void **state)
{
	(void)state;
	need_module();
	run_child(look_from_container, NULL);
}

static void events_of_the_host_come_in_order(void **state)
{
	NUMAPERF_AUTO(events) struct numaperf_events *events = NULL;
	struct numaperf_event event;
	struct pages pages;

	(void)state;
	need_module();
	pin_pages(&pages, 5);
	assert_int_equal(numaperf_host_events_open(&events), 0);
	assert_int_equal(numaperf_events_next(events, &event), 0);
	for (size_t i = 0; i < pages.count; i++)
		assert_int_equal(numaperf_lease_revoke(pages.ids[i]), 0);
	for (size_t i = 0; i < pages.count; i++) {
		assert_true(event_of(events, pages.ids[i], &event));
		assert_int_equal(event.type, NUMAPERF_EVENT_LEASE_ENDED);
		assert_int_equal(event.reason, NUMAPERF_REASON_REVOKED);
		assert_int_equal(event.uid, 0);
		assert_int_equal(event.pid, getpid());
		assert_int_equal(event.missed, 0);
	}
	close(pages.fd);
}

static void a_slow_listener_learns_how_many_it_missed(void **state)
{
	NUMAPERF_AUTO(events) struct numaperf_events *events = NULL;
	NUMAPERF_AUTO(events) struct numaperf_events *witness = NULL;
	struct numaperf_event event;
	struct pages pages;
	int least = 1;
	uint64_t seen = 0;

	(void)state;
	need_module();
	pin_pages(&pages, 40);
	assert_int_equal(numaperf_host_events_open(&events), 0);
	assert_int_equal(numaperf_host_events_open(&witness), 0);
	assert_int_equal(setsockopt(numaperf_events_fd(events), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	/* The first is read in time, so that the gap has a beginning. */
	assert_int_equal(numaperf_lease_revoke(pages.ids[0]), 0);
	assert_true(event_of(events, pages.ids[0], &event));
	for (size_t i = 1; i < pages.count - 1; i++)
		assert_int_equal(numaperf_lease_revoke(pages.ids[i]), 0);
	/* Not before all have been sent. */
	assert_true(event_of(witness, pages.ids[pages.count - 2], &event));
	do {
		assert_int_equal(numaperf_events_next(events, &event), 1);
		seen += event.type == NUMAPERF_EVENT_OVERRUN ? 0 : 1 + event.missed;
	} while (event.type != NUMAPERF_EVENT_OVERRUN);
	assert_true(seen < pages.count - 2);
	assert_int_equal(numaperf_lease_revoke(pages.ids[pages.count - 1]), 0);
	do {
		assert_true(wait_readable(events));
		assert_int_equal(numaperf_events_next(events, &event), 1);
		seen += 1 + event.missed;
	} while (event.id != pages.ids[pages.count - 1]);
	assert_true(event.missed > 0);
	assert_true(seen >= pages.count - 1);
	close(pages.fd);
}

static int setup(void **state)
{
	(void)state;
	return memory_nodes_find();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(freeing_nothing_does_nothing),
		cmocka_unit_test(without_the_module_there_are_none),
		cmocka_unit_test(without_the_module_the_host_is_unknown),
		cmocka_unit_test(a_revoked_pin_is_told),
		cmocka_unit_test(a_forked_child_cannot_use_them),
		cmocka_unit_test(the_exit_of_a_measured_process_is_told),
		cmocka_unit_test(a_lease_is_listed_as_by_the_device),
		cmocka_unit_test(leases_in_several_messages_are_all_listed),
		cmocka_unit_test(a_measurement_is_listed_with_its_sums),
		cmocka_unit_test(nobody_sees_no_lease_of_root_and_no_events),
		cmocka_unit_test(another_network_namespace_has_its_own_events_only),
		cmocka_unit_test(events_of_the_host_come_in_order),
		cmocka_unit_test(a_slow_listener_learns_how_many_it_missed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
