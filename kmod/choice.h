/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Module parameters that are one of several words. Another word is refused when
 * the module is loaded.
 */
#ifndef NP_CHOICE_H
#define NP_CHOICE_H

#include <linux/moduleparam.h>

/**
 * struct np_choice - such a parameter
 * @words: allowed; the first is the default
 * @count: how many
 * @chosen: index of the word given
 */
struct np_choice {
	const char *const *words;
	int count;
	int chosen;
};

extern const struct kernel_param_ops np_choice_ops;

#endif /* NP_CHOICE_H */
