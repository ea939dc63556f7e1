/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels. The only file that looks at the kernel's
 * version; each block names the upstream change.
 */
#ifndef NP_COMPAT_H
#define NP_COMPAT_H

#include <linux/anon_inodes.h>
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* Argument @n of the function that an ftrace callback stands at. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
/* "ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses" */
#define np_ftrace_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#else
#define np_ftrace_argument(fregs, n)	\
	regs_get_kernel_argument(&(fregs)->regs, n)
#endif

/*
 * set_cpus_allowed_common(): the new mask and the flags.
 * 6.2: "sched: Introduce affinity_context" folds both into one argument, a
 * structure private to kernel/sched, whose head is repeated here.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
struct np_affinity_context {
	const struct cpumask *new_mask;
	struct cpumask *user_mask;
	unsigned int flags;
};

static inline const struct cpumask *
np_affinity_arguments(unsigned long a1, unsigned long a2, unsigned int *flags)
{
	const struct np_affinity_context *ctx = (const void *)a1;

	*flags = ctx->flags;
	return ctx->new_mask;
}
#else
static inline const struct cpumask *
np_affinity_arguments(unsigned long a1, unsigned long a2, unsigned int *flags)
{
	*flags = a2;
	return (const struct cpumask *)a1;
}
#endif

/*
 * mpol_misplaced(): its first argument is a page, a folio from 6.9 on
 * ("mm: convert mpol_misplaced() to mpol_misplaced_folio()"). A folio's first
 * member is its head page.
 */
static inline struct page *np_misplaced_page(unsigned long a0)
{
	return (struct page *)a0;
}

/*
 * Its second one is the mapping; from 6.10 on the struct vm_fault, which has it
 * ("mm/numa_balancing: allow migrate on protnone reference with
 * MPOL_PREFERRED_MANY policy").
 */
static inline struct vm_area_struct *np_misplaced_vma(unsigned long a1)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return ((struct vm_fault *)a1)->vma;
#else
	return (struct vm_area_struct *)a1;
#endif
}

/* 6.3: "mm: introduce vma->vm_flags wrapper functions" */
static inline void np_vm_flags_clear(struct vm_area_struct *vma,
				     unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

/*
 * Joining a group: "genetlink: add CAP_NET_ADMIN test for multicast bind" (6.7,
 * in 6.1 since 6.1.67) renames the flag and makes it work for bind(2), too.
 */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define NP_GENL_MCAST_ADMIN	GENL_MCAST_CAP_NET_ADMIN
#else
#define NP_GENL_MCAST_ADMIN	GENL_UNS_ADMIN_PERM
#endif

/*
 * A file with an anonymous inode of its own.
 * 6.8: "fs: Rename anon_inode_getfile_secure() and anon_inode_getfd_secure()"
 * exports what makes one; before, only its parts are exported, and the file
 * system is to be had from a file.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
static inline struct file *np_anon_file_create(const char *name,
					       const struct file_operations *fops,
					       void *data)
{
	return anon_inode_create_getfile(name, fops, data, O_RDWR, NULL);
}
#else
static inline struct file *np_anon_file_on(struct vfsmount *mnt,
					   const char *name,
					   const struct file_operations *fops,
					   void *data)
{
	struct inode *inode;
	struct file *file;

	inode = anon_inode_make_secure_inode(mnt->mnt_sb, name, NULL);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	file = alloc_file_pseudo(inode, mnt, name, O_RDWR, fops);
	if (IS_ERR(file)) {
		iput(inode);
		return file;
	}
	/* The caller's module is in use; the last put is the kernel's. */
	__module_get(fops->owner);
	file->f_mapping = inode->i_mapping;
	file->private_data = data;
	return file;
}

static inline struct file *np_anon_file_create(const char *name,
					       const struct file_operations *fops,
					       void *data)
{
	static const struct file_operations none = { .owner = THIS_MODULE };
	struct file *model, *file;

	model = anon_inode_getfile(name, &none, NULL, O_RDWR);
	if (IS_ERR(model))
		return model;
	file = np_anon_file_on(model->f_path.mnt, name, fops, data);
	fput(model);
	return file;
}
#endif

/* 6.3: "mm: replace vma->vm_flags direct modifications with modifier calls" */
static inline void np_vma_flags_set(struct vm_area_struct *vma,
				    unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

#endif /* NP_COMPAT_H */
