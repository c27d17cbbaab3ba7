// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks of a pool that no worker can call, because the worker is dead or none is left:
 * worker_died, task_oops, worker_stop of a worker that was killed, and terminated.
 *
 * They are a module's code, which may sleep, die, or call any function of ours. So a pool with
 * one of these hooks has a thread for them, made with the pool. A hook that blocks or dies
 * costs only that thread, and so only that pool. The manager never calls a hook.
 *
 * A dead worker goes from the manager to the thread and back. It is on &wpool_hooks.dead until
 * its hooks have returned, so if a hook kills the thread, the manager finds there what it must
 * finish itself. Until the worker is back it counts as a worker, and its tasks count as
 * running: the hooks receive these tasks, so their memory and their module must stay.
 *
 * The hook for the end of a pool is modelled in scripts/model/teardown.pml.
 */
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/wpool.h>

#include "hooks.h"
#include "leak.h"
#include "manager_kick.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "service.h"
#include "spawn_state.h"
#include "thread_exit.h"
#include "worker_list.h"
#include "worker_stack.h"

static void hook_begins(struct wpool_hooks *hooks, const char *name)
{
	hooks->locks = lockdep_depth(current);
	WRITE_ONCE(hooks->since, jiffies);
	smp_store_release(&hooks->at, name);	/* pairs with hooks_report() */
}

/* Outside of a hook the thread holds nothing, but for locks that one has left behind. */
static void hook_ends(struct wpool *pool, const void *hook)
{
	static const struct wpool_run none;

	WRITE_ONCE(pool->hooks.at, NULL);
	leak_check(pool, &none, hook, pool->hooks.locks);
}

/* Does a dead worker have a hook? */
static bool dead_have_hooks(const struct wpool_ops *ops)
{
	return ops->worker_died || ops->task_oops || ops->worker_stop;
}

/* What a function had for its argument; NULL if that went with the stack of the worker. */
static void *arg_left(const struct wpool_worker *worker, const struct wpool_run *run)
{
	return stack_has(worker, run->arg) ? NULL : run->arg;
}

/* Innermost first, as the functions would have ended. */
static void call_for_worker(struct wpool *pool, const struct wpool_worker *worker)
{
	const struct wpool_ops *ops = pool->conf.ops;
	struct wpool_hooks *hooks = &pool->hooks;
	unsigned int depth = worker->nesting;

	if (ops->worker_died) {
		hook_begins(hooks, "worker_died");
		ops->worker_died(pool, worker->thread);
		hook_ends(pool, ops->worker_died);
	}
	while (ops->task_oops && depth--) {
		hook_begins(hooks, "task_oops");
		ops->task_oops(pool, worker->runs[depth].fn,
			       arg_left(worker, &worker->runs[depth]));
		hook_ends(pool, ops->task_oops);
	}
	/*
	 * A worker that is leaving has already begun to call it, and died in a task that it ran
	 * there, or in a release.
	 */
	if (ops->worker_stop && !worker_is_leaving(worker)) {
		hook_begins(hooks, "worker_stop");
		ops->worker_stop(pool);
		hook_ends(pool, ops->worker_stop);
	}
}

static void serve_worker(struct wpool *pool, struct wpool_worker *worker)
{
	unsigned long flags;

	call_for_worker(pool, worker);
	pool_lock(pool, flags);
	list_del(&worker->dead_node);
	pool_unlock(pool, flags);
	kick_exit(&worker->exit);
}

static void serve_end(struct wpool *pool)
{
	unsigned long flags;

	hook_begins(&pool->hooks, "terminated");
	pool->conf.ops->terminated(pool);
	hook_ends(pool, pool->conf.ops->terminated);
	pool_lock(pool, flags);
	pool->hooks.ending = false;
	/* The manager may act before this returns; wpool_destroy() joins this thread. */
	pool_mark(pool, MARK_MANAGER);
	pool_unlock(pool, flags);
}

/*
 * The next worker for the hooks, or NULL. @ending: set at the end of the pool, which comes when
 * no worker is left.
 */
static struct wpool_worker *hooks_next(struct wpool *pool, bool *ending)
{
	struct wpool_worker *worker;
	unsigned long flags;

	pool_lock(pool, flags);
	worker = list_first_entry_or_null(&pool->hooks.dead, struct wpool_worker,
					  dead_node);
	*ending = pool->hooks.ending;
	pool_unlock(pool, flags);
	return worker;
}

