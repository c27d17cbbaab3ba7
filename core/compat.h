/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What core/ needs of kernel versions. The code is written in the form of the newest
 * kernel; older ones are brought up to it here. Headers that are installed, and samples,
 * must do without core/: the tracepoints and the bench have the little that they need.
 */
#ifndef _WPOOL_COMPAT_H
#define _WPOOL_COMPAT_H

#include <linux/version.h>

/*
 * 6.14 took it upon itself to keep a kthread on the CPUs that it prefers, or on those of
 * its node, as CPUs go and come. Before, each worker has to see to it.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define WPOOL_KTHREADS_KEEP_CPUS	false

struct cpumask;
struct task_struct;

static inline int kthread_affine_preferred(struct task_struct *p, const struct cpumask *mask)
{
	return 0;
}
#else
#define WPOOL_KTHREADS_KEEP_CPUS	true
#endif

#endif /* _WPOOL_COMPAT_H */
