// SPDX-License-Identifier: GPL-2.0
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/numaperf.h>
#include <linux/uaccess.h>

#include "alarm.h"
#include "counter_map.h"
#include "device.h"
#include "info.h"
#include "lease.h"
#include "placement.h"
#include "range_pin.h"
#include "region.h"
#include "session.h"
#include "target.h"
#include "thread_pin.h"
#include "watch.h"

/*
 * Every argument of the ABI, as the calls below see it; and a file that one of
 * them makes, with the number reserved for its descriptor.
 */
struct argument {
	union {
		struct numaperf_ioc_info info;
		struct numaperf_ioc_thread_pin thread_pin;
		struct numaperf_ioc_range_pin range_pin;
		struct numaperf_ioc_release release;
		struct numaperf_ioc_placement placement;
		struct numaperf_ioc_track track;
		struct numaperf_ioc_read read;
		struct numaperf_ioc_leases leases;
		struct numaperf_ioc_rearm rearm;
		struct numaperf_ioc_watch watch;
		struct numaperf_ioc_counters counters;
		struct numaperf_ioc_alarm alarm;
		struct numaperf_ioc_region_new region_new;
		struct numaperf_ioc_region_set region_set;
		struct numaperf_ioc_region_read region_read;
	};
	struct file *file;
	int fd;
};

static int call_info(struct np_session *session, struct argument *arg)
{
	return np_info(session, &arg->info);
}

static int call_thread_pin(struct np_session *session, struct argument *arg)
{
	return np_thread_pin(session, &arg->thread_pin);
}

static int call_range_pin(struct np_session *session, struct argument *arg)
{
	return np_range_pin(session, &arg->range_pin);
}

static int call_release(struct np_session *session, struct argument *arg)
{
	if (arg->release.flags)
		return -EOPNOTSUPP;
	return np_lease_release(session, arg->release.lease);
}

static int call_placement(struct np_session *session, struct argument *arg)
{
	return np_placement(&arg->placement);
}

static int call_track(struct np_session *session, struct argument *arg)
{
	return np_target_track(session, &arg->track);
}

static int call_read(struct np_session *session, struct argument *arg)
{
	return np_target_read(session, &arg->read);
}

static int call_leases(struct np_session *session, struct argument *arg)
{
	return np_leases_list(session, &arg->leases);
}

static int call_revoke(struct np_session *session, struct argument *arg)
{
	if (arg->release.flags)
		return -EOPNOTSUPP;
	return np_lease_revoke(arg->release.lease);
}

static int call_rearm(struct np_session *session, struct argument *arg)
{
	return np_lease_rearm(session, &arg->rearm);
}

static int call_watch(struct np_session *session, struct argument *arg)
{
	return np_watch(session, &arg->watch);
}

static int call_counters(struct np_session *session, struct argument *arg)
{
	int err = np_counters(session, &arg->counters, &arg->file);

	arg->fd = arg->counters.fd;
	return err;
}

static int call_alarm(struct np_session *session, struct argument *arg)
{
	return np_alarm(session, &arg->alarm);
}

static int call_region_new(struct np_session *session, struct argument *arg)
{
	int err = np_region_new(session, &arg->region_new, &arg->file);

	arg->fd = arg->region_new.fd;
	return err;
}

static int call_region_set(struct np_session *session, struct argument *arg)
{
	return np_region_set(session, &arg->region_set);
}

static int call_region_read(struct np_session *session, struct argument *arg)
{
	return np_region_read(session, &arg->region_read);
}

/* The caller did not learn what it got: it gets nothing. */
static void undo_thread_pin(struct np_session *session, struct argument *arg)
{
	np_lease_release(session, arg->thread_pin.lease);
}

static void undo_range_pin(struct np_session *session, struct argument *arg)
{
	np_lease_release(session, arg->range_pin.lease);
}

static void undo_track(struct np_session *session, struct argument *arg)
{
	np_target_forget(session, arg->track.target);
}

static void undo_watch(struct np_session *session, struct argument *arg)
{
	np_watch_undo(session, &arg->watch);
}

static void undo_region_new(struct np_session *session, struct argument *arg)
{
	np_lease_release(session, arg->region_new.lease);
}

/**
 * struct call - one ioctl
 * @size: of its structure here
 * @min_size: of its first version, the least a caller may have
 * @function: 0 or an errno; what it writes is copied back in either case
 * @undo: of a success that could not be told, or NULL
 */
struct call {
	size_t size;
	size_t min_size;
	int (*function)(struct np_session *session, struct argument *arg);
	void (*undo)(struct np_session *session, struct argument *arg);
};

