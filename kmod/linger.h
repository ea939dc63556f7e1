/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Things that run only while used, but linger: starting and stopping hooks
 * patches code and waits for grace periods (a second and more), which neither a
 * release should wait for nor a user be able to provoke over and over.
 */
#ifndef NP_LINGER_H
#define NP_LINGER_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#define NP_LINGER_JIFFIES	(10 * HZ)

/**
 * struct np_linger - something that is started and stopped
 * @name: for debugfs, given by the owner
 * @start: 0 or an errno; may sleep
 * @stop: may sleep
 * @data: for both
 * @users: gets minus puts, under @lock
 * @running: started and not stopped, under @lock
 * @lock: serialises starts and stops
 * @stop_work: stops it when nobody came back
 * @starts: how often it was started, under @lock
 * @of_all: in the list of all, from init to end
 */
struct np_linger {
	const char *name;
	int (*start)(void *data);
	void (*stop)(void *data);
	void *data;
	unsigned int users;
	bool running;
	struct mutex lock;	/* @users, @running, @starts */
	struct delayed_work stop_work;
	unsigned int starts;
	struct list_head of_all;
};

void np_linger_init(struct np_linger *linger, int (*start)(void *data),
		    void (*stop)(void *data), void *data);
int np_linger_get(struct np_linger *linger);
void np_linger_put(struct np_linger *linger);
void np_linger_end(struct np_linger *linger);

void np_linger_each(void (*fn)(struct np_linger *linger, void *data),
		    void *data);

#endif /* NP_LINGER_H */
