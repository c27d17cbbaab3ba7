// SPDX-License-Identifier: GPL-2.0
/*
 * What is done after the end of a worker's thread, by the manager: it learns of that
 * as thread_exit.c says, and pays what the worker owes.
 *
 * A worker that left by itself has nothing but its place. One that was taken down, by a
 * task or outside of any, is withdrawn at once, so that nobody counts on it; its hooks
 * are called (hooks.c); and then its tasks end, and its place is given back.
 *
 * What it had on its stack is gone with it, tasks of its own among that. A worker's thread has
 * seen to them as it ended, see worker_stack.c; here they are not touched any more.
 */
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <trace/events/wpool.h>

#include "caller_runs.h"
#include "counter.h"
#include "dead_run.h"
#include "dead_worker.h"
#include "hooks.h"
#include "pool.h"
#include "pool_lock.h"
#include "task_end.h"
#include "thread_exit.h"
#include "worker_list.h"
#include "worker_stack.h"

/* Nobody counts on the worker any more. Context: pool->lock held. */
static void withdraw_worker(struct wpool_worker *worker)
{
	batch_harvest(worker);
	worker_started(worker);
	worker_has_searched(worker);
	if (worker->idle)
		worker_unidle(worker);
}

/* Has it ever begun a task? It notes the function and does not clear it. */
static bool worker_has_run(const struct wpool_worker *worker)
{
	return READ_ONCE(worker->runs[0].fn);
}

/* A worker that has run a task: those that are made now may be expected to. */
static void end_backoff(struct wpool *pool, const struct wpool_worker *worker)
{
	if ((int)(worker->id - pool->backoff_id) >= 0 && worker_has_run(worker))
		pool->backoff = 0;
}

/*
 * A worker that died outside of a task, or in one that it ran as it started, is one that
 * could not be made: the next may die as it did, and each death may be an oops. So the
 * next has to wait, twice as long each time until one of those that were made since has
 * started and run a task. The others that were made before the last such death died of
 * the same.
 */
static void begin_backoff(struct wpool_worker *dead)
{
	struct wpool *pool = dead->pool;
	struct wpool_worker *worker;

	list_for_each_entry(worker, &pool->workers, node) {
		if (!READ_ONCE(worker->starting))
			end_backoff(pool, worker);
	}
	if (pool->backoff && (int)(dead->id - pool->backoff_id) < 0)
		return;
	pool->backoff = clamp_t(unsigned long, 2 * pool->backoff, WPOOL_SPAWN_RETRY,
				WPOOL_SPAWN_BACKOFF);
	pool->backoff_until = jiffies + pool->backoff;
	pool->backoff_id = pool->next_id;
}

/*
 * Ends the tasks that a dead worker was inside: innermost first, as they would have
 * ended. Context: pool->lock held.
 */
static void run_reap(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	unsigned int depth = worker->nesting;

	lockdep_assert_held(&pool->lock);
	if (!depth)
		return;
	WRITE_ONCE(worker->nesting, 0);
	while (depth--)
		run_reap_one(pool, &worker->runs[depth], depth);
	/* At last: until all have been told who wait for one of them somebody goes on. */
	shared_dec(pool->nr_running);
	pool_mark_end(pool);
}

/* Pays what a worker owes whose thread has ended, and whose hooks have returned. */
static void reap_worker(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	unsigned long flags;

	pool_lock(pool, flags);
	if (worker->leaving)
		pool->nr_leaving--;
	withdraw_worker(worker);
	worker_unlink(worker);
	run_reap(worker);
	pool_unlock(pool, flags);

	end_backoff(pool, worker);
	worker_put(worker);
	wpool_put(pool);
}

static void worker_reap_dead(struct wpool_exit *exit)
{
	reap_worker(container_of(exit, struct wpool_worker, exit));
}

/* Before its task's owner is let go of: the function has a name only until then. */
static void report_died(const struct wpool_worker *worker)
{
	const struct wpool *pool = worker->pool;

	trace_wpool_worker_exit(pool->name, worker->id);
	if (worker->nesting)
		pr_err("%s: worker %u (pid %d) died in %ps; the task failed with %pe\n",
		       pool->name, worker->id, worker->pid_nr,
		       worker->runs[worker->nesting - 1].fn, ERR_PTR(-EOWNERDEAD));
	else
		pr_err("%s: worker %u (pid %d) died outside of a task; the next is made after %u ms\n",
		       pool->name, worker->id, worker->pid_nr,
		       jiffies_to_msecs(pool->backoff));
}

/*
 * What goes on without a worker that died goes on at once; its place, and the tasks
 * that it was inside, wait for the hooks. Return: true if these have it now.
 */
static bool worker_died(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	unsigned long flags;
	bool taken, unmade = !worker->nesting || worker->starting;

	if (unmade)
		begin_backoff(worker);
	report_died(worker);
	pool_lock(pool, flags);
	if (unmade)
		pool_set_spawn_error(pool, -EOWNERDEAD);
	WRITE_ONCE(worker->dead, true);
	stat_inc(pool, WPOOL_STAT_DIED);
	withdraw_worker(worker);
	worker->exit.reap = worker_reap_dead;	/* when they give it back */
	taken = hooks_take(pool, worker);
	pool_unlock(pool, flags);
	if (taken)
		hooks_wake(pool);
	return taken;
}

/**
 * worker_reap() - what is to be done after the end of a worker's thread
 * @exit: of the thread
 *
 * A worker that did not leave by itself was taken down by the task that it was
 * inside. That task must end, and the others that it was inside; what else is
 * owed is the same as for any worker.
 *
 * Context: the manager.
 */
void worker_reap(struct wpool_exit *exit)
{
	struct wpool_worker *worker = container_of(exit, struct wpool_worker, exit);

	exit_join(exit);
	caller_reap_all_of(worker);
	/* Which nobody changes any more. In worker_stop it may have run a task. */
	if ((worker->leaving && !worker->nesting) || !worker_died(worker))
		reap_worker(worker);
}
