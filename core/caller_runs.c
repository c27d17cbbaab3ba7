// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run because the pool is full: %WPOOL_FULL_CALLER_RUNS.
 *
 * The submitter is any thread that may sleep; it may be a worker of this pool or of another.
 * The task that it runs belongs to the pool as any task does, but it counts neither as running
 * nor in the capacity, and the hooks are not called for it.
 *
 * The function may kill the thread. So what the end of the run needs is in memory of its own,
 * and the manager ends the run if the thread cannot: for a worker before it reaps the worker,
 * for any other thread when thread_exit.c reports its end. Between the start of the function
 * and the end of the run the thread executes only that function and our code, and our code
 * returns; so either the thread ends the run, or the thread is dead.
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
#include "manager_kick.h"
#include "nesting.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "release.h"
#include "self_run.h"
#include "task.h"
#include "task_end.h"
#include "task_lists.h"
#include "task_run.h"
#include "thread_exit.h"
#include "tracked_run.h"
#include "worker_list.h"

/*
 * The kernel does not report the end of a thread whose process has others. The manager looks
 * for it at this interval.
 */
#define LOOK_AGAIN	HZ

/*
 * Is the thread inside a task of this group, or one that is to run again in this group? @worker:
 * the thread, or NULL. Context: process.
 */
bool thread_inside_group(const struct wpool_group *group, struct wpool_worker *worker)
{
	const struct wpool_caller *caller = caller_current(worker);
	unsigned long flags;
	unsigned int i;
	bool own = false;

	if (worker) {
		pool_lock(worker->pool, flags);
		for (i = 0; i < worker->nesting && !own; i++)
			own = group_has_run(group, &worker->runs[i]);
		pool_unlock(worker->pool, flags);
	}
	for (; caller && !own; caller = caller->outer) {
		pool_lock(caller->pool, flags);
		own = group_has_run(group, &caller->run);
		pool_unlock(caller->pool, flags);
	}
	return own;
}

void callers_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->callers);
}

/**
 * caller_alloc() - prepare to run a task in the current thread
 * @pool: its pool
 *
 * Context: Process context; allocates with GFP_KERNEL, except inside memory reclaim.
 * Return: for caller_free(), or NULL if out of memory.
 */
struct wpool_caller *caller_alloc(struct wpool *pool)
{
	gfp_t gfp = pool->conf.flags & WPOOL_MEM_RECLAIM ? GFP_NOWAIT : GFP_KERNEL;
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

/* Frees one that is no longer in use, or never was. Context: no lock held. */
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
		kick_pool_at(pool, jiffies + LOOK_AGAIN);
}

/* Context: pool->lock held. */
static void caller_unlink(struct wpool_caller *caller)
{
	caller->running = false;
	list_del_rcu(&caller->node);
}

/* The thread has left the task, or has died in it. Mirrors caller_enter(). */
static void caller_leave(struct wpool_caller *caller)
{
	if (caller->worker) {
		caller->worker->caller = caller->outer;
		return;
	}
	/* First: once the thread may be freed, another may have its place in memory. */
	current_leave(caller);
	exit_unwatch(&caller->exit);
	exit_put(&caller->exit);
}

/* Ends a run whose thread has died inside. Context: the manager. */
static void caller_reap(struct wpool_caller *caller)
{
	struct wpool *pool = caller->pool;
	unsigned long flags;
	bool kept;

	/* Print before the module is released: the function has a name only until then. */
	pr_err("%s: pid %d died in %ps, which it had scheduled itself; the task failed with %pe\n",
	       pool->name, caller->pid_nr, caller->run.fn, ERR_PTR(-EOWNERDEAD));
	pool_lock(pool, flags);
	caller_unlink(caller);
	kept = run_reap_one(pool, &caller->run);
	pool_unlock(pool, flags);
	if (!kept)
		caller_free(caller);
}

static void caller_exited(struct wpool_exit *exit)
{
	struct wpool_caller *caller = container_of(exit, struct wpool_caller, exit);
	struct task_struct *thread = get_task_struct(exit->thread);

	/* A caller that has seen that it naps, see stop.c, may be about to wake it. */
	if (READ_ONCE(caller->naps)) {
		WRITE_ONCE(caller->naps, false);
		synchronize_rcu();
	}
	caller_leave(caller);
	caller_reap(caller);	/* queue_put_again() looks at the thread until then */
	put_task_struct(thread);
}

/**
 * caller_reap_all_of() - end what a worker was inside as a submitter
 * @worker: dead
 *
 * Innermost first, and before the tasks that it was inside as a worker: one of them may be of
 * its own pool, with the worker as &wpool_run.worker.
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
 * caller_look() - look for dead threads that the kernel does not report
 * @pool: the pool
 *
 * Context: the manager; nobody else reaps them.
 */
