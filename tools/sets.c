/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "message.h"
#include "sets.h"

static char *room_for(ssize_t length)
{
	char *text = length < 0 ? NULL : malloc((size_t)length + 1);

	if (!text)
		exit(fail("out of memory"));
	return text;
}

char *cpuset_text(const struct numaperf_cpuset *set)
{
	ssize_t length = numaperf_cpuset_format(set, NULL, 0);
	char *text = room_for(length);

	numaperf_cpuset_format(set, text, (size_t)length + 1);
	return text;
}

char *nodeset_text(const struct numaperf_nodeset *set)
{
	ssize_t length = numaperf_nodeset_format(set, NULL, 0);
	char *text = room_for(length);

	numaperf_nodeset_format(set, text, (size_t)length + 1);
	return text;
}
