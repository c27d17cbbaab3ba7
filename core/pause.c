// SPDX-License-Identifier: GPL-2.0
/*
 * A pool begins no more tasks for a while.
 */
#include <linux/module.h>

#include "pool.h"
#include "pool_lock.h"
#include "queue_batch.h"
#include "refs.h"

/**
 * wpool_pause() - begin no more tasks
 * @pool: the pool; NULL is ignored, the default pool refused with a message
 *
 * Those that run go on; those queued stay, and more are accepted. A task that a
 * worker waits for is run by it all the same. Shutting the pool down ends a pause.
 *
 * Context: Any but NMI.
 */
void wpool_pause(struct wpool *pool)
{
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool) || pool_is_shared(pool, "wpool_pause()"))
		return;
	pool_lock(pool, flags);
	if (pool->state == WPOOL_STATE_RUNNING) {
		batch_reclaim(pool);
		pool->paused = true;
	}
	pool_unlock(pool, flags);
}
EXPORT_SYMBOL_GPL(wpool_pause);

/**
 * wpool_resume() - begin tasks again
 * @pool: the pool; NULL is ignored
 *
 * Context: Any but NMI.
 */
void wpool_resume(struct wpool *pool)
{
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool))
		return;
	pool_lock(pool, flags);
	if (pool->state == WPOOL_STATE_RUNNING)
		pool->paused = false;
	pool_unlock(pool, flags);
}
EXPORT_SYMBOL_GPL(wpool_resume);
