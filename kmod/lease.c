// SPDX-License-Identifier: GPL-2.0
/*
 * The registry of leases. Locks, outermost first:
 *	leases_mutex	xarray of ids, lists of sessions
 *	by_process_lock	hash by process; raw, as exec and exit look into it from
 *			tracepoints
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>

#include "debug.h"
#include "lease.h"
#include "lifecycle.h"
#include "session.h"
#include "user.h"

struct workqueue_struct *np_wq;

static DEFINE_MUTEX(leases_mutex);
static DEFINE_XARRAY(leases);		/* id -> lease, holding a reference */
static u64 last_id;
static u32 count;
static u32 changes = 1;			/* odd, and so never 0 */
static DEFINE_HASHTABLE(by_process, 8);
static DEFINE_RAW_SPINLOCK(by_process_lock);

static void lease_end_work(struct work_struct *work);

/**
 * np_lease_init() - fill in what all kinds have in common
 * @task: the thread concerned, of the caller's process
 *
 * Charges the user's quota. On success the caller has a reference, whose put is
 * all there is to undo.
 *
 * Return: 0 or -EDQUOT with the reason.
 */
int np_lease_init(struct np_lease *lease, const struct np_lease_ops *ops,
		  u32 kind, u32 flags, struct np_session *session,
		  struct task_struct *task, u32 *ret_reason)
{
	int err;

	err = np_user_charge(&session->user->leases, READ_ONCE(np_leases_max));
	if (err) {
		*ret_reason = NUMAPERF_REASON_LEASE_QUOTA;
		return err;
	}
	kref_init(&lease->ref);
	lease->charged = BIT(0);
	lease->privileged = ns_capable_noaudit(&init_user_ns, CAP_SYS_NICE);
	/* Nobody ends what isn't published. */
	lease->ending = BIT(0);
	lease->ops = ops;
	lease->kind = kind;
	lease->flags = flags;
	lease->session = np_session_get(session);
	INIT_LIST_HEAD(&lease->of_session);
	INIT_HLIST_NODE(&lease->of_process);
	lease->pid = get_task_pid(current, PIDTYPE_TGID);
	lease->tid = get_task_pid(task, PIDTYPE_PID);
	lease->kuid = session->user->kuid;
	get_task_comm(lease->comm, task);
	lease->since_ns = ktime_get_ns();
	INIT_WORK(&lease->end_work, lease_end_work);
	init_completion(&lease->ended);
	return 0;
}

/*
 * Its thread has a new image, and so a new name; and if it was not the first of
 * its process, it has taken over that one's id. In that thread.
 */
void np_lease_rename(struct np_lease *lease, struct task_struct *task)
{
	WRITE_ONCE(lease->leads, thread_group_leader(task));
	strscpy(lease->comm, task->comm, sizeof(lease->comm));
}

/* Of the pinned thread, or of the one that took the lease. */
struct pid *np_lease_tid(struct np_lease *lease)
{
	return READ_ONCE(lease->leads) ? lease->pid : lease->tid;
}

void np_lease_get(struct np_lease *lease)
{
	kref_get(&lease->ref);
}

static void lease_uncharge(struct np_lease *lease)
{
	if (test_and_clear_bit(0, &lease->charged))
		np_user_uncharge(&lease->session->user->leases);
}

static void lease_free(struct kref *ref)
{
	struct np_lease *lease = container_of(ref, struct np_lease, ref);

	lease_uncharge(lease);
	np_session_put(lease->session);
	put_pid(lease->pid);
	put_pid(lease->tid);
	lease->ops->free(lease);
}

/* Any context. */
void np_lease_put(struct np_lease *lease)
{
	kref_put(&lease->ref, lease_free);
}

/**
 * np_lease_publish() - make a lease visible, by id, session and process
 *
 * From here on it may end at any moment. The registry has a reference of its
 * own, which the end of the lease drops.
 *
 * Return: 0, or -ENOMEM, and the lease is as before.
 */
int np_lease_publish(struct np_lease *lease)
{
	int err;

	mutex_lock(&leases_mutex);
	err = xa_insert(&leases, ++last_id, lease, GFP_KERNEL);
	if (!err) {
		/* Without one, nothing that happens to it is told. */
		lease->id = last_id;
		np_lease_get(lease);
		clear_bit(0, &lease->ending);
		WRITE_ONCE(count, count + 1);
		WRITE_ONCE(changes, changes + 2);
		list_add_tail(&lease->of_session, &lease->session->leases);
		raw_spin_lock_irq(&by_process_lock);
		hash_add(by_process, &lease->of_process,
			 (unsigned long)lease->pid);
		raw_spin_unlock_irq(&by_process_lock);
	}
	mutex_unlock(&leases_mutex);
	return err;
}

