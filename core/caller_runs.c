// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run because the pool is full: %WPOOL_FULL_CALLER_RUNS.
 *
 * A submitter is any thread that may sleep, perhaps a worker, of this pool or another.
 * What it runs is the pool's as any task is, but it counts neither as running nor in the
 * capacity, and the hooks are not told.
 *
 * The function may take the thread down. So what is needed for its end is in memory of
 * its own, and the manager ends it if the thread cannot: that of a worker before it
 * reaps the worker, that of any other thread when thread_exit.c tells of its end. Between the
 * beginning of the function and the end of the run no code runs in the thread but the
 * function and ours, which returns; so either the thread ends the run or the thread has
 * ended.
 */
#include <linux/freezer.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "caller_runs.h"
#include "counter.h"
#include "current_thread.h"
#include "dead_run.h"
#include "group.h"
#include "lock_hold.h"
#include "nesting.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "task.h"
#include "task_run.h"
#include "thread_exit.h"

/*
 * How often the manager looks for the end of a thread of which the kernel does not tell:
 * that of a process that has others.
 */
#define LOOK_AGAIN	HZ

/* Is it inside a task of this group, or one that is to run again as such? Context: process. */
bool caller_inside_group(const struct wpool_group *group)
{
	const struct wpool_caller *caller = caller_current(worker_current(NULL));
	unsigned long flags;
	bool own = false;

	for (; caller && !own; caller = caller->outer) {
		pool_lock(caller->pool, flags);
		own = group_has_run(group, &caller->run);
		pool_unlock(caller->pool, flags);
	}
	return own;
}

/**
 * caller_alloc() - prepare to run a task in the current thread
 * @pool: its pool
 *
 * Context: Process context; allocates with GFP_KERNEL, but for who reclaims memory.
 * Return: for caller_free(), or NULL without memory.
 */
struct wpool_caller *caller_alloc(struct wpool *pool)
{
	gfp_t gfp = pool->flags & WPOOL_MEM_RECLAIM ? GFP_NOWAIT : GFP_KERNEL;
	struct wpool_caller *caller = kzalloc(sizeof(*caller), gfp | __GFP_NOWARN);

	if (!caller)
		return NULL;
	caller->pool = wpool_get(pool);
	caller->thread = current;
	caller->worker = worker_current(NULL);
	caller->outer = caller_current(caller->worker);
	caller->depth = caller->outer ? caller->outer->depth + 1 : 1;
	caller->nested = caller->worker ? caller->worker->nesting : 0;
	caller->pid_nr = task_pid_nr(current);
	caller->stack = (unsigned long)task_stack_page(current);
	caller->polled = !thread_group_leader(current) || !thread_group_empty(current);
	caller->run.caller = caller;
	return caller;
}

/* Not in use any more, or never used. Context: no lock held. */
void caller_free(struct wpool_caller *caller)
{
	wpool_put(caller->pool);
	kfree_rcu(caller, rcu);
}

/* Context: pool->lock held. */
static void caller_link(struct wpool_caller *caller)
{
	struct wpool *pool = caller->pool;

	caller->running = true;
	list_add_tail_rcu(&caller->node, &pool->callers);
	watchdog_arm(pool);
	if (caller->polled)
		timer_reduce(&pool->timer, jiffies + LOOK_AGAIN);
}

/* Context: pool->lock held. */
static void caller_unlink(struct wpool_caller *caller)
{
	caller->running = false;
	list_del_rcu(&caller->node);
}

/* Not any more, or it has ended inside. Cleanup mirrors caller_enter(). */
static void caller_leave(struct wpool_caller *caller)
{
	if (caller->worker) {
		caller->worker->caller = caller->outer;
		return;
	}
	exit_unwatch(&caller->exit);
	exit_put(&caller->exit);
	current_leave(caller);
}

/* Ends a run whose thread has ended inside. Context: the manager. */
static void caller_reap(struct wpool_caller *caller)
{
	struct wpool *pool = caller->pool;
	unsigned long flags;

	/* Before its owner is let go of: the function has a name only until then. */
	pr_err("%s: pid %d died in %ps, which it had submitted itself; the task failed with %pe\n",
	       pool->name, caller->pid_nr, caller->run.fn, ERR_PTR(-EOWNERDEAD));
	pool_lock(pool, flags);
	caller_unlink(caller);
	run_reap_one(pool, &caller->run, false);
	pool_unlock(pool, flags);
	caller_free(caller);
}

static void caller_exited(struct wpool_exit *exit)
{
	struct wpool_caller *caller = container_of(exit, struct wpool_caller, exit);

	caller_leave(caller);
	caller_reap(caller);
}

/**
 * caller_reap_all_of() - end what a worker was inside as a submitter
 * @worker: dead
 *
 * Innermost first, and before what it was inside as a worker: one of them may be of its
 * own pool, and &wpool_run.worker the worker.
 *
 * Context: the manager.
 */
void caller_reap_all_of(struct wpool_worker *worker)
{
	struct wpool_caller *caller;

	while ((caller = worker->caller)) {
		caller_leave(caller);
		caller_reap(caller);
	}
}

