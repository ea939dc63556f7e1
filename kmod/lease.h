/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leases: what is strict is held by one. A lease has an id and a holder, and
 * ends exactly once, at the earliest of: release, last close of its file, exit
 * or exec of the process that took it, revocation, or the loss of all it held.
 *
 * Life: np_lease_init() -> the kind takes what it takes -> np_lease_publish()
 * -> it ends, here or by np_lease_end_later() -> ops->undo() -> last
 * np_lease_put() -> ops->free(). Until published nobody else can end it.
 */
#ifndef NP_LEASE_H
#define NP_LEASE_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/numaperf.h>
#include <linux/sched.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

struct np_lease;
struct np_session;

/**
 * struct np_lease_ops - what a kind of lease does
 * @undo: give back everything; may sleep; called once, never concurrently with
 *	itself, only for published leases
 * @free: the memory; any context
 * @fill: the kind's fields of a list entry; may sleep
 * @set: bitmap of the CPUs or nodes it holds to, and its size in bits
 */
struct np_lease_ops {
	void (*undo)(struct np_lease *lease);
	void (*free)(struct np_lease *lease);
	void (*fill)(struct np_lease *lease,
		     struct numaperf_lease_record *record);
	const unsigned long *(*set)(struct np_lease *lease, unsigned int *bits);
};

/**
 * struct np_lease - what all kinds have in common
 * @ref: the registry's, and one for each pointer kept elsewhere
 * @ops: of its kind
 * @id: never reused
 * @kind: enum numaperf_lease_kind
 * @flags: as taken
 * @session: holder (a reference)
 * @of_session: in the session's list, under the lock in lease.c
 * @of_process: in the hash by @pid
 * @pid: the process that took it
 * @tid: the thread that is pinned, or that took it
 * @kuid: its user
 * @comm: its name then, or after exec
 * @since_ns: CLOCK_MONOTONIC
 * @charged: bit 0: counted in its user's quota
 * @privileged: taken with CAP_SYS_NICE in the initial user namespace
 * @lost_reason: enum numaperf_reason, 0: it holds
 * @losses: events of loss
 * @ending: bit 0: its end has begun, or it isn't published yet
 * @end_reason: why
 * @end_work: runs the end where the cause could not sleep
 * @ended: undone
 */
struct np_lease {
	struct kref ref;
	const struct np_lease_ops *ops;
	u64 id;
	u32 kind;
	u32 flags;
	struct np_session *session;
	struct list_head of_session;
	struct hlist_node of_process;
	struct pid *pid;
	struct pid *tid;
	kuid_t kuid;
	char comm[TASK_COMM_LEN];
	u64 since_ns;
	unsigned long charged;
	bool privileged;
	atomic_t lost_reason;
	atomic64_t losses;
	unsigned long ending;
	enum numaperf_reason end_reason;
	struct work_struct end_work;
	struct completion ended;
};

extern struct workqueue_struct *np_wq;

int np_lease_init(struct np_lease *lease, const struct np_lease_ops *ops,
		  u32 kind, u32 flags, struct np_session *session,
		  struct task_struct *task, u32 *ret_reason);
int np_lease_publish(struct np_lease *lease);
void np_lease_rename(struct np_lease *lease, struct task_struct *task);
void np_lease_get(struct np_lease *lease);
void np_lease_put(struct np_lease *lease);

bool np_lease_is_ending(struct np_lease *lease);
void np_lease_end(struct np_lease *lease, enum numaperf_reason reason);
void np_lease_end_later(struct np_lease *lease, enum numaperf_reason reason);
void np_lease_lose(struct np_lease *lease, enum numaperf_reason reason,
		   u64 addr, u64 pages);
void np_lease_post(struct np_lease *lease, enum numaperf_event_type type,
		   enum numaperf_reason reason, u64 addr, u64 value);

struct np_lease *np_lease_get_own(struct np_session *session, u64 id, u32 kind);
int np_lease_release(struct np_session *session, u64 id);
int np_lease_revoke(u64 id);
int np_leases_list(struct np_session *session,
		   struct numaperf_ioc_leases *leases);

void np_leases_end_session(struct np_session *session);
void np_leases_exec(struct task_struct *task);
void np_leases_exit(struct task_struct *task);

#endif /* NP_LEASE_H */
