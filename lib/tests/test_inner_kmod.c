/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module's client, as it is here: without the module every call has its answer; with it (in a guest) the same calls
 * are checked live, and the shared session and its fork rule.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <numaperf/error.h>

#include "core/kmod.h"
#include "core/set.h"

#include "child.h"
#include "harness.h"

#define NOBODY 65534

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Every node (or CPU) id that the module may know: for sets that exclude nothing. */
static uint64_t everything[NUMAPERF_SET_BITS_MAX / 64];

static int fill_everything(void **state)
{
	(void)state;
	memset(everything, 0xff, sizeof(everything));
	return 0;
}

static int open_module(void)
{
	int fd = -1;

	if (!has_module())
		skip_because("the module is not loaded");
	assert_int_equal(kmod_open("test", &fd), 0);
	return fd;
}

static uint32_t ids_to_bits(uint32_t ids)
{
	return (ids + 63) / 64 * 64;
}

/* All zero if it fails, which no test takes for an answer (it is also called in children, where none may assert). */
static struct numaperf_ioc_info info_of(int fd)
{
	struct numaperf_ioc_info info = { 0 };

	return kmod_info(fd, &info) == 0 ? info : (struct numaperf_ioc_info){ 0 };
}

/* Ids from 0 up to the module's limit, and none above. */
static struct numaperf_ioc_thread_pin pin_anywhere(int fd, unsigned flags)
{
	return (struct numaperf_ioc_thread_pin){ .flags = flags,
						 .cpus = (uintptr_t)everything,
						 .cpus_bits = ids_to_bits(info_of(fd).cpu_ids) };
}

static struct numaperf_ioc_range_pin pin_range(int fd, void *addr, size_t length, unsigned flags)
{
	return (struct numaperf_ioc_range_pin){
		.flags = flags,
		.addr = (uintptr_t)addr,
		.length = length,
		.nodes = (uintptr_t)everything,
		.nodes_bits = ids_to_bits(info_of(fd).node_ids),
	};
}

static char *map_pages(size_t count)
{
	char *pages = mmap(NULL, count * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	return pages;
}

/* ------------------------------------------------------------------ without the module */

static void expect_absence(int result, enum numaperf_error_kind kind)
{
	assert_int_equal(result, -ENODEV);
	assert_int_equal(numaperf_last_error()->errnum, ENODEV);
	assert_int_equal(numaperf_last_error()->kind, kind);
	assert_non_null(strstr(numaperf_last_error()->message, "modprobe numaperf"));
}

static void absence_is_an_answer_to_every_call(void **state)
{
	const enum numaperf_error_kind hard = NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE,
				       other = NUMAPERF_ERROR_CAPABILITY_MISSING;
	struct numaperf_ioc_track track = { 0 };

	(void)state;
	expect_absence(kmod_info(-1, &(struct numaperf_ioc_info){ 0 }), other);
	expect_absence(kmod_thread_pin(-1, &(struct numaperf_ioc_thread_pin){ 0 }), hard);
	expect_absence(kmod_range_pin(-1, &(struct numaperf_ioc_range_pin){ 0 }), hard);
	expect_absence(kmod_release(-1, 1), other);
	expect_absence(kmod_revoke(-1, 1), other);
	expect_absence(kmod_rearm(-1, 1, 0), other);
	expect_absence(kmod_leases(-1, &(struct numaperf_ioc_leases){ 0 }), other);
	expect_absence(kmod_placement(-1, &(struct numaperf_ioc_placement){ 0 }), other);
	expect_absence(kmod_track_failed(&track, kmod_track(-1, &track), "x"), other);
	expect_absence(kmod_read(-1, &(struct numaperf_ioc_read){ 0 }), other);
	kmod_close(-1);
}

static void without_the_module_nothing_opens(void **state)
{
	int fd = -7;

	(void)state;
	if (has_module())
		skip_because("the module is loaded");
	expect_absence(kmod_open("x", &fd), NUMAPERF_ERROR_CAPABILITY_MISSING);
	expect_absence(kmod_session_get("x", &fd), NUMAPERF_ERROR_HARD_MODE_UNAVAILABLE);
	assert_string_equal(numaperf_last_error()->operation, "x");
	assert_int_equal(fd, -7);
}

static void another_device_does_not_know_the_calls(void **state)
{
	int fd = open("/dev/null", O_RDWR);

	(void)state;
	assert_int_equal(kmod_info(fd, &(struct numaperf_ioc_info){ 0 }), -ENOTTY);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_NOT_SUPPORTED);
	close(fd);
}

/* ------------------------------------------------------------------ with it */

