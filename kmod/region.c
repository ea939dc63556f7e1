// SPDX-License-Identifier: GPL-2.0
#include <linux/cpuset.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "lifecycle.h"
#include "refault.h"
#include "region.h"
#include "session.h"
#include "set.h"
#include "user.h"

/* ---------------------------------------------------------------- charges */

/*
 * The one place where a region's memory is charged, beside the memory cgroup
 * (__GFP_ACCOUNT): until the file is released, not only until the lease ends.
 */
static int region_charge(struct np_region *region,
			 struct numaperf_ioc_region_new *arg)
{
	int err;

	err = np_user_charge_locked(region->user, np_region_base_pages(region));
	if (err)
		arg->reason = NUMAPERF_REASON_LOCKED_MEMORY;
	return err;
}

static void region_uncharge(struct np_region *region)
{
	np_user_uncharge_locked(region->user, np_region_base_pages(region));
}

/* ------------------------------------------------------------------ lease */

static void region_undo(struct np_lease *lease)
{
	struct np_region *region = np_lease_region(lease);

	np_refault_end(region);
	if (region->followed)
		np_lifecycle_put();
}

static void region_free(struct np_lease *lease)
{
	struct np_region *region = np_lease_region(lease);

	np_refault_free(region);
	kvfree(region->pages);
	np_user_put(region->user);
	kfree(region);
}

static void region_fill(struct np_lease *lease,
			struct numaperf_lease_record *record)
{
	struct np_region *region = np_lease_region(lease);

	np_region_check_cpuset(region);
	record->tid = 0;
	record->length = (u64)region->npages * np_region_page_size(region);
	record->held = READ_ONCE(region->present);
}

static const unsigned long *region_set(struct np_lease *lease,
				       unsigned int *bits)
{
	*bits = nr_node_ids;
	return nodes_addr(np_lease_region(lease)->nodes);
}

static const struct np_lease_ops region_lease_ops = {
	.undo = region_undo,
	.free = region_free,
	.fill = region_fill,
	.set = region_set,
};

static bool nodes_are_allowed(const nodemask_t *nodes, struct task_struct *task)
{
	bool allowed;

	/* Cpusets are changed under this lock, too. */
	task_lock(task);
	allowed = nodes_subset(*nodes, task->mems_allowed);
	task_unlock(task);
	return allowed;
}

/*
 * The cpuset of the process that made it was narrowed: the pages stay where
 * they are, which the holder is told. Noticed when the lease is listed or read:
 * the kernel tells nobody when a cpuset changes.
 */
void np_region_check_cpuset(struct np_region *region)
{
	struct task_struct *task = get_pid_task(region->lease.pid, PIDTYPE_TGID);

	if (!task)
		return;
	/* Told once, by whoever notices it first. */
	if (!np_lease_is_ending(&region->lease) &&
	    !nodes_are_allowed(&region->nodes, task) &&
	    !atomic_cmpxchg(&region->lease.lost_reason, 0,
			    NUMAPERF_REASON_CPUSET))
		np_lease_lose(&region->lease, NUMAPERF_REASON_CPUSET, 0, 0);
	put_task_struct(task);
}

/* The caller's, with a reference to its lease. */
struct np_region *np_region_find(struct np_session *session, u64 id)
{
	struct np_lease *lease = np_lease_get_own(session, id);

	if (IS_ERR(lease))
		return ERR_CAST(lease);
	if (lease->kind == NUMAPERF_LEASE_REGION)
		return np_lease_region(lease);
	np_lease_put(lease);
	return ERR_PTR(-ENOENT);
}

/* ------------------------------------------------------------------- file */

/* The last mapping and descriptor are gone: of the file's release. */
void np_region_released(struct np_region *region)
{
	np_refault_end(region);
	np_region_drain(region);
	WRITE_ONCE(region->present, 0);
	region_uncharge(region);
	/* Nothing is left to observe. */
	np_lease_end_later(&region->lease, NUMAPERF_REASON_UNMAPPED_ALL);
	np_lease_put(&region->lease);
}

/* From here on np_region_released() has the pages and their charge. */
static struct file *region_open(struct np_region *region)
{
	struct file *file;

	file = np_region_file(region);
	if (IS_ERR(file))
		return file;
	np_lease_get(&region->lease);
	np_region_own(region);
	WRITE_ONCE(region->present,
		   (u64)region->npages * np_region_page_size(region));
	return file;
}

/* Charged, filled and with a file, or nothing. */
static struct file *region_build(struct np_region *region,
				 struct numaperf_ioc_region_new *arg)
{
	struct file *file;
	int err;

	err = region_charge(region, arg);
	if (err)
		return ERR_PTR(err);
	err = np_region_fill(region, &arg->reason, &arg->wrong_node);
	if (err)
		goto err_pages;
	file = region_open(region);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto err_pages;
	}
	return file;

err_pages:
	np_region_drain(region);
	region_uncharge(region);
	return ERR_PTR(err);
}

/* ------------------------------------------------------------------- new */

