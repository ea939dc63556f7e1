// SPDX-License-Identifier: GPL-2.0
#include <linux/cpumask.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>

#include "lease.h"
#include "quiet.h"

static bool is_quiet(int cpu)
{
	return !housekeeping_cpu(cpu, HK_TYPE_TIMER) ||
	       !housekeeping_cpu(cpu, HK_TYPE_DOMAIN);
}

/*
 * For a timer: the kernel's own choice would do but for isolcpus= without
 * nohz_full=, where it is the CPU of whoever asks. The other one stays online
 * as long as preemption is off.
 */
static int timer_cpu(void)
{
	int cpu = smp_processor_id();

	if (!is_quiet(cpu))
		return WORK_CPU_UNBOUND;
	for_each_online_cpu(cpu) {
		if (!is_quiet(cpu))
			return cpu;
	}
	return WORK_CPU_UNBOUND;
}

/* queue_delayed_work() on np_wq. Context: any. */
bool np_queue_delayed(struct delayed_work *work, unsigned long delay)
{
	bool queued;

	preempt_disable();
	queued = queue_delayed_work_on(timer_cpu(), np_wq, work, delay);
	preempt_enable();
	return queued;
}

/* mod_delayed_work() on np_wq. Context: any but hard interrupts. */
bool np_mod_delayed(struct delayed_work *work, unsigned long delay)
{
	bool pending;

	preempt_disable();
	pending = mod_delayed_work_on(timer_cpu(), np_wq, work, delay);
	preempt_enable();
	return pending;
}
