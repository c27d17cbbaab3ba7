// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for all tasks of a pool: wpool_flush() and wpool_drain(). flush_color.c has how the
 * tasks are told apart.
 */
#include <linux/module.h>

#include "color_count.h"
#include "current_thread.h"
#include "depmap.h"
#include "flush_color.h"
#include "pool.h"
#include "pool_lock.h"
#include "waiter.h"

static int flush_wait(struct wpool *pool, bool drain, const char *what)
{
	struct flusher flusher;
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool))
		return 0;
	might_sleep();
	if (worker_refused(pool, what))
		return -EDEADLK;
	if (sleep_refused())
		return -EINVAL;
	dep_wait_pool(pool, true);
	pool_lock(pool, flags);
	if (!pool_awaitable(pool)) {
		pool_unlock(pool, flags);
		return 0;
	}
	waiter_init(&flusher.waiter);
	flush_join(pool, &flusher, drain);
	wpool_get(pool);
	pool_unlock(pool, flags);

	wait_for_completion(&flusher.waiter.done);
	if (flusher.waiter.value) {
		pool_lock(pool, flags);
		flush_complete_some(pool);
		pool_unlock(pool, flags);
	}
	wpool_put(pool);
	return 0;
}

/**
 * wpool_flush() - wait until all tasks accepted before the call have ended
 * @pool: the pool; NULL is ignored
 *
 * It waits for a delayed task, however far its time is. Of a periodic task it waits only for a run
 * that is due. Tasks accepted later do not prolong the wait, unless 16 flushes of the pool are
 * under way.
 *
 * Context: Process context; may sleep, uninterruptibly. The caller holds a reference.
 * Return: 0; -EINVAL in atomic context; -EDEADLK, after a message, in a worker, a hook, a task or a
 * release of the pool. Then it has not waited.
 */
int wpool_flush(struct wpool *pool)
{
	return flush_wait(pool, false, "wpool_flush()");
}
EXPORT_SYMBOL_GPL(wpool_flush);

/**
 * wpool_drain() - wait until no task is queued, delayed or running
 * @pool: the pool; NULL is ignored
 *
 * It keeps nobody out, unlike drain_workqueue(): tasks that are scheduled meanwhile prolong the
 * wait. Of periodic tasks it waits only for runs that are due.
 *
 * Context: Process context; may sleep, uninterruptibly. The caller holds a reference.
 * Return: as wpool_flush().
 */
int wpool_drain(struct wpool *pool)
{
	return flush_wait(pool, true, "wpool_drain()");
}
EXPORT_SYMBOL_GPL(wpool_drain);