static struct np_region *region_alloc(struct np_session *session,
				      const struct numaperf_ioc_region_new *arg,
				      const nodemask_t *nodes)
{
	struct np_region *region;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return NULL;
	region->user = np_user_get(session->user);
	region->nodes = *nodes;
	region->interleave = arg->flags & NUMAPERF_REGION_INTERLEAVE;
	region->order = arg->flags & NUMAPERF_REGION_HUGE ? HPAGE_PMD_ORDER : 0;
	region->npages = arg->length >> (PAGE_SHIFT + region->order);
	region->parts = max(arg->parts, 1U);
	mutex_init(&region->sampler_lock);
	return region;
}

/*
 * Nobody has the descriptor until the caller has been told: the file and the
 * lease can still be taken back. The lease is visible before, and may be revoked.
 */
static int region_publish(struct np_region *region,
			  struct numaperf_ioc_region_new *arg,
			  struct file *file)
{
	int err, fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	/* Exec and exit end it even if others keep the file. */
	region->followed = np_lifecycle_works() && !np_lifecycle_get();
	err = np_lease_publish(&region->lease);
	if (err) {
		region_undo(&region->lease);
		put_unused_fd(fd);
		return err;
	}
	arg->fd = fd;
	arg->lease = region->lease.id;
	return 0;
}

static int region_take(struct np_region *region,
		       struct numaperf_ioc_region_new *arg,
		       struct file **ret_file)
{
	struct file *file;
	int err;

	region->pages = kvcalloc(region->npages, sizeof(*region->pages),
				 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!region->pages)
		return -ENOMEM;
	file = region_build(region, arg);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = arg->rate ? np_refault_set(region, arg->rate, 0) : 0;
	if (err == -EDQUOT)
		arg->reason = NUMAPERF_REASON_LOCKED_MEMORY;
	if (!err)
		err = region_publish(region, arg, file);
	if (err)
		fput(file);
	else
		*ret_file = file;
	return err;
}

static int region_check(struct np_region *region,
			struct numaperf_ioc_region_new *arg)
{
	int err;

	err = np_region_room(region, &arg->reason, &arg->wrong_node);
	if (err)
		return err;
	if (!nodes_are_allowed(&region->nodes, current)) {
		arg->reason = NUMAPERF_REASON_CPUSET;
		return -EXDEV;
	}
	if (np_user_may_lock(region->user, np_region_base_pages(region))) {
		arg->reason = NUMAPERF_REASON_LOCKED_MEMORY;
		return -EDQUOT;
	}
	return 0;
}

static int region_new(struct np_session *session,
		      struct numaperf_ioc_region_new *arg,
		      const nodemask_t *nodes, struct file **ret_file)
{
	struct np_region *region;
	int err;

	region = region_alloc(session, arg, nodes);
	if (!region)
		return -ENOMEM;
	err = np_lease_init(&region->lease, &region_lease_ops,
			    NUMAPERF_LEASE_REGION,
			    arg->flags & ~NUMAPERF_DRY_RUN, session, current,
			    &arg->reason);
	if (err) {
		region_free(&region->lease);
		return err;
	}
	err = region_check(region, arg);
	if (!err && !(arg->flags & NUMAPERF_DRY_RUN))
		err = region_take(region, arg, ret_file);
	np_lease_put(&region->lease);
	return err;
}

static int arg_check(const struct numaperf_ioc_region_new *arg)
{
	u64 page = arg->flags & NUMAPERF_REGION_HUGE ? HPAGE_PMD_SIZE : PAGE_SIZE;

	if (!arg->length || arg->length % page || arg->length > MAX_LFS_FILESIZE)
		return -EINVAL;
	if (arg->parts > min_t(u64, NUMAPERF_REGION_PARTS_MAX, arg->length / page) ||
	    arg->rate > NUMAPERF_REGION_RATE_MAX)
		return -EINVAL;
	return 0;
}

#define REGION_FLAGS							\
	(NUMAPERF_REGION_HUGE | NUMAPERF_REGION_INTERLEAVE | NUMAPERF_DRY_RUN)

/**
 * np_region_new() - REGION_NEW
 * @ret_file: not yet in the table of descriptors, under number @arg->fd; NULL
 *	after a dry run
 */
int np_region_new(struct np_session *session, struct numaperf_ioc_region_new *arg,
		  struct file **ret_file)
{
	nodemask_t nodes = NODE_MASK_NONE;
	int err;

	*ret_file = NULL;
	if (arg->flags & ~REGION_FLAGS)
		return -EOPNOTSUPP;
	if (arg->flags & NUMAPERF_REGION_HUGE &&
	    !IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return -EOPNOTSUPP;
	arg->fd = -1;
	arg->lease = 0;
	arg->reason = NUMAPERF_REASON_NONE;
	arg->wrong_node = NUMA_NO_NODE;
	err = arg_check(arg);
	if (err)
		return err;
	err = np_set_from_user(arg->nodes, arg->nodes_bits, nodes_addr(nodes),
			       nr_node_ids);
	if (err)
		return err;
	err = region_new(session, arg, &nodes, ret_file);
	if (err == -ENOMEM && !arg->reason)
		arg->reason = NUMAPERF_REASON_NO_MEMORY;
	return err;
}
