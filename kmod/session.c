// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/slab.h>

#include "lease.h"
#include "session.h"
#include "target.h"
#include "user.h"

static atomic_t sessions = ATOMIC_INIT(0);

unsigned int np_session_count(void)
{
	return atomic_read(&sessions);
}

/* A new session for the caller, or -ENOMEM, -EDQUOT. */
struct np_session *np_session_open(void)
{
	struct np_session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return ERR_PTR(-ENOMEM);
	session->user = np_user_get_current();
	if (!session->user) {
		kfree(session);
		return ERR_PTR(-ENOMEM);
	}
	if (np_user_charge(&session->user->sessions,
			   READ_ONCE(np_sessions_max))) {
		np_user_put(session->user);
		kfree(session);
		return ERR_PTR(-EDQUOT);
	}
	kref_init(&session->ref);
	mutex_init(&session->lock);
	INIT_LIST_HEAD(&session->leases);
	INIT_LIST_HEAD(&session->targets);
	np_events_init(&session->events, session->user->kuid);
	session->perfmon = perfmon_capable();
	atomic_inc(&sessions);
	return session;
}

/* The last close of the file: everything the session holds ends. */
void np_session_close(struct np_session *session)
{
	np_leases_end_session(session);
	np_targets_end_session(session);
	atomic_dec(&sessions);
	np_user_uncharge(&session->user->sessions);
	np_session_put(session);
}

struct np_session *np_session_get(struct np_session *session)
{
	kref_get(&session->ref);
	return session;
}

static void session_free(struct kref *ref)
{
	struct np_session *session = container_of(ref, struct np_session, ref);

	np_events_destroy(&session->events);
	np_user_put(session->user);
	kfree(session);
}

/* Any context. */
void np_session_put(struct np_session *session)
{
	kref_put(&session->ref, session_free);
}
