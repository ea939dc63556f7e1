/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A writer of JSON: values in the order they are told, commas, quoting and indentation are its business.
 *
 *	struct json json;
 *	json_start(&json, stdout);
 *	json_object(&json, NULL);
 *	json_string(&json, "name", name);
 *	json_array(&json, "nodes");
 *	json_number(&json, NULL, 3);	// elements of arrays have no key
 *	json_end(&json);
 *	json_end(&json);		// the last one ends the line
 *
 * (libsmartcols writes JSON as well, but only flat arrays of rows.)
 */
#ifndef NUMAPERF_TOOLS_JSON_H
#define NUMAPERF_TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

struct json {
	FILE *file;
	bool one_line; /* set after json_start: no line breaks inside */
	unsigned depth;
	struct {
		char closing;
		bool filled;
	} levels[JSON_DEPTH_MAX];
};

void json_start(struct json *json, FILE *file);
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end(struct json *json); /* of the innermost object or array */

/* value NULL: null. Bytes that are not UTF-8 become U+FFFD. */
void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, int64_t value);
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
void json_literal(struct json *json, const char *key, const char *literal); /* a number as it stands */

#endif
