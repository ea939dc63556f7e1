/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session is one open file of the device: the holder of leases and targets,
 * and the reader of their events.
 */
#ifndef NP_SESSION_H
#define NP_SESSION_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "event.h"

struct np_user;

/**
 * struct np_session - one open file
 * @ref: the file's, and one for each lease and target that may post events
 * @user: who opened it: quotas are charged there
 * @perfmon: opened with CAP_PERFMON in the initial user namespace
 * @leases: of this session, under the lock in lease.c
 * @lock: targets
 * @targets: of this session
 * @events: to be read
 */
struct np_session {
	struct kref ref;
	struct np_user *user;
	bool perfmon;
	struct list_head leases;
	struct mutex lock;	/* @targets */
	struct list_head targets;
	struct np_events events;
};

struct np_session *np_session_open(void);
void np_session_close(struct np_session *session);
struct np_session *np_session_get(struct np_session *session);
void np_session_put(struct np_session *session);
unsigned int np_session_count(void);

#endif /* NP_SESSION_H */
