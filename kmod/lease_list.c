// SPDX-License-Identifier: GPL-2.0
/*
 * LEASES: which there are, as far as the caller may see them.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "lease.h"
#include "session.h"
#include "set.h"

struct viewer {
	struct np_session *session;
	bool mine;
};

/* May the caller see it? Own user's; everyone's with CAP_SYS_NICE. */
static bool lease_visible(struct np_lease *lease, const void *data)
{
	const struct viewer *viewer = data;

	if (lease->session == viewer->session)
		return true;
	if (viewer->mine)
		return false;
	return uid_eq(lease->kuid, current_uid()) ||
	       ns_capable_noaudit(&init_user_ns, CAP_SYS_NICE);
}

static void lease_fill(struct np_lease *lease,
		       struct numaperf_lease_record *record)
{
	struct pid_namespace *ns = task_active_pid_ns(current);

	memset(record, 0, sizeof(*record));
	record->id = lease->id;
	record->kind = lease->kind;
	record->flags = lease->flags;
	record->pid = pid_nr_ns(lease->pid, ns);
	record->tid = pid_nr_ns(np_lease_tid(lease), ns);
	record->uid = from_kuid_munged(current_user_ns(), lease->kuid);
	memcpy(record->comm, lease->comm, sizeof(record->comm));
	record->since_ns = lease->since_ns;
	lease->ops->fill(lease, record);
	/* An address tells about the layout of its process. */
	if (!np_lease_is_ours(lease) && !perfmon_capable())
		record->addr = 0;
	record->reason = atomic_read(&lease->lost_reason);
	record->losses = atomic64_read(&lease->losses);
	record->state = record->reason ? NUMAPERF_LEASE_LOST :
					 NUMAPERF_LEASE_HELD;
}

/* Is there room for the set? If not, how much is needed is told. */
static bool lease_set_fits(struct np_lease *lease,
			   struct numaperf_ioc_leases *arg)
{
	unsigned int bits;

	lease->ops->set(lease, &bits);
	if (arg->set_bits >= bits)
		return true;
	arg->set_bits = round_up(bits, 64);
	return false;
}

static int lease_copy_set(struct np_lease *lease,
			  struct numaperf_ioc_leases *arg)
{
	unsigned int bits;
	const unsigned long *set = lease->ops->set(lease, &bits);

	return np_set_to_user(arg->set, arg->set_bits, set, bits);
}

static int leases_copy(struct np_lease **found, u32 n,
		       struct numaperf_ioc_leases *arg)
{
	struct numaperf_lease_record record;
	u32 i;

	if (arg->lease && !n)
		return -ENOENT;
	if (arg->count < n) {
		arg->count = n;
		return -EMSGSIZE;
	}
	if (arg->set && !lease_set_fits(found[0], arg))
		return -EMSGSIZE;
	for (i = 0; i < n; i++) {
		lease_fill(found[i], &record);
		if (np_record_to_user(arg->entries, i, arg->entry_size,
				      &record, sizeof(record)))
			return -EFAULT;
	}
	arg->count = n;
	return arg->set ? lease_copy_set(found[0], arg) : 0;
}

/* LEASES */
int np_leases_list(struct np_session *session, struct numaperf_ioc_leases *arg)
{
	struct viewer viewer = {
		.session = session,
		.mine = arg->flags & NUMAPERF_LEASES_MINE,
	};
	struct np_lease **found;
	u32 n, i;
	int err;

	if (arg->flags & ~NUMAPERF_LEASES_MINE || arg->pad)
		return -EOPNOTSUPP;
	if (!np_record_size_ok(arg->entry_size) || (arg->set && !arg->lease))
		return -EINVAL;
	found = np_leases_collect(arg->lease, lease_visible, &viewer, &n);
	if (!found)
		return -ENOMEM;
	err = leases_copy(found, n, arg);
	for (i = 0; i < n; i++)
		np_lease_put(found[i]);
	kvfree(found);
	return err;
}
