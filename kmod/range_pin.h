/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strict range pins: a lease on pages of the caller, held where they are.
 */
#ifndef NP_RANGE_PIN_H
#define NP_RANGE_PIN_H

#include <linux/numaperf.h>

struct np_lease;
struct np_page_check;
struct np_range;
struct np_session;
struct page;

int np_range_pin(struct np_session *session, struct numaperf_ioc_range_pin *arg);

/* for range_rearm.c */
void *np_range_array(unsigned long n, size_t size);
int np_range_pin_pages(struct np_range *range, struct page **pages,
		       struct np_page_check *check,
		       unsigned long done, unsigned long end);
int np_range_verify_pinned(struct np_range *range, struct page **pages,
			   struct np_page_check *check,
			   unsigned long from, unsigned long end);
int np_range_charge(struct np_range *range, unsigned long pages,
		    struct np_page_check *check);
int np_range_unmapped(struct np_page_check *check);

/* range_rearm.c */
int np_range_rearm(struct np_lease *lease, struct numaperf_ioc_rearm *arg);

#endif /* NP_RANGE_PIN_H */
