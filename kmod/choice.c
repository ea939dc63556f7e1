// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>
#include <linux/sysfs.h>

#include "choice.h"

static int choice_set(const char *word, const struct kernel_param *param)
{
	struct np_choice *choice = param->arg;
	int chosen = __sysfs_match_string(choice->words, choice->count, word);

	if (chosen < 0)
		return chosen;
	choice->chosen = chosen;
	return 0;
}

static int choice_get(char *buf, const struct kernel_param *param)
{
	const struct np_choice *choice = param->arg;

	return sysfs_emit(buf, "%s\n", choice->words[choice->chosen]);
}

const struct kernel_param_ops np_choice_ops = {
	.set = choice_set,
	.get = choice_get,
};
