/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one user (kuid) has of the module's resources, over all its sessions.
 */
#ifndef NP_USER_H
#define NP_USER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/uidgid.h>

#include "budget.h"

struct user_struct;

/**
 * struct np_user - the account of one user
 * @kuid: whose
 * @account: the kernel's own, which carries the locked memory of io_uring,
 *	perf and this module together
 * @leases: leases held
 * @threads: threads tracked
 * @samples: of pages of regions
 */
struct np_user {
	struct hlist_node node;
	refcount_t ref;
	kuid_t kuid;
	struct user_struct *account;
	atomic_t leases;
	atomic_t threads;
	struct np_budget samples;
};

extern unsigned int np_leases_max;
extern unsigned int np_threads_max;

struct np_user *np_user_get_current(void);
struct np_user *np_user_get(struct np_user *user);
void np_user_put(struct np_user *user);

int np_user_charge(atomic_t *count, unsigned int max);
void np_user_uncharge(atomic_t *count);

int np_user_charge_locked(struct np_user *user, unsigned long pages);
void np_user_uncharge_locked(struct np_user *user, unsigned long pages);
int np_user_may_lock(struct np_user *user, unsigned long pages);
unsigned long np_user_locked(struct np_user *user);

#endif /* NP_USER_H */
