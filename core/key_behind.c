// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that wait behind the head of a key, for a task or for a group.
 *
 * Such a worker can run the head, and must if no other is free to. wake_behind() looks at some of
 * the tasks behind a head when that comes to the queue, but it may be that nobody waits for these
 * any more. If there are more of them, the manager wakes all workers of the pool that wait, without
 * a time limit, for a task that is deferred or for a group. Until it has, nobody is refused as
 * if all were asleep, see deadlock.h.
 */
#include <linux/list.h>
#include <linux/sched.h>

#include "group.h"
#include "key.h"
#include "key_behind.h"
#include "key_release.h"
#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "task_waiters.h"
#include "waiter.h"
#include "worker_list.h"

/* Could it run the head of the key of what it waits for? Context: pool->lock held. */
static bool waits_behind(struct wpool *pool, const struct wpool_waiter *waiter)
{
	return waiter && waiter->can_help && task_waiter_is_on(pool, waiter) &&
	       waiter->task->state == TASK_QUEUED && key_is_follower(waiter->task);
}

/* Context: pool->lock held. */
static void have_look(struct wpool *pool, struct wpool_worker *worker)
{
	struct wpool_waiter *waiter = worker->waiter;

	if (waits_behind(pool, waiter)) {
		task_waiter_del(pool, waiter);
		waiter_complete(waiter, -EAGAIN, pool_wake_queue(pool));
	}
	waiter = worker->group_waiter;
	if (waiter && group_forget(waiter))
		waiter_complete(waiter, -EAGAIN, pool_wake_queue(pool));
}

/**
 * behind_look() - wake workers that wait behind a key, if some were left asleep
 * @pool: the pool
 *
 * Context: the manager, which alone lets workers begin and frees them.
 */
void behind_look(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned long flags;
	unsigned int n = 0, unwoken;

	if (!READ_ONCE(pool->behind_unwoken))
		return;
	pool_lock(pool, flags);
	unwoken = pool->behind_unwoken;
	for_each_worker(worker, pool) {
		hold_step(pool);
		have_look(pool, worker);
		if (++n % WPOOL_CHUNK)
			continue;
		pool_unlock(pool, flags);
		cond_resched();
		pool_lock(pool, flags);
	}
	/* Otherwise it is done again, for a head that came to the queue meanwhile. */
	key_behind_woken(pool, unwoken);
	pool_mark(pool, pool->behind_unwoken ? MARK_MANAGER : MARK_ASLEEP);
	pool_unlock(pool, flags);
}
