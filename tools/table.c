/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "message.h"
#include "table.h"
#include "verb.h"

struct table {
	const struct table_column *columns;
	size_t nr_columns;
	char **cells; /* rows one after the other; NULL: empty */
	size_t nr_cells, room;
};

static void *need(void *memory)
{
	if (!memory)
		exit(fail("out of memory"));
	return memory;
}

struct table *table_new(const struct table_column *columns)
{
	struct table *table = need(calloc(1, sizeof(*table)));

	table->columns = columns;
	while (columns[table->nr_columns].key || columns[table->nr_columns].title)
		table->nr_columns++;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->nr_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

void table_row(struct table *table)
{
	assert(table->nr_cells % table->nr_columns == 0); /* the row before is whole */
}

static void add(struct table *table, char *text)
{
	if (table->nr_cells == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = need(reallocarray(table->cells, table->room, sizeof(*table->cells)));
	}
	table->cells[table->nr_cells++] = text;
}

void table_text(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	add(table, need(text));
}

void table_number(struct table *table, int64_t value)
{
	table_text(table, "%" PRId64, value);
}

void table_unsigned(struct table *table, uint64_t value)
{
	table_text(table, "%" PRIu64, value);
}

void table_real(struct table *table, double value, int decimals)
{
	table_text(table, "%.*f", decimals, value);
}

void table_bool(struct table *table, bool value)
{
	table_text(table, "%s", value ? "yes" : "no");
}

void table_empty(struct table *table)
{
	add(table, NULL);
}

static void print_rows(const struct table *table, struct libscols_table *out)
{
	for (size_t i = 0; i < table->nr_cells; i += table->nr_columns) {
		struct libscols_line *line = need(scols_table_new_line(out, NULL));
		size_t shown = 0;

		for (size_t c = 0; c < table->nr_columns; c++) {
			const char *text = table->cells[i + c];

			if (table->columns[c].title)
				scols_line_set_data(line, shown++, text ? text : "-");
		}
	}
}

void table_print(const struct table *table, FILE *file)
{
	struct libscols_table *out = need(scols_new_table());

	scols_table_set_stream(out, file);
	for (size_t c = 0; c < table->nr_columns; c++)
		if (table->columns[c].title)
			need(scols_table_new_column(out, table->columns[c].title, 0,
						    table->columns[c].type == TABLE_NUMBER ? SCOLS_FL_RIGHT : 0));
	print_rows(table, out);
	scols_print_table(out);
	scols_unref_table(out);
}

static void cell_json(struct json *json, const struct table_column *column, const char *text)
{
	if (!text)
		json_null(json, column->key);
	else if (column->type == TABLE_NUMBER)
		json_literal(json, column->key, text);
	else if (column->type == TABLE_BOOL)
		json_bool(json, column->key, strcmp(text, "yes") == 0);
	else
		json_string(json, column->key, text);
}

void table_json(const struct table *table, struct json *json, const char *key)
{
	json_array(json, key);
	for (size_t i = 0; i < table->nr_cells; i += table->nr_columns) {
		json_object(json, NULL);
		for (size_t c = 0; c < table->nr_columns; c++)
			if (table->columns[c].key)
				cell_json(json, &table->columns[c], table->cells[i + c]);
		json_end(json);
	}
	json_end(json);
}

void format_bytes(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(text, size, "%.*f %s", unit ? 1 : 0, value, units[unit]);
}