int hooks_main(void *data)
{
	struct wpool_worker *worker;
	struct wpool *pool = data;
	bool ending;

	while (service_next((worker = hooks_next(pool, &ending)) || ending)) {
		if (worker)
			serve_worker(pool, worker);
		else
			serve_end(pool);
	}
	return 0;
}

/* Called by the manager if the thread dies in a hook. */
static void hooks_reap(struct wpool_exit *exit)
{
	struct wpool *pool = container_of(exit, struct wpool, hooks.exit);
	struct wpool_worker *worker, *next;
	unsigned long flags;
	LIST_HEAD(dead);

	pr_err("%s: its hook thread (pid %d) died in %s; worker_died, task_oops, terminated, and worker_stop of dead workers are no longer called\n",
	       pool->name, task_pid_nr(exit->thread), pool->hooks.at ?: "none of them");
	pool_lock(pool, flags);
	pool->hooks.lost = true;
	pool->hooks.ending = false;
	list_splice_init(&pool->hooks.dead, &dead);
	pool_mark(pool, MARK_MANAGER);
	pool_unlock(pool, flags);
	WRITE_ONCE(pool->hooks.at, NULL);
	list_for_each_entry_safe(worker, next, &dead, dead_node)
		kick_exit(&worker->exit);
}

static bool hooks_needed(const struct wpool_ops *ops)
{
	return ops && (dead_have_hooks(ops) || ops->terminated);
}

/**
 * hooks_start() - make the thread, if the pool has a hook that needs it
 * @pool: being created
 *
 * Context: may sleep.
 * Return: 0, or what kthread_create() gave.
 */
int hooks_start(struct wpool *pool)
{
	struct task_struct *thread;

	INIT_LIST_HEAD(&pool->hooks.dead);
	if (!hooks_needed(pool->conf.ops))
		return 0;
	if (spawn_must_fail())
		return -ENOMEM;
	thread = kthread_create_on_node(hooks_main, pool, pool->conf.node, "%s/hooks",
					pool->name);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	exit_watch(&pool->hooks.exit, thread, hooks_reap);
	wake_up_process(thread);
	return 0;
}

/**
 * hooks_stop() - end the thread
 * @pool: terminated, and not to be restarted
 *
 * When this returns no code of the pool's owner runs any more. If a hook killed the thread, the
 * manager learned of it before the pool terminated.
 *
 * Context: may sleep.
 */
void hooks_stop(struct wpool *pool)
{
	if (!pool->hooks.exit.thread)
		return;
	exit_join(&pool->hooks.exit);
	exit_put(&pool->hooks.exit);
}

/**
 * hooks_take() - let the thread call the hooks for a worker that died
 * @pool: its pool
 * @worker: the worker; it belongs to the thread until worker_give_back()
 *
 * Context: pool->lock held. The caller calls hooks_wake() after it has dropped the lock.
 * Return: false if there are no hooks, or no thread to call them.
 */
bool hooks_take(struct wpool *pool, struct wpool_worker *worker)
{
	const struct wpool_ops *ops = pool->conf.ops;

	lockdep_assert_held(&pool->lock);
	if (!pool->hooks.exit.thread || pool->hooks.lost ||
	    !dead_have_hooks(ops))
		return false;
	list_add_tail(&worker->dead_node, &pool->hooks.dead);
	return true;
}

/**
 * hooks_end() - let the thread call the hook for the end of the pool
 * @pool: without a task or a worker, and not open
 *
 * &wpool_hooks.ending is set until the hook has returned; then the manager is kicked.
 *
 * Context: as hooks_take().
 * Return: as hooks_take().
 */
bool hooks_end(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (!pool->hooks.exit.thread || pool->hooks.lost || !pool->conf.ops->terminated)
		return false;
	pool->hooks.ending = true;
	return true;
}

void hooks_wake(struct wpool *pool)
{
	wake_up_process(pool->hooks.exit.thread);
}

/* Reports a hook that does not return. Without the lock: the hook may just have returned. */
void hooks_report(struct wpool *pool)
{
	const char *at = smp_load_acquire(&pool->hooks.at);	/* pairs with hook_begins() */
	unsigned long since = READ_ONCE(pool->hooks.since);	/* before jiffies: not later */

	if (!at)
		return;
	pr_warn("%s: its hook thread (pid %d) has been in %s for %llu ms\n",
		pool->name, task_pid_nr(pool->hooks.exit.thread), at,
		jiffies64_to_msecs(jiffies - since));
	sched_show_task(pool->hooks.exit.thread);
}
