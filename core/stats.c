// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of a pool, read without a lock.
 */
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>

#include "admitted.h"
#include "capacity_slots.h"
#include "counter.h"
#include "pool.h"
#include "queue_batch.h"
#include "staging.h"
#include "task_lists.h"
#include "worker_list.h"

/*
 * Adds up the counters of the pool and of its workers, which count without the lock. When a
 * worker is unlinked its counts move to the pool: no reader sees them in both, as the worker is
 * off the list before. A reader that may have seen them in neither reads again; but not in an
 * NMI, which may have hit the thread that unlinks the worker and would wait for ever.
 */
static void stats_add_up(struct wpool *pool, struct wpool_stats *stats)
{
	struct wpool_worker *worker;
	unsigned int seq;
	int i;

	rcu_read_lock();
	do {
		seq = stats_sum_begin(pool);
		for (i = WPOOL_STAT_SUBMITTED + 1; i <= WPOOL_STAT_LARGEST; i++)
			stats->count[i] = stat_read(pool, i);
		smp_rmb();	/* pairs with the barrier in worker_unlink() */
		for_each_worker_rcu(worker, pool)
			stats->count[WPOOL_STAT_COMPLETED] +=
				worker_ended(worker);
	} while (stats_sum_retry(pool, seq) && !in_nmi());
	rcu_read_unlock();
}

/**
 * wpool_stats() - read the counters of a pool
 * @pool: the pool
 * @stats: filled; zeroed without a pool
 *
 * Takes no lock: while the pool is working, a task that moves from the queue to a worker may be
 * missed or counted twice. When a wait for a task returns, the task counts as ended. No task counts
 * as ended before it counts as accepted.
 *
 * Context: Any. In an NMI it may miss tasks of a dead worker. With CONFIG_GENERIC_ATOMIC64 it gets
 * only the state and the values marked "now" there, except the number queued.
 */
void wpool_stats(struct wpool *pool, struct wpool_stats *stats)
{
	*stats = (struct wpool_stats) { };
	if (IS_ERR_OR_NULL(pool))
		return;
	stats->count[WPOOL_STAT_CAPACITY] = pool_capacity(pool);
	stats->count[WPOOL_STAT_WORKERS] = workers_made(pool);
	stats->count[WPOOL_STAT_IDLE] = workers_idle(pool);
	stats->count[WPOOL_STAT_RUNNING] = workers_running(pool);
	stats->count[WPOOL_STAT_DELAYED] = tasks_delayed(pool);
	stats->count[WPOOL_STAT_BLOCKED] = submitters_asleep(pool);
	stats->state = READ_ONCE(pool->state);
	if (IS_ENABLED(CONFIG_GENERIC_ATOMIC64) && in_nmi())
		return;
	stats->count[WPOOL_STAT_QUEUED] = pool_waiting(pool);
	stats_add_up(pool, stats);
	/* Read last: pairs with the lock, under which a task is counted here first. */
	smp_rmb();
	stats->count[WPOOL_STAT_SUBMITTED] =
		stat_read(pool, WPOOL_STAT_SUBMITTED) +
		staging_accepted(pool);
}
EXPORT_SYMBOL_GPL(wpool_stats);