static void lease_unpublish(struct np_lease *lease)
{
	mutex_lock(&leases_mutex);
	xa_erase(&leases, lease->id);
	WRITE_ONCE(count, count - 1);
	WRITE_ONCE(changes, changes + 2);
	raw_spin_lock_irq(&by_process_lock);
	hash_del(&lease->of_process);
	raw_spin_unlock_irq(&by_process_lock);
	mutex_unlock(&leases_mutex);
}

/* The first two pids are those of whom the event concerns. */
void np_lease_post_by(struct np_lease *lease, struct pid *pid, struct pid *tid,
		      enum numaperf_event_type type,
		      enum numaperf_reason reason, u64 addr, u64 value)
{
	struct np_event event = {
		.record = {
			.type = type,
			.reason = reason,
			.id = lease->id,
			.addr = addr,
			.value = value,
		},
		.pid = pid,
		.tid = tid,
	};

	/* Nobody knows yet what was not published. */
	if (lease->id)
		np_event_post(&lease->session->events, &event);
}

void np_lease_post(struct np_lease *lease, enum numaperf_event_type type,
		   enum numaperf_reason reason, u64 addr, u64 value)
{
	np_lease_post_by(lease, lease->pid, np_lease_tid(lease), type, reason,
			 addr, value);
}

/*
 * It no longer holds all it should, which stays so until it is re-armed or ends.
 * Any context in which an event may be posted.
 */
void np_lease_lose(struct np_lease *lease, enum numaperf_reason reason,
		   u64 addr, u64 pages)
{
	atomic_cmpxchg(&lease->lost_reason, 0, reason);
	atomic64_inc(&lease->losses);
	np_lease_post(lease, NUMAPERF_EVENT_LEASE_LOST, reason, addr, pages);
}

bool np_lease_is_ending(struct np_lease *lease)
{
	return test_bit(0, &lease->ending);
}

/*
 * It holds all again, unless its end has begun. The kind keeps losses out
 * meanwhile, or looks for them once more afterwards.
 */
void np_lease_rearmed(struct np_lease *lease)
{
	if (np_lease_is_ending(lease))
		return;
	atomic_xchg(&lease->lost_reason, 0);	/* a full barrier */
	np_lease_post(lease, NUMAPERF_EVENT_LEASE_REARMED, 0, 0, 0);
}

/* The last close waits for those that it still finds in its list. */
static void lease_leave_session(struct np_lease *lease)
{
	mutex_lock(&leases_mutex);
	list_del_init(&lease->of_session);
	mutex_unlock(&leases_mutex);
}

/*
 * The end itself, by whoever set @ending. Drops the registry's reference. The
 * file, and so the module, stays until all is undone: the session is left last.
 */
static void lease_finish(struct np_lease *lease)
{
	lease_unpublish(lease);
	lease->ops->undo(lease);
	lease_uncharge(lease);
	if (lease->end_reason != NUMAPERF_REASON_RELEASED)
		np_lease_post(lease, NUMAPERF_EVENT_LEASE_ENDED,
			      lease->end_reason, 0, 0);
	lease_leave_session(lease);
	complete_all(&lease->ended);
	np_lease_put(lease);
}

static bool lease_begin_end(struct np_lease *lease, enum numaperf_reason reason)
{
	if (test_and_set_bit(0, &lease->ending))
		return false;
	lease->end_reason = reason;
	return true;
}

static void lease_end_work(struct work_struct *work)
{
	u64 begin = np_work_begin();

	lease_finish(container_of(work, struct np_lease, end_work));
	np_work_end(NP_WORK_LEASE_END, begin);
}

/* End a lease from where one can't sleep. Not under a runqueue lock. */
void np_lease_end_later(struct np_lease *lease, enum numaperf_reason reason)
{
	if (lease_begin_end(lease, reason))
		queue_work(np_wq, &lease->end_work);
}

/* End a lease and wait until it is undone, whoever does it. */
void np_lease_end(struct np_lease *lease, enum numaperf_reason reason)
{
	if (lease_begin_end(lease, reason))
		lease_finish(lease);
	else
		wait_for_completion(&lease->ended);
}

static struct np_lease *lease_find(u64 id)
{
	struct np_lease *lease;

	mutex_lock(&leases_mutex);
	lease = id <= last_id ? xa_load(&leases, id) : NULL;
	if (lease)
		np_lease_get(lease);
	mutex_unlock(&leases_mutex);
	return lease;
}

