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
 * Tasks accepted later do not prolong the wait, unless 16 such waits of the pool, each for other
 * tasks, are under way: then the last of them may wait for some, too. Of a periodic task it waits
 * for a run that is due, and not for the next one; one that wpool_modify_delayed() has put off
 * while the task runs is due when that run has ended, at the earliest. A worker of the pool would
 * wait for itself: the call is refused, with a message.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: 0; -EINVAL in atomic context; -EDEADLK in a worker, a hook or a task of the pool, or in
 * a release of it that wpool's own thread calls: the call has waited for nothing, and the tasks go
 * on.
 */
int wpool_flush(struct wpool *pool)
{
	return flush_wait(pool, false, "wpool_flush()");
}
EXPORT_SYMBOL_GPL(wpool_flush);

/**
 * wpool_drain() - wait until nothing is queued and nothing is running
 * @pool: the pool; NULL is ignored
 *
 * Other threads may go on submitting, which prolongs the wait. Of periodic tasks it waits for
 * runs that are due, and not for the next ones. A worker of the pool would wait for itself: the
 * call is refused, with a message.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: as wpool_flush().
 */
int wpool_drain(struct wpool *pool)
{
	return flush_wait(pool, true, "wpool_drain()");
}
EXPORT_SYMBOL_GPL(wpool_drain);
