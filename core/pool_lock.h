/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Taking and dropping pool->lock; see pool_lock.c.
 *
 * pool_lock() moves what is in the inbox to the queue, pool_lock_irq() does not. Only
 * pool_unlock() and pool_unlock_irq() drop the lock; they restore the invariants of the
 * pool and wake the threads of its wake queue.
 */
#ifndef _WPOOL_POOL_LOCK_H
#define _WPOOL_POOL_LOCK_H

#include <linux/spinlock.h>

#include "inbox.h"
#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "types.h"
#include "waiter.h"
#include "worker_list.h"

void __pool_restore(struct wpool *pool);
void pool_restore_all(struct wpool *pool);
void __pool_unlock_wake(struct wpool *pool, unsigned long flags) __releases(&pool->lock);
void __pool_unlock_wake_irq(struct wpool *pool) __releases(&pool->lock);

/*
 * Are more tasks ready than workers are searching for them? Starting workers will search. Needs
 * pool->lock.
 */
static inline bool queue_wants_worker(const struct wpool *pool)
{
	return queue_nr_ready(pool) > workers_searching(pool) + workers_starting(pool);
}

/*
 * No worker searches, and one is idle or may be made: so one is needed for a task that could begin,
 * and the inbox must be shut.
 */
static inline bool queue_unseen(const struct wpool *pool)
{
	return unlikely(pool->watch & WATCH_UNSEEN) &&
	       (queue_nr_ready(pool) || inbox_is_open(pool) || inbox_has_some(pool));
}

/*
 * For a worker that goes on in the same hold of the lock: it must see the effects of the end of
 * its last task. The second invariant needs nothing, as this worker searches for the next task.
 */
static inline void pool_restore(struct wpool *pool)
{
	if (unlikely(pool_marks(pool)))
		__pool_restore(pool);
}

/**
 * pool_lock() - take pool->lock, and find all tasks on the queue that were accepted before
 * @pool: the pool
 * @flags: for pool_unlock()
 */
#define pool_lock(pool, flags) do {				\
	raw_spin_lock_irqsave(&(pool)->lock, flags);		\
	hold_begin(pool);					\
	inbox_collect(pool);					\
} while (0)

/*
 * For a worker that comes back from a task, and looks into the inbox when it needs a task. It had
 * interrupts on.
 */
static inline void pool_lock_irq(struct wpool *pool)
	__acquires(&pool->lock)
{
	raw_spin_lock_irq(&pool->lock);
	hold_begin(pool);
}

/**
 * pool_unlock() - restore the invariants, drop the lock, and wake the wake queue
 * @pool: the pool; may be gone when this returns, unless the caller holds it
 * @flags: from pool_lock()
 */
static inline void pool_unlock(struct wpool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	if (unlikely(pool_marks(pool) || queue_unseen(pool)))
		pool_restore_all(pool);
	if (unlikely(wake_queue_any(pool_wake_queue(pool))))
		__pool_unlock_wake(pool, flags);
	else
		raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* The same for a caller that had interrupts on. */
static inline void pool_unlock_irq(struct wpool *pool)
	__releases(&pool->lock)
{
	if (unlikely(pool_marks(pool) || queue_unseen(pool)))
		pool_restore_all(pool);
	if (unlikely(wake_queue_any(pool_wake_queue(pool))))
		__pool_unlock_wake_irq(pool);
	else
		raw_spin_unlock_irq(&pool->lock);
}

#endif /* _WPOOL_POOL_LOCK_H */