void caller_look(struct wpool *pool)
{
	struct wpool_caller *caller;
	bool more = false;

	if (list_empty(&pool->callers))
		return;
	rcu_read_lock();
	for_each_caller_rcu(caller, pool) {
		if (!caller->polled)
			continue;
		more = true;
		if (caller_is_dead(caller))
			exit_notice(&caller->exit);
	}
	rcu_read_unlock();
	if (more)
		kick_pool_at(pool, jiffies + LOOK_AGAIN);
}

/* From here on the thread is inside the task. */
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
 * For a freezable pool: is the system asleep, or about to be? Then its workers sleep too.
 * Workers that were just made do not know yet that they may be frozen.
 */
static bool pool_is_freezing(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned int n = 0;

	if (!(pool->conf.flags & WPOOL_FREEZABLE))
		return false;
	for_each_worker(worker, pool) {
		if (!(READ_ONCE(worker->thread->flags) & PF_NOFREEZE))
			return freezing(worker->thread);
		hold_step(pool);
		if (++n == WPOOL_CHUNK)
			break;
	}
	return false;
}

/* May a thread that is not a worker begin a task? Context: pool->lock held. */
static bool pool_is_free(struct wpool *pool)
{
	return pool->state < WPOOL_STATE_STOP && !pool_is_paused(pool) &&
	       !(pool->conf.flags & WPOOL_ORDERED) && !pool_is_freezing(pool);
}

/**
 * caller_may_run() - may the current thread run a task for which the pool has no room
 * @pool: the pool
 * @task: could be accepted if there were room
 *
 * Not beside itself, not ahead of its key, and not nested too deep.
 *
 * Context: pool->lock held.
 */
bool caller_may_run(struct wpool *pool, const struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	return !(task->state & TASK_IN_FN) && !(task->flags & WPOOL_TASK_KEYED) &&
	       !self_find(pool, task) && pool_is_free(pool) && run_may_nest(worker_current(NULL));
}

/**
 * caller_may_run_again() - may a full pool accept the task that the current thread is inside
 * @pool: the pool
 * @task: as for caller_may_run()
 *
 * It needs no room: when it ends it frees some, or its submitter runs it again.
 *
 * Context: pool->lock held.
 */
bool caller_may_run_again(struct wpool *pool, const struct wpool_task *task)
{
	const struct wpool_run *run = task->state & TASK_IN_FN ? task->run :
				      self_find(pool, task);

	lockdep_assert_held(&pool->lock);
	return run && !(task->flags & WPOOL_TASK_KEYED) && pool_is_free(pool) &&
	       run_is_of_current(run);
}

/* Context: pool->lock held. */
static void caller_begin(struct wpool_caller *caller, struct wpool_task *task)
{
	struct wpool *pool = caller->pool;
	struct wpool_worker *worker = caller->worker;
	bool ours = task_is_ours(task);	/* another's may be gone once it has begun */

	run_open(pool, &caller->run, worker && worker->pool == pool ? worker : NULL, task);
	stat_inc(pool, WPOOL_STAT_CALLER_RUNS);
	if (ours)
		task_retire(pool, task);
}

/*
 * Ends a run that has returned. Context: pool->lock held. Return: the task, if its submitter
 * must run it again at once, or NULL.
 */
static struct wpool_task *caller_end(struct wpool_caller *caller, int result)
{
	struct wpool_task *again = caller->again && !caller->run.later ? caller->run.again : NULL;
	struct wpool *pool = caller->pool;

	caller->again = false;
	if (caller->run.stop || !pool_is_free(pool))
		again = NULL;
	run_close(pool, &caller->run, result, WPOOL_STAT_COMPLETED);
	/*
	 * It was not stopped, so it is on the queue. It stays there if a release is to be
	 * called: that may kill the thread, which nobody watches in between.
	 */
	if (!again || !caller->run.task || run_owes(&caller->run))
		return NULL;
	queue_remove(pool, again);
	return again;
}

/**
 * caller_run() - run a task in the current thread, as often as it submits itself
 * @caller: from caller_alloc() of the task's pool, in the current thread
 * @task: accepted, and on no list
 * @flags: from pool_lock()
 *
 * Frees @caller. Locking: the lock of the pool held; released.
 */
void caller_run(struct wpool_caller *caller, struct wpool_task *task, unsigned long flags)
	__releases(&caller->pool->lock)
{
	struct wpool *pool = caller->pool;
	struct wpool_ends ends;
	int result;

	ends.nr = 0;
	while (task && !run_drop_failed(pool, task, &ends)) {
		caller_begin(caller, task);
		if (!caller->running)
			caller_link(caller);
		pool_unlock(pool, flags);
		caller_enter(caller);
		result = run_function(pool, &caller->run, task);
		caller_leave(caller);
		pool_lock(pool, flags);
		task = caller_end(caller, result);
		if (run_owes(&caller->run))
			run_take_ends(&caller->run, &ends);
	}
	if (caller->running)
		caller_unlink(caller);
	pool_unlock(pool, flags);
	/* Before the release: that may end this thread. */
	caller_free(caller);
	ends_finish(&ends);
}
