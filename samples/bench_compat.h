/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What wpool_bench needs of the kernels' names, in the form of the newest one: a
 * sample is built without core/.
 */
#ifndef _WPOOL_BENCH_COMPAT_H
#define _WPOOL_BENCH_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mm_types.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* What shmem_file_setup() takes. */
#ifndef EMPTY_VMA_FLAGS
#define EMPTY_VMA_FLAGS	0
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define WQ_PERCPU	0
#define system_dfl_wq	system_unbound_wq
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define kthread_run_worker	kthread_create_worker
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

#endif /* _WPOOL_BENCH_COMPAT_H */
