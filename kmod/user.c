// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "user.h"

unsigned int np_leases_max = 1024;
module_param_named(leases_max, np_leases_max, uint, 0644);
MODULE_PARM_DESC(leases_max, "Leases a user may hold (default 1024)");

unsigned int np_threads_max = 16384;
module_param_named(threads_max, np_threads_max, uint, 0644);
MODULE_PARM_DESC(threads_max, "Threads a user may track (default 16384)");

static DEFINE_HASHTABLE(users, 6);
static DEFINE_SPINLOCK(users_lock);	/* users; taken with interrupts off */

static struct np_user *user_find(kuid_t kuid)
{
	struct np_user *user;

	hash_for_each_possible(users, user, node, __kuid_val(kuid)) {
		if (uid_eq(user->kuid, kuid))
			return user;
	}
	return NULL;
}

/* The account of the caller's real user; NULL: no memory. */
struct np_user *np_user_get_current(void)
{
	struct np_user *fresh, *user;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;

	spin_lock_irq(&users_lock);
	user = user_find(current_uid());
	if (user) {
		refcount_inc(&user->ref);
	} else {
		user = fresh;
		fresh = NULL;
		user->kuid = current_uid();
		user->account = get_uid(current_user());
		refcount_set(&user->ref, 1);
		np_budget_init(&user->samples);
		hash_add(users, &user->node, __kuid_val(user->kuid));
	}
	spin_unlock_irq(&users_lock);

	kfree(fresh);
	return user;
}

struct np_user *np_user_get(struct np_user *user)
{
	refcount_inc(&user->ref);
	return user;
}

/* Any context. Spelt out because sparse can't follow refcount_dec_and_lock(). */
void np_user_put(struct np_user *user)
{
	unsigned long flags;
	bool last;

	if (refcount_dec_not_one(&user->ref))
		return;
	spin_lock_irqsave(&users_lock, flags);
	last = refcount_dec_and_test(&user->ref);
	if (last)
		hash_del(&user->node);
	spin_unlock_irqrestore(&users_lock, flags);
	if (last) {
		free_uid(user->account);
		kfree(user);
	}
}

/* One more of something of which a user may have @max: 0 or -EDQUOT. */
int np_user_charge(atomic_t *count, unsigned int max)
{
	if (atomic_inc_return(count) > max) {
		atomic_dec(count);
		return -EDQUOT;
	}
	return 0;
}

void np_user_uncharge(atomic_t *count)
{
	atomic_dec(count);
}

static bool locked_fits(unsigned long locked, unsigned long pages)
{
	return locked + pages <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}

/* Would np_user_charge_locked() succeed? 0 or -EDQUOT. */
int np_user_may_lock(struct np_user *user, unsigned long pages)
{
	if (capable(CAP_IPC_LOCK) || locked_fits(np_user_locked(user), pages))
		return 0;
	return -EDQUOT;
}

/*
 * Per user, not per address space, or N processes could lock N times the
 * limit; into the same counter as io_uring and perf (io_account_mem()).
 */
int np_user_charge_locked(struct np_user *user, unsigned long pages)
{
	atomic_long_t *count = &user->account->locked_vm;
	long locked = atomic_long_read(count);

	if (capable(CAP_IPC_LOCK)) {
		atomic_long_add(pages, count);
		return 0;
	}
	do {
		if (!locked_fits(locked, pages))
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg(count, &locked, locked + pages));
	return 0;
}

void np_user_uncharge_locked(struct np_user *user, unsigned long pages)
{
	atomic_long_sub(pages, &user->account->locked_vm);
}

unsigned long np_user_locked(struct np_user *user)
{
	return atomic_long_read(&user->account->locked_vm);
}
