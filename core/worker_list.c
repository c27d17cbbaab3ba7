// SPDX-License-Identifier: GPL-2.0
/*
 * The workers of a pool, and what they count as: idle, searching, starting, leaving.
 *
 * Everything here needs pool->lock.
 */
#include <linux/rculist.h>
#include <linux/wpool.h>

#include "capacity_slots.h"
#include "counter.h"
#include "pool.h"
#include "worker_list.h"

/**
 * worker_unidle() - take a worker off the idle list
 * @worker: on it
 *
 * Context: pool->lock held. The caller wakes it.
 */
void worker_unidle(struct wpool_worker *worker)
{
	list_del(&worker->idle_node);
	WRITE_ONCE(worker->idle, false);
	shared_dec(worker->pool->nr_idle);
}

/**
 * worker_leave() - let a worker take no more tasks
 * @worker: the worker
 *
 * Context: pool->lock held.
 */
void worker_leave(struct wpool_worker *worker)
{
	if (worker->leaving)
		return;
	WRITE_ONCE(worker->leaving, true);
	worker->pool->nr_leaving++;
	pool_mark(worker->pool, MARK_ASLEEP);
}

/**
 * worker_started() - a worker is about to look at the queue, or never will
 * @worker: the worker
 *
 * Context: pool->lock held.
 */
void worker_started(struct wpool_worker *worker)
{
	if (worker->starting) {
		WRITE_ONCE(worker->starting, false);
		/* Inside a task it is not counted, see run_task(). */
		worker->pool->nr_starting -= !worker->nesting;
	}
}

/* The next worker may never come, so a sleeping worker may have to give up. Needs pool->lock. */
void pool_set_spawn_error(struct wpool *pool, int err)
{
	pool->spawn_error = err;
	if (err)
		pool_mark(pool, MARK_ASLEEP);
}

/*
 * Counts a worker, which is starting from here on. Context: pool->lock held.
 *
 * Return: false if the capacity has been lowered since it took its slot.
 */
bool worker_link(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	if (pool->nr_workers >= pool->capacity)
		return false;
	wpool_get(pool);
	list_add_tail_rcu(&worker->node, &pool->workers);
	shared_inc(pool->nr_workers);
	stat_inc(pool, WPOOL_STAT_CREATED);
	if (pool->nr_workers > atomic64_read(&pool->stats[WPOOL_STAT_LARGEST]))
		atomic64_set(&pool->stats[WPOOL_STAT_LARGEST], pool->nr_workers);
	WRITE_ONCE(worker->starting, true);
	pool->nr_starting++;
	return true;
}

/**
 * worker_unlink() - stop counting a worker that has left or is dead
 * @worker: the worker
 *
 * Context: pool->lock held.
 */
void worker_unlink(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	/* One step for wpool_stats(), unless it runs in an NMI. */
	write_seqcount_begin(&pool->stats_seq);
	list_del_rcu(&worker->node);
	smp_wmb();	/* pairs with the barrier in stats_add_up() */
	counter_add(&pool->stats[WPOOL_STAT_COMPLETED], atomic64_read(&worker->ended));
	write_seqcount_end(&pool->stats_seq);
	shared_dec(pool->nr_workers);
	slots_put(pool);
	pool_mark(pool, MARK_ASLEEP | MARK_MANAGER);
}