/* Did the caller's process take it? */
bool np_lease_is_ours(struct np_lease *lease)
{
	return lease->pid == task_tgid(current);
}

/**
 * np_lease_get_own() - a lease of this session that the caller's process took
 *
 * Return: with a reference; -ENOENT; -ESTALE: another process took it.
 */
struct np_lease *np_lease_get_own(struct np_session *session, u64 id)
{
	struct np_lease *lease = lease_find(id);
	int err = 0;

	if (!lease)
		return ERR_PTR(-ENOENT);
	if (lease->session != session)
		err = -ENOENT;
	else if (!np_lease_is_ours(lease))
		err = -ESTALE;
	if (!err)
		return lease;
	np_lease_put(lease);
	return ERR_PTR(err);
}

/* RELEASE: of this session, by the process that took it. */
int np_lease_release(struct np_session *session, u64 id)
{
	struct np_lease *lease = np_lease_get_own(session, id);
	int err = 0;

	if (IS_ERR(lease))
		return PTR_ERR(lease);
	if (lease_begin_end(lease, NUMAPERF_REASON_RELEASED))
		lease_finish(lease);
	else
		err = -ENOENT;
	np_lease_put(lease);
	return err;
}

/* REARM: likewise. */
int np_lease_rearm(struct np_session *session, struct numaperf_ioc_rearm *arg)
{
	struct np_lease *lease;
	int err;

	arg->reason = NUMAPERF_REASON_NONE;
	arg->wrong_addr = 0;
	arg->wrong_node = NUMA_NO_NODE;
	if (arg->flags & ~NUMAPERF_DRY_RUN)
		return -EOPNOTSUPP;
	lease = np_lease_get_own(session, arg->lease);
	if (IS_ERR(lease))
		return PTR_ERR(lease);
	if (!lease->ops->rearm)
		err = -EOPNOTSUPP;
	else if (np_lease_is_ending(lease))
		err = -ENOENT;
	else
		err = lease->ops->rearm(lease, arg);
	np_lease_put(lease);
	return err;
}

/* REVOKE: any. */
int np_lease_revoke(u64 id)
{
	struct np_lease *lease;

	if (!capable(CAP_SYS_NICE))
		return -EPERM;
	lease = lease_find(id);
	if (!lease)
		return -ENOENT;
	np_lease_end(lease, NUMAPERF_REASON_REVOKED);
	np_lease_put(lease);
	return 0;
}

static struct np_lease *session_first(struct np_session *session)
{
	struct np_lease *lease;

	mutex_lock(&leases_mutex);
	lease = list_first_entry_or_null(&session->leases, struct np_lease,
					 of_session);
	if (lease)
		np_lease_get(lease);
	mutex_unlock(&leases_mutex);
	return lease;
}

/* Also those that something else is ending at this moment. */
void np_leases_end_session(struct np_session *session)
{
	struct np_lease *lease;

	while ((lease = session_first(session))) {
		np_lease_end(lease, NUMAPERF_REASON_CLOSED);
		np_lease_put(lease);
	}
}

static void process_end(struct task_struct *task, u32 spared_flag,
			enum numaperf_reason reason)
{
	struct pid *pid = task_tgid(task);
	struct np_lease *lease;
	unsigned long flags;

	raw_spin_lock_irqsave(&by_process_lock, flags);
	hash_for_each_possible(by_process, lease, of_process,
			       (unsigned long)pid) {
		if (lease->pid == pid && !(lease->flags & spared_flag))
			np_lease_end_later(lease, reason);
	}
	raw_spin_unlock_irqrestore(&by_process_lock, flags);
}

/* The process has a new image: of tracepoint sched_process_exec. */
void np_leases_exec(struct task_struct *task)
{
	process_end(task, NUMAPERF_PIN_KEEP_ON_EXEC, NUMAPERF_REASON_EXECED);
}

/* The last thread of the process exits: of tracepoint sched_process_exit. */
void np_leases_exit(struct task_struct *task)
{
	process_end(task, 0, NUMAPERF_REASON_EXITED);
}

/* How many there are. */
u32 np_leases_count(void)
{
	return READ_ONCE(count);
}

/* Another number whenever one came or went; never 0. */
u32 np_leases_changes(void)
{
	return READ_ONCE(changes);
}

/* The one with the next larger id, with a reference; NULL: no more. */
struct np_lease *np_lease_after(u64 after)
{
	unsigned long id = after;
	struct np_lease *lease;

	mutex_lock(&leases_mutex);
	lease = xa_find_after(&leases, &id, ULONG_MAX, XA_PRESENT);
	if (lease)
		np_lease_get(lease);
	mutex_unlock(&leases_mutex);
	return lease;
}
