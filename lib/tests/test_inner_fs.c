/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files under a root: whole, bounded, and told apart when they are not what they should be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/fs.h"

#include "harness.h"

static char root[] = "/tmp/numaperf-fs-XXXXXX";
static struct np_fs fs;

static void put(const char *name, const void *bytes, size_t size)
{
	int fd = openat(fs.dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) && np_fs_open(root, &fs) == 0 ? 0 : -1;
}

static int remove_root(void **state)
{
	(void)state;
	unlinkat(fs.dir, "file", 0);
	np_fs_close(&fs);
	return rmdir(root);
}

static void one_newline_is_removed(void **state)
{
	char buf[16];

	(void)state;
	put_text("file", "0-3\n");
	assert_int_equal(np_fs_read(&fs, "file", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "0-3");
	put_text("file", "");
	assert_int_equal(np_fs_read(&fs, "file", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

static void what_does_not_fit_is_refused(void **state)
{
	char buf[4];

	(void)state;
	put_text("file", "abc");
	assert_int_equal(np_fs_read(&fs, "file", buf, sizeof(buf)), 0);
	put_text("file", "abcd");
	assert_int_equal(np_fs_read(&fs, "file", buf, sizeof(buf)), -EFBIG);
}

static void long_files_are_read_whole(void **state)
{
	size_t size = 50000;
	char *text = malloc(size), *back = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	put("file", text, size);
	assert_int_equal(np_fs_read_text(&fs, "file", &back), 0);
	assert_int_equal(strlen(back), size);
	free(back);
	free(text);
}

static void endless_files_are_refused(void **state)
{
	struct np_fs live;
	char *text = NULL;

	(void)state;
	assert_int_equal(np_fs_open(NULL, &live), 0);
	assert_int_equal(np_fs_read_text(&live, "dev/zero", &text), -EFBIG);
	assert_null(text);
	np_fs_close(&live);
}

static void numbers_are_whole_files(void **state)
{
	static const struct {
		const char *text;
		int result;
		long long number;
	} cases[] = {
		{ "1\n", 0, 1 },
		{ "-1\n", 0, -1 },
		{ "4096", 0, 4096 },
		{ "", -EBADMSG, 0 },
		{ "one\n", -EBADMSG, 0 },
		{ "1 2\n", -EBADMSG, 0 },
		{ "99999999999999999999\n", -EBADMSG, 0 },
		{ "00000000000000000000000000000000000001\n", -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		long long number = 0;

		put_text("file", cases[i].text);
		assert_int_equal(np_fs_read_number(&fs, "file", &number), cases[i].result);
		assert_int_equal(number, cases[i].number);
	}
}

static void sets_are_read(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *cpus = NULL;
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;

	(void)state;
	put_text("file", "0,2\n");
	assert_int_equal(np_fs_read_nodeset(&fs, "file", &nodes), 0);
	assert_int_equal(numaperf_nodeset_count(nodes), 2);
	put_text("file", "0,2-\n");
	assert_int_equal(np_fs_read_cpuset(&fs, "file", &cpus), -EBADMSG);
	assert_null(cpus);
	put_text("file", "70000\n");
	assert_int_equal(np_fs_read_cpuset(&fs, "file", &cpus), -EBADMSG);
}

static void absence_is_told_with_the_path(void **state)
{
	char buf[8], expected[128];

	(void)state;
	assert_false(np_fs_exists(&fs, "sys/none"));
	assert_int_equal(np_fs_read(&fs, "sys/none", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(np_fs_fail(&fs, "sys/none", -ENOENT, "topology_discover"), -ENOENT);
	snprintf(expected, sizeof(expected), "%s/sys/none: No such file or directory.", root);
	assert_string_equal(numaperf_last_error()->message, expected);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_IO);
}

static void a_root_must_be_a_directory(void **state)
{
	struct np_fs none = { .dir = -7 };

	(void)state;
	assert_int_equal(np_fs_open("/nonexistent-root", &none), -ENOENT);
	assert_int_equal(np_fs_open("/dev/null", &none), -ENOTDIR);
	assert_int_equal(none.dir, -7);
}

static void a_directory_is_no_file(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(np_fs_read(&fs, ".", buf, sizeof(buf)), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_newline_is_removed),        cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(long_files_are_read_whole),     cmocka_unit_test(endless_files_are_refused),
		cmocka_unit_test(numbers_are_whole_files),       cmocka_unit_test(sets_are_read),
		cmocka_unit_test(absence_is_told_with_the_path), cmocka_unit_test(a_root_must_be_a_directory),
		cmocka_unit_test(a_directory_is_no_file),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
