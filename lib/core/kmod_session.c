/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session that all strict pins of this process share: opened by the first holder, closed by the last, for a lease
 * lives at most as long as its session.
 *
 * A forked child must not touch its parent's: neither the descriptor (its leases are the parent's) nor the lock
 * (another thread may have held it in the moment of the fork). So the session is an object that knows its process, and
 * whoever finds one of another process publishes a fresh one. What it replaces is kept, not freed: some thread may
 * still be looking at it. That is one small object per process in a chain of forks.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/owner.h"

struct session {
	struct np_owner owner;
	pthread_mutex_t lock; /* of what follows */
	_Atomic int fd;       /* also read by a child that replaces this session */
	unsigned holders;
	struct session *inherited;
};

static _Atomic(struct session *) current;

static bool is_ours(const struct session *session)
{
	return session && np_owner_is_here(session->owner);
}

static struct session *new_session(struct session *inherited)
{
	struct session *session = malloc(sizeof(*session));

	if (!session)
		return NULL;
	*session = (struct session){
		.owner = np_owner_here(),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.inherited = inherited,
	};
	atomic_init(&session->fd, -1);
	return session;
}

/* Finds or makes it. NULL: no memory. */
static struct session *this_session(void)
{
	struct session *found = atomic_load(&current);

	if (is_ours(found))
		return found;

	struct session *fresh = new_session(found);

	if (!fresh)
		return NULL;
	if (!atomic_compare_exchange_strong(&current, &found, fresh)) {
		free(fresh);
		return found; /* of another thread, which was faster */
	}
	if (fresh->inherited)
		kmod_close(atomic_exchange(&fresh->inherited->fd, -1)); /* this process's copy only */
	return fresh;
}

int kmod_session_get(const char *operation, int *ret_fd)
{
	struct session *session = this_session();
	int fd, r = 0;

	if (!session)
		return np_fail_nomem(operation);

	pthread_mutex_lock(&session->lock);
	fd = atomic_load(&session->fd);
	if (fd < 0)
		r = kmod_open_hard(operation, &fd);
	if (r == 0) {
		atomic_store(&session->fd, fd);
		session->holders++;
	}
	pthread_mutex_unlock(&session->lock);

	if (r < 0)
		return r;
	*ret_fd = fd;
	return 0;
}

void kmod_session_put(void)
{
	struct session *session = atomic_load(&current);

	if (!is_ours(session))
		return; /* in a forked child: what the parent holds is not the child's to put */

	pthread_mutex_lock(&session->lock);
	if (--session->holders == 0)
		kmod_close(atomic_exchange(&session->fd, -1));
	pthread_mutex_unlock(&session->lock);
}
