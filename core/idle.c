// SPDX-License-Identifier: GPL-2.0
/*
 * What the workers of a pool are counted as: idle, looking, starting, leaving.
 *
 * Everything here needs pool->lock.
 */
#include "counter.h"
#include "idle.h"
#include "pool.h"

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
 * worker_leave() - have a worker take no task any more
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
		worker->pool->nr_starting--;
	}
}

/* The next worker may never come, so who sleeps may have to give up. Needs pool->lock. */
void pool_set_spawn_error(struct wpool *pool, int err)
{
	pool->spawn_error = err;
	if (err)
		pool_mark(pool, MARK_ASLEEP);
}
