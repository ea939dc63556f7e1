// SPDX-License-Identifier: GPL-2.0
/* The tests inside the module (debug builds): it is not loaded if one fails. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "np_test.h"

#define PARAMETER "/sys/module/numaperf/parameters/selftest"

TEST(passes_what_it_tests_of_itself)
{
	char parameters[512], with[600];

	if (access(PARAMETER, F_OK))
		SKIP(return, "global.passes_what_it_tests_of_itself: not a debug build of the module");
	np_module_parameters(parameters, sizeof(parameters));
	snprintf(with, sizeof(with), "%s selftest=1", parameters);
	ASSERT_EQ(0, np_module_unload());
	EXPECT_EQ(0, np_module_load(with)) TH_LOG("see the kernel's log: numaperf: selftest: ...");
	if (np_module_loaded())
		ASSERT_EQ(0, np_module_unload());
	ASSERT_EQ(0, np_module_load(parameters));
}

TEST_HARNESS_MAIN
