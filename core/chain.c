// SPDX-License-Identifier: GPL-2.0
/*
 * Chains: in a pool with WPOOL_CHAIN a task that is submitted inside another one, when nothing
 * else waits, is left to the worker that has submitted it. That worker takes it when it comes
 * back, so no other one is woken for it, and it runs where its data is.
 *
 * It is on the queue, and whoever comes first takes it: the order of start is that of any pool.
 * What is put off is the wake-up, and that only
 *
 * - while no other task comes to the queue, see queue_link(): then a worker is woken as in any
 *   pool;
 * - until its submitter takes pool->lock again before it is back: it may be about to sleep;
 * - for CHAIN_JIFFIES, as the submitter may sleep, or compute, anywhere else, or die: then the
 *   timer kicks the manager, which takes and drops the lock, and so has a worker woken.
 *
 * So the second invariant of pool_lock.c holds a little later. Everything here needs pool->lock.
 * Modelled in scripts/model/chain.pml.
 */
#include <linux/jiffies.h>
#include <linux/lockdep.h>

#include "chain.h"
#include "current_thread.h"
#include "manager_kick.h"
#include "queue_batch.h"
#include "staging.h"
#include "task_lists.h"
#include "worker_list.h"

#define CHAIN_JIFFIES	2

/**
 * chain_offer() - leave a task to the current thread, if that is a worker inside a task
 * @pool: has WPOOL_CHAIN
 * @task: has just been accepted
 *
 * In a worker_start or a worker_stop, and in a task that runs nested, more than the next task may
 * come before the thread is back. While the staging queue is open there is nobody to wake, and a
 * task that comes that way would not end the chain; who opens it has ended it.
 *
 * Context: pool->lock held, and not dropped since the task was accepted.
 */
void chain_offer(struct wpool *pool, const struct wpool_task *task)
{
	struct wpool_worker *worker = worker_current(pool);

	lockdep_assert_held(&pool->lock);
	if (!worker || worker->nesting != 1 || worker_is_leaving(worker) || pool_ready(pool) != 1 ||
	    staging_is_open(pool))
		return;
	pool->chain = (struct wpool_chain) {
		.worker = worker, .task = task, .prio = task->prio,
		.until = jiffies + CHAIN_JIFFIES, .fresh = true,
	};
}

/*
 * Is the task that is left to its submitter the first on its list? It is only compared: its owner
 * may have it back. Context: as chain_is_kept().
 */
bool chain_waits(struct wpool *pool)
{
	const struct wpool_chain *chain = &pool->chain;

	return list_of_prio(pool, chain->prio)->next == &chain->task->node;
}

bool __chain_put_off(struct wpool *pool)
{
	struct wpool_chain *chain = &pool->chain;
	bool again = !chain->fresh && chain->worker == worker_current(pool);

	lockdep_assert_held(&pool->lock);
	chain->fresh = false;
	if (again || !chain_waits(pool) || time_after_eq(jiffies, chain->until)) {
		chain_break(pool);
		return false;
	}
	kick_pool_at(pool, chain->until);
	return true;
}
