// SPDX-License-Identifier: GPL-2.0
/*
 * A strict pin of 1 GiB against mlock(2) of the same: of memory that is there, as a strict pin takes no other, which is
 * the harder comparison; and with the first touch of it, as in a program that begins. And what a pin takes for itself.
 */
#include "bench.h"

#define LENGTH (1UL << 30)

static struct np_set node;

static char *fresh(bool touched)
{
	char *area = np_map(LENGTH);

	MUST(np_bind_plain(area, LENGTH, 0));
	if (touched)
		np_touch(area, LENGTH);
	return area;
}

static double by_device(int fd, bool touched, double *ret_release)
{
	struct numaperf_ioc_range_pin pin;
	char *area = fresh(touched);
	uint64_t start = instructions(), end;
	int err;

	if (!touched)
		np_touch(area, LENGTH);
	err = np_pin_range(fd, area, LENGTH, &node, 0, &pin);
	end = instructions();
	MUST(err);
	*ret_release = instructions();
	MUST(np_release(fd, pin.lease));
	*ret_release = instructions() - *ret_release;
	np_unmap(area, LENGTH);
	return end - start;
}

static double by_mlock(bool touched, double *ret_release)
{
	char *area = fresh(touched);
	uint64_t start = instructions(), end;
	int err = mlock(area, LENGTH);

	end = instructions();
	MUST(err);
	*ret_release = instructions();
	MUST(munlock(area, LENGTH));
	*ret_release = instructions() - *ret_release;
	np_unmap(area, LENGTH);
	return end - start;
}

static void compare(int fd, const char *name, bool touched, double pages)
{
	double releases[PAIRS][2];

	row(name, "ratio", 1.25, "instructions a page, 1 GiB of 4 KiB pages", touched ? "RANGE_PIN" :
	    "first touch, RANGE_PIN", touched ? "mlock(2) of memory that is there" : "mlock(2) of untouched memory");
	for (int i = 0; i < PAIRS; i++) {
		double ours = by_device(fd, touched, &releases[i][0]), peer = by_mlock(touched, &releases[i][1]);

		pair(name, ours / pages, peer / pages);
	}
	if (!touched)
		return;
	row("release", "stated", 0, "instructions a page, 1 GiB of 4 KiB pages", "RELEASE", "munlock(2)");
	for (int i = 0; i < PAIRS; i++)
		pair("release", releases[i][0] / pages, releases[i][1] / pages);
}

/* All of the kernel's memory that isn't a user's: what allocating the pin's arrays takes away. */
static double kernel_bytes(void)
{
	static const char *const names[] = { "Slab", "VmallocUsed", "PageTables", "KernelStack", "Percpu" };
	double sum = 0;

	MUST(np_write_file("/proc/sys/vm/drop_caches", "3"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sum += np_proc_bytes("/proc/meminfo", names[i]);
	return sum;
}

static void bookkeeping(int fd, double pages)
{
	const char *name = "pin, bookkeeping";
	char *area = fresh(true);

	row(name, "value", 16, "bytes a 4 KiB page", "kernel memory a pin of 1 GiB takes", "");
	for (int i = 0; i < PAIRS; i++) {
		struct numaperf_ioc_range_pin pin;
		double before = kernel_bytes(), with;

		MUST(np_pin_range(fd, area, LENGTH, &node, 0, &pin));
		with = kernel_bytes();
		MUST(np_release(fd, pin.lease));
		pair(name, (with - before) / pages, 0);
	}
	np_unmap(area, LENGTH);
}

int main(void)
{
	double pages = LENGTH / np_page_size();
	int fd = bench_open();

	node = np_set_of(0);
	compare(fd, "pin", true, pages);
	compare(fd, "pin, first touch", false, pages);
	bookkeeping(fd, pages);
	return 0;
}
