/* SPDX-License-Identifier: GPL-2.0 */
/* Detects what a function leaves behind; see leak.c. */
#ifndef _WPOOL_LEAK_H
#define _WPOOL_LEAK_H

#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "pool.h"
#include "types.h"

void __leak_check(const struct wpool *pool, const struct wpool_run *run, const void *fn,
		  int locks);

/* Notes the state of a thread that begins a nested run. Needs pool->lock, which counts. */
static inline void leak_note(struct wpool_run *run)
{
	run->preempt = preempt_count() - PREEMPT_DISABLE_OFFSET;
	run->rcu = rcu_preempt_depth();
}

/**
 * leak_check() - check whether a function has left something behind, see leak.c
 * @pool: the pool
 * @run: the run that it belongs to
 * @fn: what has returned: a hook, or NULL for the function of the run
 * @locks: lockdep_depth() before it was called
 */
static __always_inline void leak_check(const struct wpool *pool,
				       const struct wpool_run *run, const void *fn,
				       int locks)
{
	locks = lockdep_depth(current) - locks;
	if (unlikely(preempt_count() | rcu_preempt_depth() | locks) ||
	    unlikely(irqs_disabled()))
		__leak_check(pool, run, fn, locks);
}

#endif /* _WPOOL_LEAK_H */
