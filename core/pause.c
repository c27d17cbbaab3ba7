// SPDX-License-Identifier: GPL-2.0
/* A paused pool begins no tasks. */
#include <linux/module.h>

#include "inbox.h"
#include "pool.h"
#include "pool_lock.h"
#include "refs.h"
#include "task_lists.h"

/**
 * wpool_pause() - begin no more tasks
 * @pool: the pool; NULL is ignored, the default pool refused with a message
 *
 * Running tasks are not affected. Queued tasks stay, and more are accepted. A worker that waits for
 * a task still runs that task. Pauses do not nest: one wpool_resume() ends any number of them. So
 * does a shutdown.
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
		inbox_shut(pool);
		pool_set_paused(pool, true);
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
		pool_set_paused(pool, false);
	pool_unlock(pool, flags);
}
EXPORT_SYMBOL_GPL(wpool_resume);
