/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's list syntax:
 *
 *	list	= [element] { separator [element] }
 *	element	= id | id "-" id | id "-" id ":" used "/" group
 *
 * separators are commas and white space, as the kernel reads them (so a line of sysfs is a list as it stands).
 * "first-last:used/group" means the first "used" ids of every "group" of them. Numbers are decimal, of any length: what
 * is too large is told from what is no number.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <numaperf/set.h>

#include "core/bitmap.h"

/* A number that no id, and no size of a group, reaches; larger ones are read as this. */
#define TOO_LARGE NUMAPERF_SET_IDS_MAX

struct element {
	unsigned first, last, used, group;
};

static bool is_separator(char c)
{
	return c != '\0' && strchr(", \t\n\v\f\r", c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool read_number(const char **cursor, unsigned *ret_number)
{
	unsigned number = 0;

	if (!is_digit(**cursor))
		return false;
	for (; is_digit(**cursor); (*cursor)++) {
		number = number * 10 + (unsigned)(**cursor - '0');
		if (number > TOO_LARGE)
			number = TOO_LARGE;
	}
	*ret_number = number;
	return true;
}

/* Takes c if it comes next. */
static bool accept(const char **cursor, char c)
{
	if (**cursor != c)
		return false;
	(*cursor)++;
	return true;
}

/* Syntax only; what the numbers say is element_check's. */
static bool read_element(const char **cursor, struct element *ret_element)
{
	struct element e;

	if (!read_number(cursor, &e.first))
		return false;
	e.last = e.first;
	e.used = e.group = 1;
	if (accept(cursor, '-')) {
		if (!read_number(cursor, &e.last))
			return false;
		if (accept(cursor, ':') &&
		    (!read_number(cursor, &e.used) || !accept(cursor, '/') || !read_number(cursor, &e.group)))
			return false;
	}
	if (**cursor != '\0' && !is_separator(**cursor))
		return false;
	*ret_element = e;
	return true;
}

static int element_check(const struct element *e)
{
	if (e->first >= TOO_LARGE || e->last >= TOO_LARGE || e->used >= TOO_LARGE || e->group >= TOO_LARGE)
		return -ERANGE;
	if (e->first > e->last || e->group == 0 || e->used > e->group)
		return -EINVAL;
	return 0;
}

static int add_element(struct np_bitmap *set, const struct element *e)
{
	int r = element_check(e);

	if (r < 0 || e->used == 0)
		return r;
	for (unsigned start = e->first; start <= e->last; start += e->group) {
		unsigned end = start + e->used - 1;

		r = np_bitmap_add_range(set, start, end < e->last ? end : e->last);
		if (r < 0)
			return r;
	}
	return 0;
}

int np_bitmap_add_list(struct np_bitmap *set, const char *list, size_t *ret_where)
{
	const char *cursor = list;

	for (;;) {
		struct element e;

		while (is_separator(*cursor))
			cursor++;
		if (*cursor == '\0')
			return 0;

		const char *start = cursor;
		int r = read_element(&cursor, &e) ? add_element(set, &e) : -EINVAL;

		if (r < 0) {
			*ret_where = (size_t)(start - list);
			return r;
		}
	}
}

static int last_of_run(const struct np_bitmap *set, int first)
{
	int last = first;

	while (np_bitmap_next(set, last) == last + 1)
		last++;
	return last;
}

size_t np_bitmap_format_list(const struct np_bitmap *set, char *buf, size_t size)
{
	size_t length = 0;
	char element[32];

	if (size)
		buf[0] = '\0';
	for (int first = np_bitmap_next(set, -1), last; first >= 0; first = np_bitmap_next(set, last)) {
		last = last_of_run(set, first);

		const char *comma = length ? "," : "";
		int n = first == last ? snprintf(element, sizeof(element), "%s%d", comma, first)
				      : snprintf(element, sizeof(element), "%s%d-%d", comma, first, last);

		if (length < size)
			snprintf(buf + length, size - length, "%s", element);
		length += (size_t)n;
	}
	return length;
}
