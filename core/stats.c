// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of a pool.
 */
#include <linux/module.h>

#include "admitted.h"
#include "capacity_slots.h"
#include "counter.h"
#include "pool.h"
#include "pool_lock.h"
#include "task_lists.h"
#include "worker_list.h"

/**
 * wpool_stats() - read the counters of a pool
 * @pool: the pool
 * @stats: filled; zeroed without a pool
 *
 * All are of one moment. When a wait for a task returns, the task counts as ended.
 *
 * Context: Any but NMI.
 */
void wpool_stats(struct wpool *pool, struct wpool_stats *stats)
{
	unsigned long flags;
	int i;

	*stats = (struct wpool_stats) { };
	if (IS_ERR_OR_NULL(pool))
		return;
	pool_lock(pool, flags);
	for (i = WPOOL_STAT_SUBMITTED; i <= WPOOL_STAT_LARGEST; i++)
		stats->count[i] = stat_read(pool, i);
	stats->count[WPOOL_STAT_CAPACITY] = pool_capacity(pool);
	stats->count[WPOOL_STAT_WORKERS] = workers_made(pool);
	stats->count[WPOOL_STAT_IDLE] = workers_idle(pool);
	stats->count[WPOOL_STAT_RUNNING] = workers_running(pool);
	stats->count[WPOOL_STAT_DELAYED] = tasks_delayed(pool);
	stats->count[WPOOL_STAT_BLOCKED] = submitters_asleep(pool);
	stats->count[WPOOL_STAT_QUEUED] = tasks_queued(pool);
	stats->state = pool->state;
	pool_unlock(pool, flags);
}
EXPORT_SYMBOL_GPL(wpool_stats);