static bool caller_is_dead(struct wpool_caller *caller)
{
	struct wpool *pool = caller->pool;
	unsigned long flags;
	bool dead;

	pool_lock(pool, flags);
	dead = caller->running && READ_ONCE(caller->thread->exit_state);
	pool_unlock(pool, flags);
	return dead;
}

/**
 * caller_look() - look for threads that have ended, and of which nobody tells
 * @pool: the pool
 *
 * Context: the manager, which alone reaps those that are found.
 */
void caller_look(struct wpool *pool)
{
	struct wpool_caller *caller;
	bool more = false;

	if (list_empty(&pool->callers))
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(caller, &pool->callers, node) {
		if (!caller->polled)
			continue;
		more = true;
		if (caller_is_dead(caller))
			exit_notice(&caller->exit);
	}
	rcu_read_unlock();
	if (more)
		timer_reduce(&pool->timer, jiffies + LOOK_AGAIN);
}

/* The thread is inside from here on. */
static void caller_enter(struct wpool_caller *caller)
{
	if (caller->worker) {
		caller->worker->caller = caller;
		return;
	}
	current_enter(caller);
	exit_watch(&caller->exit, caller->thread, caller_exited);
}

/*
 * Of a freezable pool: does the system sleep, or is it about to? Its workers do then.
 * Those that have just been made do not know yet that they may be frozen.
 */
static bool pool_is_freezing(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned int n = 0;

	if (!(pool->flags & WPOOL_FREEZABLE))
		return false;
	list_for_each_entry(worker, &pool->workers, node) {
		if (!(READ_ONCE(worker->thread->flags) & PF_NOFREEZE))
			return freezing(worker->thread);
		hold_step(pool);
		if (++n == WPOOL_CHUNK)
			break;
	}
	return false;
}

/* May anybody but a worker begin a task? Context: pool->lock held. */
static bool pool_is_free(struct wpool *pool)
{
	return pool->state < WPOOL_STATE_STOP && !pool->paused &&
	       !(pool->flags & WPOOL_ORDERED) && !pool_is_freezing(pool);
}

/**
 * caller_may_run() - may the current thread run a task that the full pool does not take
 * @pool: the pool
 * @task: the task, which could be accepted if there was room
 *
 * Neither beside itself nor ahead of its key, nor nested too deep.
 *
 * Context: pool->lock held.
 */
bool caller_may_run(struct wpool *pool, const struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	return !(task->state & TASK_IN_FN) && !(task->flags & WPOOL_TASK_KEYED) &&
	       pool_is_free(pool) && run_may_nest(worker_current(NULL));
}

/**
 * caller_may_run_again() - may a full pool take a task that the current thread is inside
 * @pool: the pool
 * @task: as for caller_may_run()
 *
 * It needs no room: as it ends it makes some, or is run again by its submitter.
 *
 * Context: pool->lock held.
 */
bool caller_may_run_again(struct wpool *pool, const struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	return (task->state & TASK_IN_FN) && !(task->flags & WPOOL_TASK_KEYED) &&
	       pool_is_free(pool) && run_is_of_current(task->run);
}

/* Context: pool->lock held. */
static void caller_begin(struct wpool_caller *caller, struct wpool_task *task)
{
	struct wpool *pool = caller->pool;
	struct wpool_worker *worker = caller->worker;

	run_open(pool, &caller->run, worker && worker->pool == pool ? worker : NULL, task);
	stat_inc(pool, WPOOL_STAT_CALLER_RUNS);
	if (task_is_ours(task))
		task_retire(pool, task);
}

/*
 * Ends a run that has returned. Context: pool->lock held. Return: the task if its
 * submitter is to run it again at once, or NULL.
 */
static struct wpool_task *caller_end(struct wpool_caller *caller, int result)
{
	struct wpool_task *again = caller->again ? caller->run.again : NULL;
	struct wpool *pool = caller->pool;

	caller->again = false;
	if (caller->run.stop || !pool_is_free(pool))
		again = NULL;
	run_close(pool, &caller->run, result, WPOOL_STAT_COMPLETED);
	/* Not stopped, so it is on the queue, unless it was broken. */
	if (!again || !caller->run.task)
		return NULL;
	queue_remove(pool, again);
	return again;
}

/**
 * caller_run() - run a task in the current thread, as often as it submits itself
 * @caller: of the task's pool; the current thread's, unless that ends inside
 * @task: taken, and on no list
 * @flags: from raw_spin_lock_irqsave()
 *
 * Locking: the lock of the pool held; released.
 */
void caller_run(struct wpool_caller *caller, struct wpool_task *task, unsigned long flags)
	__releases(&caller->pool->lock)
{
	struct wpool *pool = caller->pool;
	int result;

	while (task && !run_cancelled(pool, task)) {
		caller_begin(caller, task);
		if (!caller->running)
			caller_link(caller);
		pool_unlock(pool, flags);
		caller_enter(caller);
		result = run_function(pool, &caller->run, task);
		caller_leave(caller);
		pool_lock(pool, flags);
		task = caller_end(caller, result);
	}
	if (caller->running)
		caller_unlink(caller);
	pool_unlock(pool, flags);
}
