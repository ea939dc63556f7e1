// SPDX-License-Identifier: GPL-2.0
/*
 * numaperf: strict NUMA placement, and locality that is measured.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "debug.h"
#include "device.h"
#include "lease.h"
#include "lifecycle.h"
#include "netlink.h"
#include "node.h"
#include "node_ceiling.h"
#include "process.h"
#include "refault.h"
#include "refusal.h"
#include "selftest.h"
#include "source.h"
#include "switches.h"
#include "thread_pin.h"

/* What a kernel lacks is a missing feature, said here and in the info. */
static void __init features_init(void)
{
	if (np_lifecycle_init())
		pr_notice("numaperf: no thread pins, no tracking: this kernel lacks the tracepoints of fork, exec and exit\n");
	if (np_pin_guard_init())
		pr_notice("numaperf: no thread pins: set_cpus_allowed_common() can't be hooked\n");
	np_refusals_init();
	if (!np_refusals_work())
		pr_notice("numaperf: refused moves of pinned threads are not seen: their places can't be hooked\n");
	np_mm_hold_init();
	if (!np_mm_hold_works())
		pr_notice("numaperf: hint faults of single-threaded processes are one-sided: exit_mm_release() can't be hooked\n");
	np_switches_init();
	np_sources_init();
	if (np_netlink_init())
		pr_notice("numaperf: no view of the host: the netlink family can't be registered\n");
}

/* Hooks that linger are removed: none of our code is entered any more. */
static void features_exit(void)
{
	np_sources_exit();
	np_switches_exit();
	np_mm_hold_exit();
	np_refusals_exit();
	np_pin_guard_exit();
	np_lifecycle_exit();
	/* Nobody is left to post an event. */
	np_netlink_exit();
}

static int __init numaperf_init(void)
{
	int err;

	err = np_node_init();
	if (err)
		return err;
	err = np_selftest();
	if (err)
		goto err_node;
	err = np_node_ceiling_init();
	if (err)
		goto err_node;
	np_wq = alloc_workqueue("numaperf", WQ_UNBOUND, 0);
	if (!np_wq) {
		err = -ENOMEM;
		goto err_ceiling;
	}
	err = np_close_init();
	if (err)
		goto err_workqueue;
	features_init();
	err = np_device_register();
	if (err)
		goto err_features;
	np_debug_init();
	return 0;

err_features:
	features_exit();
	np_close_exit();
err_workqueue:
	destroy_workqueue(np_wq);
err_ceiling:
	np_node_ceiling_exit();
err_node:
	np_node_exit();
	return err;
}

/* No session is open: what is left is on its way out. */
static void __exit numaperf_exit(void)
{
	np_debug_exit();
	np_device_unregister();
	flush_workqueue(np_wq);
	features_exit();
	destroy_workqueue(np_wq);
	np_close_exit();
	/* call_rcu() callbacks of thread records run our code. */
	rcu_barrier();
	/*
	 * A task_work holds a module reference to its last line; its return may
	 * still be under way in a preempted task. Such a task has to schedule
	 * voluntarily or reach user mode first.
	 */
	synchronize_rcu_tasks();
	np_node_ceiling_exit();
	np_node_exit();
}

module_init(numaperf_init);
module_exit(numaperf_exit);

MODULE_DESCRIPTION("Strict NUMA placement, and locality that is measured");
MODULE_AUTHOR("The numaperf developers");
MODULE_LICENSE("GPL");
