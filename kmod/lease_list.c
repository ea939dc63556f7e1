// SPDX-License-Identifier: GPL-2.0
/*
 * Leases as they are shown: to whom, and what of them.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/user_namespace.h>

#include "lease.h"
#include "reader.h"
#include "session.h"
#include "set.h"

/* The next one that the reader may see, with a reference; NULL: no more. */
struct np_lease *np_lease_next(u64 after, const struct np_reader *reader)
{
	struct np_lease *lease;

	while ((lease = np_lease_after(after))) {
		if (np_reader_sees(reader, lease->kuid))
			break;
		after = lease->id;
		np_lease_put(lease);
		cond_resched();
	}
	return lease;
}

/* May the caller see it? */
static bool lease_visible(struct np_lease *lease, struct np_session *session,
			  const struct np_reader *reader, u32 flags)
{
	if (lease->session == session)
		return true;
	return !(flags & NUMAPERF_LEASES_MINE) &&
	       np_reader_sees(reader, lease->kuid);
}

/* May sleep. */
void np_lease_fill(struct np_lease *lease, const struct np_reader *reader,
		   struct numaperf_lease_record *record)
{
	memset(record, 0, sizeof(*record));
	record->id = lease->id;
	record->kind = lease->kind;
	record->flags = lease->flags;
	record->pid = pid_nr_ns(lease->pid, reader->pid_ns);
	record->tid = pid_nr_ns(np_lease_tid(lease), reader->pid_ns);
	record->uid = from_kuid_munged(reader->user_ns, lease->kuid);
	memcpy(record->comm, lease->comm, sizeof(record->comm));
	record->since_ns = lease->since_ns;
	lease->ops->fill(lease, record);
	/* An address tells about the layout of its process. */
	if (lease->pid != reader->tgid && !reader->perfmon)
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

/*
 * References to the visible leases, in order of id; the caller puts them. Those
 * that come meanwhile have larger ids than all that were counted.
 */
static struct np_lease **leases_collect(struct np_session *session,
					const struct np_reader *reader,
					const struct numaperf_ioc_leases *arg,
					u32 *ret_count)
{
	u32 n = 0, max = arg->lease ? 1 : np_leases_count();
	u64 after = arg->lease ? arg->lease - 1 : 0;
	struct np_lease **found, *lease;

	found = kvcalloc(max_t(u32, max, 1), sizeof(*found), GFP_KERNEL_ACCOUNT);
	while (found && n < max && (lease = np_lease_after(after))) {
		after = lease->id;
		if (arg->lease && arg->lease != after) {
			np_lease_put(lease);
			break;
		}
		if (lease_visible(lease, session, reader, arg->flags))
			found[n++] = lease;
		else
			np_lease_put(lease);
		cond_resched();
	}
	*ret_count = n;
	return found;
}

static int leases_copy(struct np_lease **found, u32 n,
		       const struct np_reader *reader,
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
		np_lease_fill(found[i], reader, &record);
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
	struct np_lease **found;
	struct np_reader reader;
	u32 n, i;
	int err;

	if (arg->flags & ~NUMAPERF_LEASES_MINE || arg->pad)
		return -EOPNOTSUPP;
	if (!np_record_size_ok(arg->entry_size) || (arg->set && !arg->lease))
		return -EINVAL;
	np_reader_current(&reader);
	found = leases_collect(session, &reader, arg, &n);
	if (!found)
		return -ENOMEM;
	err = leases_copy(found, n, &reader, arg);
	for (i = 0; i < n; i++)
		np_lease_put(found[i]);
	kvfree(found);
	return err;
}
