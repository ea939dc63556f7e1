/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of leases and their revocation, live: needs the module. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include <numaperf.h>

#include "core/kmod.h"
#include "core/set.h"

#include "child.h"
#include "harness.h"

#define NOBODY 65534

static const struct numaperf_lease_entry *find(const struct numaperf_lease_list *list, uint64_t id)
{
	const struct numaperf_lease_entry *entry;

	for (size_t i = 0; (entry = numaperf_lease_list_get(list, i)); i++)
		if (entry->id == id)
			return entry;
	return NULL;
}

static struct numaperf_cpuset *own_affinity(void)
{
	struct numaperf_cpuset *set = NULL;
	cpu_set_t mask;

	assert_int_equal(sched_getaffinity(0, sizeof(mask), &mask), 0);
	assert_int_equal(numaperf_cpuset_from_cpu_set(&mask, sizeof(mask), &set), 0);
	return set;
}

static uint64_t pin_self(int fd, const struct numaperf_cpuset *cpus)
{
	struct numaperf_ioc_thread_pin pin = { 0 };

	pin.cpus = (uintptr_t)np_cpuset_words(cpus, &pin.cpus_bits);
	assert_int_equal(kmod_thread_pin(fd, &pin), 0);
	return pin.lease;
}

static int open_module(void)
{
	int fd = -1;

	if (!has_module())
		skip_because("the module is not loaded");
	assert_int_equal(kmod_open("test", &fd), 0);
	return fd;
}

static void a_thread_pin_is_listed_until_it_is_revoked(void **state)
{
	int fd = open_module();
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = own_affinity();
	uint64_t id = pin_self(fd, cpus);
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *before = NULL;
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *after = NULL;

	(void)state;
	assert_int_equal(numaperf_lease_list_new(&before), 0);
	const struct numaperf_lease_entry *entry = find(before, id);

	assert_non_null(entry);
	assert_false(entry->is_range);
	assert_false(entry->lost);
	assert_int_equal(entry->pid, getpid());
	assert_int_equal(entry->tid, gettid());
	assert_int_equal(entry->uid, getuid());
	assert_int_equal(entry->threads, 1);
	assert_null(entry->nodes);
	assert_non_null(entry->cpus);
	assert_true(numaperf_cpuset_subset(entry->cpus, cpus));
	assert_false(numaperf_cpuset_is_empty(entry->cpus));

	assert_int_equal(numaperf_lease_revoke(id), 0);
	assert_int_equal(numaperf_lease_list_new(&after), 0);
	assert_null(find(after, id));
	assert_int_equal(numaperf_lease_revoke(id), -ENOENT);
	kmod_close(fd);
}

static void a_range_pin_is_listed_with_its_nodes(void **state)
{
	int fd = open_module();
	size_t length = 4 * (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct numaperf_ioc_info info = { 0 };
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	memset(pages, 1, length);
	assert_int_equal(kmod_info(fd, &info), 0);
	assert_int_equal(numaperf_nodeset_new(&nodes), 0);
	assert_int_equal(numaperf_nodeset_add_range(nodes, 0, info.node_ids - 1), 0);

	struct numaperf_ioc_range_pin pin = { .addr = (uintptr_t)pages, .length = length };

	pin.nodes = (uintptr_t)np_nodeset_words(nodes, &pin.nodes_bits);
	if (kmod_range_pin(fd, &pin) < 0) {
		assert_int_equal(pin.reason, NUMAPERF_REASON_MOVABLE_ONLY);
		skip_because("this process's memory is all movable");
	}
	assert_int_equal(numaperf_lease_list_new(&list), 0);
	const struct numaperf_lease_entry *entry = find(list, pin.lease);

	assert_non_null(entry);
	assert_true(entry->is_range);
	assert_int_equal(entry->addr, (uintptr_t)pages);
	assert_int_equal(entry->length, length);
	assert_int_equal(entry->held, length);
	assert_null(entry->cpus);
	assert_non_null(entry->nodes);
	assert_false(numaperf_nodeset_is_empty(entry->nodes));
	assert_int_equal(kmod_release(fd, pin.lease), 0);
	munmap(pages, length);
	kmod_close(fd);
}

static void look_as_nobody(void *id)
{
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;

	child_check(!setgid(NOBODY) && !setuid(NOBODY));
	if (numaperf_lease_list_new(&list) < 0) { /* not everybody may open the device */
		child_check(numaperf_last_error()->errnum == EACCES);
		return;
	}
	child_check(!find(list, *(uint64_t *)id));
	child_check(numaperf_lease_revoke(*(uint64_t *)id) == -EPERM);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_CAPABILITY_MISSING);
}

static void others_neither_see_nor_revoke_it(void **state)
{
	int fd = open_module();
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = own_affinity();

	(void)state;
	if (geteuid() != 0) {
		kmod_close(fd);
		skip_because("only root can become nobody");
	}
	uint64_t id = pin_self(fd, cpus);

	run_child(look_as_nobody, &id);
	assert_int_equal(kmod_release(fd, id), 0);
	kmod_close(fd);
}

/* More leases than the list asks for at first. */
static void many_leases_are_all_listed(void **state)
{
	int fd = open_module();
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 50, found = 0;
	char *pages = mmap(NULL, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct numaperf_ioc_info info = { 0 };
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;
	NUMAPERF_AUTO(lease_list) struct numaperf_lease_list *list = NULL;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	memset(pages, 1, count * page);
	assert_int_equal(kmod_info(fd, &info), 0);
	assert_int_equal(numaperf_nodeset_new(&nodes), 0);
	assert_int_equal(numaperf_nodeset_add_range(nodes, 0, info.node_ids - 1), 0);
	for (size_t i = 0; i < count; i++) {
		struct numaperf_ioc_range_pin pin = { .addr = (uintptr_t)(pages + i * page), .length = page };

		pin.nodes = (uintptr_t)np_nodeset_words(nodes, &pin.nodes_bits);
		if (kmod_range_pin(fd, &pin) < 0) {
			assert_int_equal(pin.reason, NUMAPERF_REASON_MOVABLE_ONLY);
			kmod_close(fd);
			skip_because("this process's memory is partly movable");
		}
	}
	assert_int_equal(numaperf_lease_list_new(&list), 0);
	for (size_t i = 0; numaperf_lease_list_get(list, i); i++)
		found += numaperf_lease_list_get(list, i)->pid == getpid();
	assert_int_equal(found, count);
	kmod_close(fd); /* ends them all */
	munmap(pages, count * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_pin_is_listed_until_it_is_revoked),
		cmocka_unit_test(a_range_pin_is_listed_with_its_nodes),
		cmocka_unit_test(others_neither_see_nor_revoke_it),
		cmocka_unit_test(many_leases_are_all_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
