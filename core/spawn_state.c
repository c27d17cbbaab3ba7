// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of the workers that are yet to be made: whether the manager has been asked for
 * one, why the last could not be made, which thread waits for them, and for how long the next is
 * put off, as those before it have died.
 */
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/fault-inject.h>	/* 6.1: needs the others before it */

#include "marks.h"
#include "pool.h"
#include "spawn_state.h"
#include "waiter.h"
#include "worker_list.h"

#if defined(CONFIG_FAULT_INJECTION) && IS_ENABLED(CONFIG_KUNIT)
/* See the kernel's fault injection. */
struct fault_attr wpool_fail_spawn = FAULT_ATTR_INITIALIZER;
EXPORT_SYMBOL_GPL(wpool_fail_spawn);

bool spawn_must_fail(void)
{
	return should_fail(&wpool_fail_spawn, 1);
}
#endif

/*
 * Why the last could not be made, or the next takes long, or 0. It may never come, so a sleeping
 * worker may have to give up. Context: pool->lock held.
 */
void spawn_set_error(struct wpool *pool, int err)
{
	pool->spawn.error = err;
	if (err)
		pool_mark(pool, MARK_ASLEEP);
}

/*
 * Asks the manager for the workers to be kept, and @n more. Context: pool->lock held; the pool
 * is open, and no other thread waits for this.
 */
void spawn_ask_for(struct wpool *pool, struct wpool_waiter *starter, unsigned int n)
{
	lockdep_assert_held(&pool->lock);
	n = min(n, pool_capacity(pool));	/* whatever the caller has said: this is added to */
	pool->spawn.starter = starter;
	pool->spawn.to_start = n;
	pool->spawn.to_begin = n + pool_keep(pool) - min(pool_keep(pool), pool_alive(pool));
	pool_mark(pool, MARK_MANAGER);
}

/* One of the kept, or, beyond them, of those asked for has been made. Context: pool->lock held. */
void spawn_made(struct wpool *pool)
{
	if (pool->spawn.to_begin)
		pool->spawn.to_begin--;
	if (pool_alive(pool) <= pool_keep(pool) || !pool->spawn.to_start)
		return;
	pool->spawn.to_start--;
	pool->spawn.started++;
}

/* Completes the thread that asked for workers, with what it lacks. Context: pool->lock held. */
void spawn_complete(struct wpool *pool, int err)
{
	struct wpool_waiter *starter = pool->spawn.starter;

	if (starter)
		starter->value = pool->spawn.started;
	pool->spawn.to_start = 0;
	pool->spawn.started = 0;
	pool->spawn.starter = NULL;
	if (!starter)
		return;
	waiter_complete(starter, err, pool_wake_queue(pool));
}

/* Has it ever begun a task? It sets the function and never clears it. */
static bool worker_has_run(const struct wpool_worker *worker)
{
	return READ_ONCE(worker->runs[0].fn);
}

/* The worker has run a task, so new workers can be expected to run too. */
void spawn_worker_ran(struct wpool *pool, const struct wpool_worker *worker)
{
	if ((int)(worker->turn - pool->spawn.backoff_turn) >= 0 && worker_has_run(worker))
		pool->spawn.backoff = 0;
}

/*
 * A worker that died outside of a task, or in a task that it ran while it started, counts as
 * one that could not be made: the next may die in the same way, and each death may be an oops.
 * So the next must wait, twice as long each time, until one of those that were made since has
 * started and run a task. Those that were made before the last such death died of the same
 * cause.
 */
void spawn_put_off(struct wpool_worker *dead)
{
	struct wpool *pool = dead->pool;
	struct wpool_worker *worker;

	for_each_worker(worker, pool) {
		if (!worker_is_starting(worker))
			spawn_worker_ran(pool, worker);
	}
	if (pool->spawn.backoff && (int)(dead->turn - pool->spawn.backoff_turn) < 0)
		return;
	pool->spawn.backoff = clamp_t(unsigned long, 2 * pool->spawn.backoff, WPOOL_SPAWN_RETRY,
				WPOOL_SPAWN_BACKOFF);
	pool->spawn.until = jiffies + pool->spawn.backoff;
	pool->spawn.backoff_turn = pool->spawn.next_turn;
}

/* The pool has come to its end. Context: the manager. */
void spawn_forget_backoff(struct wpool *pool)
{
	pool->spawn.backoff = 0;
}
