// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks of a pool that no worker can call, because the worker is dead or none is left:
 * worker_died, task_oops, worker_stop of a worker that was killed, and terminated.
 *
 * They are a module's code, which may sleep, die, or call any function of ours. So each pool has a
 * work item for them, on a workqueue for such code alone. If a hook sleeps for ever, or dies, the
 * work never ends: that costs this pool its end, and no other pool anything.
 *
 * A dead worker goes from the manager to the work and back. Until then it counts as a worker, and
 * its tasks count as running: the hooks receive these tasks, so their memory and their module must
 * stay.
 *
 * The hook for the end of the pool is modelled in scripts/model/teardown.pml.
 */
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/wpool.h>

#include "hooks.h"
#include "leak.h"
#include "manager_kick.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "worker_list.h"
#include "worker_stack.h"

static void hook_begins(struct wpool_hooks *hooks, const char *name)
{
	hooks->locks = lockdep_depth(current);
	WRITE_ONCE(hooks->since, jiffies);
	smp_store_release(&hooks->at, name);	/* pairs with hooks_report() */
}

/* Outside of a hook the thread holds nothing of ours, but for locks that one has left behind. */
static void hook_ends(struct wpool *pool, const void *hook)
{
	static const struct wpool_run none;

	WRITE_ONCE(pool->hooks.at, NULL);
	leak_check(pool, &none, hook, pool->hooks.locks);
}

/* Does a dead worker have a hook? */
static bool dead_have_hooks(const struct wpool_ops *ops)
{
	return ops && (ops->worker_died || ops->task_oops || ops->worker_stop);
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
	pool_mark(pool, MARK_MANAGER);
	pool_unlock(pool, flags);
}

/* Return: false if there is nothing to do. */
static bool serve_next(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned long flags;
	bool ending;

	pool_lock(pool, flags);
	worker = list_first_entry_or_null(&pool->hooks.dead, struct wpool_worker, dead_node);
	ending = pool->hooks.ending;
	pool_unlock(pool, flags);
	if (worker)
		serve_worker(pool, worker);
	else if (ending)
		serve_end(pool);
	return worker || ending;
}

static void hooks_work(struct work_struct *work)
{
	struct wpool *pool = container_of(work, struct wpool, hooks.work);

	WRITE_ONCE(pool->hooks.thread, get_task_struct(current));
	while (serve_next(pool))
		cond_resched();
	WRITE_ONCE(pool->hooks.thread, NULL);
	put_task_struct(current);
	wpool_put(pool);
}

void hooks_init(struct wpool *pool)
{
	INIT_WORK(&pool->hooks.work, hooks_work);
	INIT_LIST_HEAD(&pool->hooks.dead);
}

/**
 * hooks_take() - have the hooks called for a worker that died
 * @pool: its pool
 * @worker: the worker; comes back to the manager by its exit
 *
 * Context: pool->lock held.
 * Return: false if there are none.
 */
bool hooks_take(struct wpool *pool, struct wpool_worker *worker)
{
	lockdep_assert_held(&pool->lock);
	if (!dead_have_hooks(pool->conf.ops))
		return false;
	list_add_tail(&worker->dead_node, &pool->hooks.dead);
	kick_work(pool, &pool->hooks.work);
	return true;
}

/**
 * hooks_end() - have the hook called for the end of the pool, if it has one
 * @pool: without a task or a worker, and not open
 *
 * &wpool_hooks.ending is set until the hook has returned; then the manager is kicked.
 *
 * Context: pool->lock held.
 */
void hooks_end(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (!pool->conf.ops || !pool->conf.ops->terminated)
		return;
	pool->hooks.ending = true;
	kick_work(pool, &pool->hooks.work);
}

/* Reports a hook that does not return. Without the lock: the hook may just have returned. */
void hooks_report(struct wpool *pool)
{
	const char *at = smp_load_acquire(&pool->hooks.at);	/* pairs with hook_begins() */
	unsigned long since = READ_ONCE(pool->hooks.since);	/* before jiffies: not later */
	struct task_struct *thread;

	rcu_read_lock();	/* keeps the thread */
	thread = READ_ONCE(pool->hooks.thread);
	if (thread && at) {
		pr_warn("%s: a work item (pid %d) has been in %s for %llu ms\n", pool->name,
			task_pid_nr(thread), at, jiffies64_to_msecs(jiffies - since));
		sched_show_task(thread);
	}
	rcu_read_unlock();
}
