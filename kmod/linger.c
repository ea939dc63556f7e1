// SPDX-License-Identifier: GPL-2.0
#include "debug.h"
#include "lease.h"
#include "linger.h"
#include "quiet.h"

static LIST_HEAD(lingers);
static DEFINE_MUTEX(lingers_lock);	/* lingers */

/* What it stands for runs until the matching put, at least. */
int np_linger_get(struct np_linger *linger)
{
	int err = 0;

	mutex_lock(&linger->lock);
	if (!linger->running)
		err = linger->start(linger->data);
	if (!err) {
		linger->starts += !linger->running;
		linger->running = true;
		linger->users++;
	}
	mutex_unlock(&linger->lock);
	return err;
}

void np_linger_put(struct np_linger *linger)
{
	mutex_lock(&linger->lock);
	if (!--linger->users)
		np_mod_delayed(&linger->stop_work, NP_LINGER_JIFFIES);
	mutex_unlock(&linger->lock);
}

static void linger_stop(struct np_linger *linger)
{
	mutex_lock(&linger->lock);
	if (linger->running && !linger->users) {
		linger->stop(linger->data);
		linger->running = false;
	}
	mutex_unlock(&linger->lock);
}

static void linger_work(struct work_struct *work)
{
	u64 begin = np_work_begin();

	linger_stop(container_of(to_delayed_work(work), struct np_linger,
				 stop_work));
	np_work_end(NP_WORK_HOOK_STOP, begin);
}

/* Before anything else. */
void np_linger_init(struct np_linger *linger, int (*start)(void *data),
		    void (*stop)(void *data), void *data)
{
	linger->start = start;
	linger->stop = stop;
	linger->data = data;
	mutex_init(&linger->lock);
	INIT_DELAYED_WORK(&linger->stop_work, linger_work);
	mutex_lock(&lingers_lock);
	list_add_tail(&linger->of_all, &lingers);
	mutex_unlock(&lingers_lock);
}

/* Stop it now: at unload, when nobody uses it any more, if anybody ever did. */
void np_linger_end(struct np_linger *linger)
{
	if (!linger->start)
		return;
	mutex_lock(&lingers_lock);
	list_del(&linger->of_all);
	mutex_unlock(&lingers_lock);
	cancel_delayed_work_sync(&linger->stop_work);
	linger_stop(linger);
}

/* Tell @fn about each. */
void np_linger_each(void (*fn)(struct np_linger *linger, void *data),
		    void *data)
{
	struct np_linger *linger;

	mutex_lock(&lingers_lock);
	list_for_each_entry(linger, &lingers, of_all)
		fn(linger, data);
	mutex_unlock(&lingers_lock);
}
