// SPDX-License-Identifier: GPL-2.0
/*
 * Detects what a function must not leave behind when it returns: preemption, softirqs or
 * interrupts off, an RCU read-side critical section, a lock. It would harm the next task of the
 * thread, and be blamed on that task. So the message names the function, and all but the locks
 * is put right: nobody knows which locks may be dropped.
 *
 * A function is compared with the state before it: in a worker outside of any task, nothing is
 * held; in a nested run, it is what the function around it has, see leak_note().
 */
#include <linux/bottom_half.h>
#include <linux/debug_locks.h>
#include <linux/lockdep.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>

#include "leak.h"
#include "pool.h"

/* The most functions that are surely reported. */
#define LEAK_MAX_REPORTED	16

/*
 * Return: true if it was not reported before. Never freed: a function that is loaded at the same
 * address later is not reported.
 */
static bool leak_remember(const void *fn)
{
	static const void *reported[LEAK_MAX_REPORTED];
	const void *other;
	int i;

	for (i = 0; i < LEAK_MAX_REPORTED; i++) {
		other = cmpxchg(&reported[i], NULL, fn);
		if (!other)
			return true;
		if (other == fn)
			return false;
	}
	return false;
}

static void leak_report(const struct wpool *pool, const struct wpool_run *run,
		      const void *fn, int locks)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	if (!leak_remember(fn) && !__ratelimit(&limit))
		return;
	pr_err("%s: BUG: %ps returned with preempt_count 0x%x (was 0x%x), RCU depth %d (was %d), interrupts %s, %d more locks\n",
	       pool->name, fn, preempt_count(), run->preempt, rcu_preempt_depth(),
	       run->rcu, irqs_disabled() ? "off" : "on", locks);
	debug_show_held_locks(current);
	dump_stack();
}

/*
 * The part of preempt_count that is RCU's, which only lockdep tells apart from the rest:
 * lockdep would report each later sleep of the thread.
 */
static bool leak_is_rcu(const struct wpool_run *run)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	return !IS_ENABLED(CONFIG_PREEMPT_RCU) && debug_locks &&
	       preempt_count() > run->preempt && lock_is_held(&rcu_lock_map);
#else
	return false;
#endif
}

/* Softirqs first: on PREEMPT_RT, where disabling them takes a lock, they are an RCU section too. */
static void leak_mend(const struct wpool_run *run, int locks)
{
	if (irqs_disabled())
		local_irq_enable();
	while (softirq_count() > (run->preempt & SOFTIRQ_MASK))
		local_bh_enable();
	for (; locks > 0 && leak_is_rcu(run); locks--) {
		rcu_read_unlock();
		__acquire(RCU);
	}
	while (rcu_preempt_depth() > run->rcu) {
		rcu_read_unlock();
		__acquire(RCU);
	}
	while (rcu_preempt_depth() < run->rcu) {
		rcu_read_lock();
		__release(RCU);
	}
	if (preempt_count() != run->preempt)
		preempt_count_set(run->preempt);
}

/**
 * __leak_check() - the slow part of leak_check(): the state is not that of an idle worker
 * @pool: the pool
 * @run: the run, which may not have been used yet
 * @fn: as for leak_check()
 * @locks: how many more are held than before
 */
void __leak_check(const struct wpool *pool, const struct wpool_run *run, const void *fn,
		  int locks)
{
	/* Lockdep has stopped counting meanwhile. */
	if (locks < 0 && !lockdep_depth(current))
		locks = 0;
	if (preempt_count() == run->preempt && rcu_preempt_depth() == run->rcu &&
	    !irqs_disabled() && !locks)
		return;	/* the function around it has the same */
	leak_report(pool, run, fn ?: (const void *)run->fn, locks);
	leak_mend(run, locks);
}
