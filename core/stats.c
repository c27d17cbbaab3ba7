// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of a pool, read without a lock.
 */
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>

#include "pool.h"
#include "staging.h"

/*
 * Of pool and workers, each of which counts what it does without the lock. What a worker
 * has counted is the pool's when it is unlinked: it is not seen in both, as it is off the
 * list before. Who sees it in neither looks again; but for an NMI, which may have hit who
 * is unlinking it and would wait for ever.
 */
static void stats_add_up(struct wpool *pool, struct wpool_stats *stats)
{
	struct wpool_worker *worker;
	unsigned int seq;
	int i;

	rcu_read_lock();
	do {
		seq = raw_seqcount_begin(&pool->stats_seq);
		for (i = WPOOL_STAT_SUBMITTED + 1; i <= WPOOL_STAT_LARGEST; i++)
			stats->count[i] = atomic64_read(&pool->stats[i]);
		smp_rmb();	/* pairs with that in worker_unlink() */
		list_for_each_entry_rcu(worker, &pool->workers, node)
			stats->count[WPOOL_STAT_COMPLETED] +=
				atomic64_read(&worker->ended);
	} while (read_seqcount_retry(&pool->stats_seq, seq) && !in_nmi());
	rcu_read_unlock();
}

/**
 * wpool_stats() - read the counters of a pool
 * @pool: the pool
 * @stats: filled; zeroed without a pool
 *
 * Takes no lock, so while the pool is at work the values are of moments that
 * follow one another, and a task that goes from queue to worker just then may be
 * missed, or be seen in both. A task is in them as ended at the latest when its waiter
 * knows, and never as ended before it is as submitted.
 *
 * Context: Any. An NMI waits for nobody: it may miss what a worker has ended that is just
 * being reaped; and where 64 bits are read under a lock (CONFIG_GENERIC_ATOMIC64) it gets
 * the state and what is marked "now", but for the number queued, and no more.
 */
void wpool_stats(struct wpool *pool, struct wpool_stats *stats)
{
	*stats = (struct wpool_stats) { };
	if (IS_ERR_OR_NULL(pool))
		return;
	stats->count[WPOOL_STAT_CAPACITY] = READ_ONCE(pool->capacity);
	stats->count[WPOOL_STAT_WORKERS] = READ_ONCE(pool->nr_workers);
	stats->count[WPOOL_STAT_IDLE] = READ_ONCE(pool->nr_idle);
	stats->count[WPOOL_STAT_RUNNING] = READ_ONCE(pool->nr_running);
	stats->count[WPOOL_STAT_DELAYED] = READ_ONCE(pool->nr_delayed);
	stats->count[WPOOL_STAT_BLOCKED] = READ_ONCE(pool->nr_blocked);
	stats->state = READ_ONCE(pool->state);
	if (IS_ENABLED(CONFIG_GENERIC_ATOMIC64) && in_nmi())
		return;
	stats->count[WPOOL_STAT_QUEUED] = pool_waiting(pool);
	stats_add_up(pool, stats);
	/* Last: pairs with the lock, under which a task is counted first here. */
	smp_rmb();
	stats->count[WPOOL_STAT_SUBMITTED] =
		atomic64_read(&pool->stats[WPOOL_STAT_SUBMITTED]) +
		atomic64_read(&pool->staging.accepted);
}
EXPORT_SYMBOL_GPL(wpool_stats);
