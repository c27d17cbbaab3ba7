// SPDX-License-Identifier: GPL-2.0
/*
 * Who is to be woken, and the waking, after the lock is dropped.
 *
 * Why no task is stranded: whenever a task is put on the queue, or a worker
 * takes one and leaves more behind, or a worker that was looking leaves for
 * good, wake_for_queue() sees to it, in the same hold of pool->lock, that some
 * worker is looking, or that every worker is busy and no more may be made. A
 * worker that looks takes the lock and finds the task, and in its turn wakes
 * the next: one wake-up is under way at a time, and the chain ends when the
 * queue is empty or the idle are used up.
 *
 * Why no wake-up is lost: a worker goes on the idle list and sets its state
 * before it drops the lock; who wakes it takes it off the list under the lock
 * and calls wake_up_process() after.
 */
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

#include "internal.h"

void waiter_init(struct wpool_waiter *waiter)
{
	*waiter = (struct wpool_waiter) { .told = -EINPROGRESS };
	init_completion(&waiter->done);
}

/**
 * waiter_tell() - tell a waiter that was just taken off its list
 * @waiter: the waiter
 * @told: what it is told
 * @wakes: gets it
 *
 * Context: pool->lock held.
 */
void waiter_tell(struct wpool_waiter *waiter, int told,
		 struct wpool_wakes *wakes)
{
	waiter->told = told;
	hlist_add_head(&waiter->hnode, &wakes->waiters);
}

/**
 * wake_for_queue() - see to it that somebody looks at the queue
 * @pool: the pool
 * @wakes: gets a worker to be woken
 *
 * An idle worker is used before one is made. Context: pool->lock held.
 */
void wake_for_queue(struct wpool *pool, struct wpool_wakes *wakes)
{
	struct wpool_worker *worker;

	lockdep_assert_held(&pool->lock);
	if (!queue_ready(pool) || pool->nr_looking)
		return;

	worker = list_first_entry_or_null(&pool->idle, struct wpool_worker,
					  idle_node);
	if (worker) {
		worker_unidle(worker);
		worker->looking = true;
		pool->nr_looking++;
		wakes->worker = worker->thread;
	} else if (!pool->spawn_asked && pool->nr_workers < pool->capacity) {
		pool->spawn_asked = true;
		manager_kick(pool);
	}
}

/**
 * pool_unlock_wake() - drop the lock, then wake those collected under it
 * @pool: the pool; may be gone when this returns, unless the caller holds it
 * @flags: from raw_spin_lock_irqsave()
 * @wakes: left empty
 *
 * The worker to be woken is not on the idle list any more, but it may wake up by
 * itself, run, leave and be buried before we come to it: RCU keeps its
 * task_struct. A waiter may be gone as soon as it is completed.
 */
void pool_unlock_wake(struct wpool *pool, unsigned long flags,
		      struct wpool_wakes *wakes)
	__releases(&pool->lock)
{
	struct wpool_waiter *waiter;
	struct hlist_node *next;

	rcu_read_lock();
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (wakes->worker)
		wake_up_process(wakes->worker);
	rcu_read_unlock();
	wakes->worker = NULL;

	hlist_for_each_entry_safe(waiter, next, &wakes->waiters, hnode)
		complete(&waiter->done);
	INIT_HLIST_HEAD(&wakes->waiters);
}
