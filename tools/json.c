/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "json.h"

void json_start(struct json *json, FILE *file)
{
	*json = (struct json){ .file = file };
}

/* Length of the UTF-8 sequence at s, 0 if it is none: thread names are any bytes, cut anywhere. */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80           ? 1 :
		   (s[0] & 0xe0) == 0xc0 ? 2 :
		   (s[0] & 0xf0) == 0xe0 ? 3 :
		   (s[0] & 0xf8) == 0xf0 ? 4 :
					   0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 2 && s[0] < 0xc2) /* overlong */
		return 0;
	if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) /* overlong, surrogates */
		return 0;
	if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || s[0] > 0xf4 || (s[0] == 0xf4 && s[1] >= 0x90)))
		return 0;
	return n;
}

static void quote(FILE *file, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', file);
	while (*s) {
		size_t n = utf8_length(s);

		if (n == 0) {
			fputs("\\ufffd", file);
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			fprintf(file, "\\%c", *s);
		} else if (*s < 0x20 || *s == 0x7f) {
			fprintf(file, "\\u%04x", *s);
		} else {
			fwrite(s, 1, n, file);
		}
		s += n;
	}
	fputc('"', file);
}

static void new_line(struct json *json)
{
	if (json->one_line)
		return;
	fputc('\n', json->file);
	for (unsigned i = 0; i < json->depth; i++)
		fputs("  ", json->file);
}

/* What stands before a value: comma, new line, key. */
static void lead(struct json *json, const char *key)
{
	if (json->depth) {
		if (json->levels[json->depth - 1].filled)
			fputc(',', json->file);
		json->levels[json->depth - 1].filled = true;
		new_line(json);
	}
	if (key) {
		quote(json->file, key);
		fputs(": ", json->file);
	}
}

static void open_level(struct json *json, const char *key, char opening, char closing)
{
	assert(json->depth < JSON_DEPTH_MAX);
	lead(json, key);
	fputc(opening, json->file);
	json->levels[json->depth].closing = closing;
	json->levels[json->depth].filled = false;
	json->depth++;
}

void json_object(struct json *json, const char *key)
{
	open_level(json, key, '{', '}');
}

void json_array(struct json *json, const char *key)
{
	open_level(json, key, '[', ']');
}

void json_end(struct json *json)
{
	assert(json->depth);
	json->depth--;
	if (json->levels[json->depth].filled)
		new_line(json);
	fputc(json->levels[json->depth].closing, json->file);
	if (!json->depth)
		fputc('\n', json->file);
}

void json_string(struct json *json, const char *key, const char *value)
{
	if (!value) {
		json_null(json, key);
		return;
	}
	lead(json, key);
	quote(json->file, value);
}

void json_number(struct json *json, const char *key, int64_t value)
{
	lead(json, key);
	fprintf(json->file, "%" PRId64, value);
}

void json_unsigned(struct json *json, const char *key, uint64_t value)
{
	lead(json, key);
	fprintf(json->file, "%" PRIu64, value);
}

void json_real(struct json *json, const char *key, double value)
{
	lead(json, key);
	fprintf(json->file, "%.9g", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	lead(json, key);
	fputs(value ? "true" : "false", json->file);
}

void json_null(struct json *json, const char *key)
{
	lead(json, key);
	fputs("null", json->file);
}

void json_literal(struct json *json, const char *key, const char *literal)
{
	lead(json, key);
	fputs(literal, json->file);
}
