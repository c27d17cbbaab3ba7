/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What core/ needs for older kernel versions. The code is written for the newest kernel; this
 * file adapts older ones. Headers that are installed, and samples, cannot use core/: the
 * tracepoints and the bench have the little that they need themselves.
 */
#ifndef _WPOOL_COMPAT_H
#define _WPOOL_COMPAT_H

#include <linux/version.h>

/*
 * Since 7.0 the kernel keeps a kthread on its preferred CPUs, or on those of its node, when CPUs go
 * and come. Before, each worker must do this itself: 6.14 to 6.16 do not all export the function,
 * and up to 6.19 it leaves out CPUs of nohz_full that a mask names.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#include <linux/kthread.h>	/* may have one of that name */

#define WPOOL_KTHREADS_KEEP_CPUS	false
#define kthread_affine_preferred	wpool_kthread_affine_preferred

static inline int kthread_affine_preferred(struct task_struct *p, const struct cpumask *mask)
{
	return 0;
}
#else
#define WPOOL_KTHREADS_KEEP_CPUS	true
#endif

/* 6.2 has these names, and so have later releases of 6.1, in which the old ones call them. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#include <linux/timer.h>

#define timer_delete		del_timer
#define timer_delete_sync	del_timer_sync
#endif

/* Without SMP 6.1 has no count of how often a thread has forbidden its migration. */
#ifdef CONFIG_SMP
#define WPOOL_MIGRATION_DISABLED(thread)	((thread)->migration_disabled)
#else
#define WPOOL_MIGRATION_DISABLED(thread)	0
#endif

/*
 * Does anything pin a module that goes? Its loader does, if its init was not begun; and where none
 * can be unloaded its init has failed.
 */
#ifdef CONFIG_MODULE_UNLOAD
#define WPOOL_MODULE_PINNED(module)	(module_refcount(module) > 0)
#else
#define WPOOL_MODULE_PINNED(module)	true
#endif

#endif /* _WPOOL_COMPAT_H */
