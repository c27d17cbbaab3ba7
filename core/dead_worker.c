// SPDX-License-Identifier: GPL-2.0
/*
 * What the manager does after the end of a worker's thread. It learns of the end from
 * thread_exit.c, and settles what the worker owes.
 *
 * A worker that left normally owes nothing but its place. A worker that was killed, by a task
 * or outside of any, is withdrawn at once, so that nobody counts on it; its hooks are called
 * (hooks.c); then its tasks end, and its place is given back.
 *
 * What the worker had on its stack is gone, its own tasks on the stack included. The thread
 * took care of them as it ended, see worker_stack.c; nothing here touches them.
 */
#include <linux/lockdep.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <trace/events/wpool.h>

#include "caller_runs.h"
#include "counter.h"
#include "dead_run.h"
#include "dead_worker.h"
#include "hooks.h"
#include "marks.h"
#include "nesting.h"
#include "pool.h"
#include "pool_lock.h"
#include "spawn_state.h"
#include "thread_exit.h"
#include "worker_list.h"
#include "worker_stack.h"

/* From here on nobody counts on the worker. Context: pool->lock held. */
static void withdraw_worker(struct wpool_worker *worker)
{
	worker_started(worker);
	worker_has_searched(worker);
	if (worker_is_idle(worker))
		worker_unidle(worker);
}

/*
 * Ends the innermost task that a dead worker was inside, as it would have ended. It is found in its
 * run until then: by a thread on whose stack it has something, or by one that waits for its
 * module. Context: pool->lock held.
 */
static void reap_run(struct wpool_worker *worker)
{
	/* First, as in run_end(). */
	nesting_add(worker, -1);
	if (run_reap_one(worker->pool, &worker->runs[worker->nesting]))
		worker_get(worker);
}

/*
 * The outermost. Until all waiters of these tasks are completed, the worker counts as running, and
 * has its place: in the hold that ends this task there is room, and not one worker less before, by
 * which another one that sleeps for room would be refused. Context: pool->lock held.
 */
static void reap_outermost(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	worker_give_place(worker);
	if (!worker->nesting)
		return;
	reap_run(worker);
	running_add(pool, -1);
	pool_mark_end(pool);
}

/* Settles what a worker owes. Its thread has ended and its hooks have returned. */
static void reap_worker(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	unsigned long flags;

	pool_lock(pool, flags);
	withdraw_worker(worker);
	while (worker->nesting > 1)
		reap_run(worker);
	reap_outermost(worker);
	worker_unlink(worker);
	pool_unlock(pool, flags);

	spawn_worker_ran(pool, worker);
	worker_put(worker);
	wpool_put(pool);
}

static void worker_reap_dead(struct wpool_exit *exit)
{
	reap_worker(container_of(exit, struct wpool_worker, exit));
}

/* Print before the module of the task is released: the function has a name only until then. */
static void report_died(const struct wpool_worker *worker)
{
	const struct wpool *pool = worker->pool;

	trace_wpool_worker_die(pool->name, worker->id);
	trace_wpool_worker_exit(pool->name, worker->id);
	if (worker->nesting)
		pr_err("%s: worker %u (pid %d) died in %ps; the task failed with %pe\n",
		       pool->name, worker->id, worker->pid_nr,
		       worker->runs[worker->nesting - 1].fn, ERR_PTR(-EOWNERDEAD));
	else if (worker_is_leaving(worker) && !worker->died_in)
		pr_err("%s: worker %u (pid %d) died as it left, in a task that it had scheduled itself\n",
		       pool->name, worker->id, worker->pid_nr);
	else if (!worker->died_in)
		pr_err("%s: worker %u (pid %d) died outside of a task; the next is made after %u ms\n",
		       pool->name, worker->id, worker->pid_nr,
		       jiffies_to_msecs(spawn_backoff(pool)));
}

/*
 * What does not need the dead worker goes on at once. Its place and the tasks that it was
 * inside wait for the hooks. Return: true if hooks.c has the worker now.
 */
static bool worker_died(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	unsigned long flags;
	bool taken, unmade = worker_is_starting(worker) ||
			     (!worker->nesting && !worker->died_in && !worker_is_leaving(worker));

	if (unmade)
		spawn_put_off(worker);
	report_died(worker);
	pool_lock(pool, flags);
	if (unmade)
		spawn_set_error(pool, -EOWNERDEAD);
	worker_die(worker);
	pool_mark(pool, MARK_MANAGER);	/* the spare may begin, if this was the last */
	stat_inc(pool, WPOOL_STAT_DIED);
	withdraw_worker(worker);
	worker->exit.reap = worker_reap_dead;	/* when the hooks have returned */
	taken = hooks_take(pool, worker);
	pool_unlock(pool, flags);
	return taken;
}

/**
 * worker_reap() - do what is due after the end of a worker's thread
 * @exit: of the thread
 *
 * A worker that did not leave normally was killed by the task that it was inside. That task
 * must end, and so must the others that it was inside. The rest is the same as for any worker. One
 * that was leaving may have been killed by its own worker_stop, which counts as leaving, or inside
 * that by a task or a release.
 *
 * Context: the manager.
 */
void worker_reap(struct wpool_exit *exit)
{
	struct wpool_worker *worker = container_of(exit, struct wpool_worker, exit);
	bool killed;

	exit_join(exit);
	if (worker->died_in)
		pr_err("%s: worker %u (pid %d) died in the release %ps, which counts as if it had returned\n",
		       worker->pool->name, worker->id, worker->pid_nr, worker->died_in);
	/* Nobody changes these any more. */
	killed = worker->nesting || worker->died_in || worker->caller;
	caller_reap_all_of(worker);
	if ((worker_is_leaving(worker) && !killed) || !worker_died(worker))
		reap_worker(worker);
}
