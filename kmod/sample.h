/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sample: one observed access. Sources make samples and know nothing of who
 * counts them; the current task is always the one that accessed.
 */
#ifndef NP_SAMPLE_H
#define NP_SAMPLE_H

#include <linux/numaperf.h>

/**
 * struct np_sample - one observed access by the current task
 * @source: who saw it
 * @addr: address in user space (of the huge page for huge pages)
 * @cpu: that accessed
 * @cpu_node: its node
 * @page_node: node of the page when it was accessed
 * @pages: base pages it stands for
 */
struct np_sample {
	enum numaperf_source source;
	unsigned long addr;
	unsigned int cpu;
	int cpu_node;
	int page_node;
	unsigned int pages;
};

#endif /* NP_SAMPLE_H */
