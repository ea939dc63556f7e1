/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables: one description of columns yields a table for people (by libsmartcols) or an array of JSON objects.
 *
 *	static const struct table_column columns[] = {
 *		{ "id", "NODE", TABLE_NUMBER },
 *		{ "kind", "KIND", TABLE_TEXT },
 *		{ 0 },
 *	};
 *	struct table *table = table_new(columns);
 *	table_row(table);			// begins a row; then its cells from left to right
 *	table_number(table, id);
 *	table_text(table, "%s", kind);
 *	table_print(table, stdout);		// or table_json(table, &json, "nodes")
 *	table_free(table);
 *
 * Nothing here fails but for want of memory, and then the process ends with a message: a table of a command line tool
 *is small.
 */
#ifndef NUMAPERF_TOOLS_TABLE_H
#define NUMAPERF_TOOLS_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "json.h"

enum table_type {
	TABLE_TEXT,
	TABLE_NUMBER, /* right-aligned; a JSON number */
	TABLE_BOOL,   /* "yes" or "no"; a JSON boolean */
};

struct table_column {
	const char *key;   /* in JSON; NULL: not in JSON */
	const char *title; /* in the table; NULL: in JSON only */
	enum table_type type;
};

struct table;

struct table *table_new(const struct table_column *columns); /* ends with key and title NULL; must outlive the table */
void table_free(struct table *table);

void table_row(struct table *table);
void table_text(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_number(struct table *table, int64_t value);
void table_unsigned(struct table *table, uint64_t value);
void table_real(struct table *table, double value, int decimals); /* of a TABLE_NUMBER column */
void table_bool(struct table *table, bool value);
void table_empty(struct table *table); /* "-" in the table, null in JSON */

void table_print(const struct table *table, FILE *file);
void table_json(const struct table *table, struct json *json, const char *key);

/* "1.5 GiB" */
void format_bytes(uint64_t bytes, char *text, size_t size);

#endif