static void info_tells_this_machine(void **state)
{
	int fd = open_module();
	struct numaperf_ioc_info info = info_of(fd);

	(void)state;
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.page_size, page_size());
	assert_in_range(info.cpu_ids, sysconf(_SC_NPROCESSORS_ONLN), NUMAPERF_SET_BITS_MAX);
	assert_in_range(info.node_ids, 1, NUMAPERF_SET_BITS_MAX);
	assert_int_equal(info.features & ~info.known, 0);
	assert_true(info.sessions >= 1);
	for (unsigned i = 0; i < NUMAPERF_FEATURE_COUNT; i++)
		assert_true((info.features >> i & 1) == (info.reasons[i] == NUMAPERF_REASON_NONE));
	kmod_close(fd);
}

static void a_dry_run_takes_nothing(void **state)
{
	int fd = open_module();
	char *page = map_pages(1);
	struct numaperf_ioc_thread_pin thread = pin_anywhere(fd, NUMAPERF_DRY_RUN);
	struct numaperf_ioc_range_pin range = pin_range(fd, page, page_size(), NUMAPERF_DRY_RUN);

	(void)state;
	page[0] = 1;
	assert_int_equal(kmod_thread_pin(fd, &thread), 0);

	int r = kmod_range_pin(fd, &range);
	struct numaperf_ioc_info info = info_of(fd);

	assert_true(r == 0 || range.reason == NUMAPERF_REASON_MOVABLE_ONLY);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.leases, 0);
	assert_int_equal(info.locked_bytes, 0);
	munmap(page, page_size());
	kmod_close(fd);
}

static void bad_requests_are_told_apart(void **state)
{
	int fd = open_module();
	size_t page = page_size();
	char *pages = map_pages(3);
	struct numaperf_ioc_thread_pin thread = pin_anywhere(fd, 0);
	struct numaperf_ioc_range_pin range;

	(void)state;
	thread.cpus = (uintptr_t) & (uint64_t){ 0 };
	thread.cpus_bits = 64;
	assert_int_equal(kmod_thread_pin(fd, &thread), -EINVAL);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_ARGUMENT);

	range = pin_range(fd, pages, 0, 0);
	assert_int_equal(kmod_range_pin(fd, &range), -EINVAL);
	range = pin_range(fd, pages + 1, page, 0);
	assert_int_equal(kmod_range_pin(fd, &range), -EINVAL);

	/* Untouched pages only: a touched one may be in movable memory, which comes first. */
	range = pin_range(fd, pages, 2 * page, 0);
	assert_int_equal(kmod_range_pin(fd, &range), -ENODATA);
	assert_int_equal(numaperf_last_error()->reason, NUMAPERF_REASON_ABSENT);
	assert_int_equal(range.wrong_addr, (uintptr_t)pages);

	munmap(pages + page, page);
	range = pin_range(fd, pages + page, page, 0);
	assert_true(kmod_range_pin(fd, &range) < 0);
	assert_int_equal(numaperf_last_error()->reason, NUMAPERF_REASON_UNMAPPED);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_ARGUMENT);

	assert_int_equal(kmod_release(fd, UINT64_MAX), -ENOENT);
	assert_int_equal(kmod_revoke(fd, UINT64_MAX), -ENOENT);
	assert_int_equal(kmod_rearm(fd, UINT64_MAX, 0), -ENOENT);
	assert_int_equal(kmod_read(fd, &(struct numaperf_ioc_read){ .target = UINT32_MAX }), -ENOENT);
	assert_int_equal(info_of(fd).leases, 0);
	munmap(pages, page);
	munmap(pages + 2 * page, page);
	kmod_close(fd);
}

static void placement_counts_the_pages_of_a_range(void **state)
{
	int fd = open_module();
	size_t page = page_size(), touched = 3, absent = 2;
	char *pages = map_pages(touched + absent);
	struct numaperf_node_pages nodes[64];
	struct numaperf_ioc_placement placement = {
		.addr = (uintptr_t)pages, .length = (touched + absent) * page, .nodes = (uintptr_t)nodes, .count = 64
	};
	uint64_t resident = 0;

	(void)state;
	for (size_t i = 0; i < touched; i++)
		pages[i * page] = 1;
	assert_int_equal(kmod_placement(fd, &placement), 0);
	for (size_t i = 0; i < placement.count; i++)
		resident += nodes[i].pages;
	assert_int_equal(resident, touched);
	assert_int_equal(placement.absent, absent);
	assert_int_equal(placement.unmapped, 0);
	munmap(pages, (touched + absent) * page);
	kmod_close(fd);
}