#define FIRST_CALL _IOC_NR(NUMAPERF_IOC_INFO)
#define CALL(number, name, version_1_size, _function, _undo)		\
	[_IOC_NR(number) - FIRST_CALL] = {				\
		.size = sizeof(struct numaperf_ioc_##name),		\
		.min_size = (version_1_size),				\
		.function = (_function),				\
		.undo = (_undo),					\
	}

static const struct call calls[] = {
	CALL(NUMAPERF_IOC_INFO, info, 112, call_info, NULL),
	CALL(NUMAPERF_IOC_THREAD_PIN, thread_pin, 40, call_thread_pin, undo_thread_pin),
	CALL(NUMAPERF_IOC_RANGE_PIN, range_pin, 64, call_range_pin, undo_range_pin),
	CALL(NUMAPERF_IOC_RELEASE, release, 16, call_release, NULL),
	CALL(NUMAPERF_IOC_PLACEMENT, placement, 64, call_placement, NULL),
	CALL(NUMAPERF_IOC_TRACK, track, 32, call_track, undo_track),
	CALL(NUMAPERF_IOC_READ, read, 112, call_read, NULL),
	CALL(NUMAPERF_IOC_REGION_NEW, region_new, 56, call_region_new, undo_region_new),
	CALL(NUMAPERF_IOC_LEASES, leases, 48, call_leases, NULL),
	CALL(NUMAPERF_IOC_REVOKE, release, 16, call_revoke, NULL),
	CALL(NUMAPERF_IOC_REARM, rearm, 32, call_rearm, NULL),
	CALL(NUMAPERF_IOC_WATCH, watch, 40, call_watch, undo_watch),
	CALL(NUMAPERF_IOC_COUNTERS, counters, 32, call_counters, NULL),
	CALL(NUMAPERF_IOC_ALARM, alarm, 32, call_alarm, NULL),
	CALL(NUMAPERF_IOC_REGION_SET, region_set, 24, call_region_set, NULL),
	CALL(NUMAPERF_IOC_REGION_READ, region_read, 160, call_region_read, NULL),
};

static const struct call *call_find(unsigned int number)
{
	unsigned int i = _IOC_NR(number) - FIRST_CALL;

	/* The numbers carry neither size nor direction: all bits count. */
	if (number != _IO('N', _IOC_NR(number)) || i >= ARRAY_SIZE(calls) ||
	    !calls[i].function)
		return NULL;
	return &calls[i];
}

/* The one place where arguments are read: each user word once. */
static int argument_read(const struct call *call, struct argument *arg,
			 void __user *user, u32 *ret_size)
{
	int err;

	if (get_user(*ret_size, (u32 __user *)user))
		return -EFAULT;
	if (*ret_size < call->min_size)
		return -EINVAL;
	if (*ret_size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(arg, call->size, user, *ret_size);
	/* The one that was checked, whatever the caller has made of it since. */
	arg->info.size = *ret_size;
	return err;
}

/* Reasons and needed counts belong to failures, too. */
static int argument_tell(const struct call *call, struct argument *arg,
			 void __user *user, u32 size)
{
	size_t told = min_t(size_t, size, call->size) - sizeof(u32);

	return copy_to_user(user + sizeof(u32), (void *)arg + sizeof(u32), told) ?
	       -EFAULT : 0;
}

/*
 * Once in the table, a descriptor may be used by anybody, and can't be taken
 * back: so only when its number has been told.
 */
static void argument_file(struct argument *arg, bool told)
{
	if (!arg->file)
		return;
	if (told) {
		fd_install(arg->fd, arg->file);
	} else {
		put_unused_fd(arg->fd);
		fput(arg->file);
	}
}

static long device_ioctl(struct file *file, unsigned int number,
			 unsigned long user)
{
	struct np_session *session = file->private_data;
	const struct call *call = call_find(number);
	struct argument arg;
	u32 size;
	int err, untold;

	if (!call)
		return -ENOTTY;
	err = argument_read(call, &arg, (void __user *)user, &size);
	if (err)
		return err;
	arg.file = NULL;
	err = call->function(session, &arg);
	untold = argument_tell(call, &arg, (void __user *)user, size);
	if (!err && untold) {
		if (call->undo)
			call->undo(session, &arg);
		err = untold;
	}
	argument_file(&arg, !err);
	return err;
}

static int device_open(struct inode *inode, struct file *file)
{
	struct np_session *session = np_session_open();

	if (IS_ERR(session))
		return PTR_ERR(session);
	file->private_data = session;
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	np_session_close(file->private_data);
	return 0;
}

static ssize_t device_read(struct file *file, char __user *buf, size_t count,
			   loff_t *pos)
{
	struct np_session *session = file->private_data;

	return np_events_read(&session->events, buf, count,
			      file->f_flags & O_NONBLOCK);
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	struct np_session *session = file->private_data;

	return np_events_poll(&session->events, file, table);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/*
 * A number by which opening a device node that is already there (made at boot
 * from the alias "devname:numaperf") loads the module: of those that
 * Documentation/admin-guide/devices.txt reserves for local use.
 */
#define MINOR_FIXED	250

/*
 * Open to everyone: what a session may do is decided call by call, and what it
 * takes is bounded per user. SECURITY.md says how to narrow it.
 */
static struct miscdevice device = {
	.minor = MINOR_FIXED,
	.name = NUMAPERF_DEVICE_NAME,
	.fops = &device_fops,
	.mode = 0666,
};

int np_device_register(void)
{
	int err = misc_register(&device);

	/* Somebody else here has taken the number: then without that comfort. */
	if (err == -EBUSY) {
		device.minor = MISC_DYNAMIC_MINOR;
		err = misc_register(&device);
	}
	return err;
}

void np_device_unregister(void)
{
	misc_deregister(&device);
}

MODULE_ALIAS_MISCDEV(MINOR_FIXED);
MODULE_ALIAS("devname:" NUMAPERF_DEVICE_NAME);