/* As nobody: root's locked memory has no limit. */
static void exceed_memlock(void *pages)
{
	struct rlimit one_page = { page_size(), page_size() };
	int fd = -1;

	child_check(!setrlimit(RLIMIT_MEMLOCK, &one_page) && !setgid(NOBODY) && !setuid(NOBODY));
	if (kmod_open("test", &fd) < 0) { /* not everybody may open it: then there is no limit to meet */
		child_check(numaperf_last_error()->errnum == EACCES);
		return;
	}
	memset(pages, 1, 2 * page_size());

	struct numaperf_ioc_range_pin range = pin_range(fd, pages, 2 * page_size(), 0);
	int r = kmod_range_pin(fd, &range);

	if (range.reason == NUMAPERF_REASON_MOVABLE_ONLY)
		return;
	child_check(r == -EDQUOT);
	child_check(numaperf_last_error()->reason == NUMAPERF_REASON_LOCKED_MEMORY);
	child_check(numaperf_last_error()->kind == NUMAPERF_ERROR_BINDING);
	child_check(strstr(numaperf_last_error()->message, "ulimit -l"));
}

static void the_memlock_limit_is_told(void **state)
{
	char *pages = map_pages(2);

	(void)state;
	kmod_close(open_module());
	if (geteuid() != 0)
		skip_because("only root can become nobody");
	run_child(exceed_memlock, pages);
	munmap(pages, 2 * page_size());
}

/* ------------------------------------------------------------------ the shared session */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void the_session_is_shared_and_closed_by_its_last_holder(void **state)
{
	int first = -1, second = -1;

	(void)state;
	kmod_close(open_module());
	assert_int_equal(kmod_session_get("x", &first), 0);
	assert_int_equal(kmod_session_get("x", &second), 0);
	assert_int_equal(first, second);
	assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
	kmod_session_put();
	assert_true(is_open(first));
	kmod_session_put();
	assert_false(is_open(first));
	assert_int_equal(kmod_session_get("x", &first), 0);
	assert_true(is_open(first));
	kmod_session_put();
}

/* What a forked child does with its parent's session. */
static void use_session_in_child(void *parent_fd)
{
	int inherited = *(int *)parent_fd, fd = -1;

	kmod_session_put(); /* the parent's: not the child's to put */
	child_check(kmod_session_get("child", &fd) == 0);
	child_check(fd == inherited || !is_open(inherited)); /* its copy was given back */

	struct numaperf_ioc_thread_pin pin = pin_anywhere(fd, 0);

	child_check(kmod_thread_pin(fd, &pin) == 0);
	kmod_session_put();
	child_check(!is_open(fd));
}

static void a_child_has_a_session_of_its_own(void **state)
{
	int fd = -1;

	(void)state;
	kmod_close(open_module());
	assert_int_equal(kmod_session_get("parent", &fd), 0);

	struct numaperf_ioc_thread_pin pin = pin_anywhere(fd, 0);

	assert_int_equal(kmod_thread_pin(fd, &pin), 0);
	run_child(use_session_in_child, &fd);
	assert_int_equal(kmod_release(fd, pin.lease), 0); /* the parent's lease was not touched */
	kmod_session_put();
}

/* Many threads get and put at once: the descriptor is open whenever somebody holds it. */
static void *get_and_put(void *unused)
{
	(void)unused;
	for (int i = 0; i < 300; i++) {
		int fd = -1;

		if (kmod_session_get("thread", &fd) < 0)
			return numaperf_last_error()->errnum == ENODEV && !has_module() ? NULL : "no session";
		if (!is_open(fd))
			return "the session was closed while it was held";
		kmod_session_put();
	}
	return NULL;
}

static void threads_share_the_session(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_and_put, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		void *complaint = NULL;

		assert_int_equal(pthread_join(threads[i], &complaint), 0);
		if (complaint)
			fail_msg("%s", (const char *)complaint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absence_is_an_answer_to_every_call),
		cmocka_unit_test(without_the_module_nothing_opens),
		cmocka_unit_test(another_device_does_not_know_the_calls),
		cmocka_unit_test(info_tells_this_machine),
		cmocka_unit_test(a_dry_run_takes_nothing),
		cmocka_unit_test(bad_requests_are_told_apart),
		cmocka_unit_test(placement_counts_the_pages_of_a_range),
		cmocka_unit_test(the_memlock_limit_is_told),
		cmocka_unit_test(the_session_is_shared_and_closed_by_its_last_holder),
		cmocka_unit_test(a_child_has_a_session_of_its_own),
		cmocka_unit_test(threads_share_the_session),
	};

	return cmocka_run_group_tests(tests, fill_everything, NULL);
}
