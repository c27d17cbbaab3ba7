// SPDX-License-Identifier: GPL-2.0
/* A run of a task: its beginning, the call, and its end. dead_worker.c has its death. */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>
#include <trace/events/wpool.h>

#include "color_count.h"
#include "counter.h"
#include "delayed.h"
#include "depmap.h"
#include "group.h"
#include "inbox.h"
#include "key_release.h"
#include "latency.h"
#include "leak.h"
#include "nesting.h"
#include "objects.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "release.h"
#include "run_finish.h"
#include "task.h"
#include "task_end.h"
#include "task_lists.h"
#include "task_run.h"
#include "tracked_run.h"
#include "worker_list.h"

/* From here on the run stands for the task. Context: pool->lock held. */
static __always_inline void run_set_up(struct wpool *pool, struct wpool_run *run,
				       struct wpool_worker *worker,
				       struct wpool_task *task)
{
	bool detached = task->flags & WPOOL_TASK_DETACHED;
	bool periodic = task->flags & WPOOL_TASK_PERIODIC;

	run->worker = worker;
	run->again = NULL;
	run->color = task->color;
	run->stop = false;
	run->orphan = false;
	run->helped = false;
	run->reported = false;
	run->tracked = false;
	/* Release: pairs with has_to_do(). One at a time: debugfs may be reading these. */
	smp_store_release(&run->task, detached ? NULL : task);
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	WRITE_ONCE(run->owner, queue_take_pin(task));
	WRITE_ONCE(run->group, task_take_group(task));
	if (unlikely(run->group))
		run->stop = group_stops(run->group);
	WRITE_ONCE(run->started, jiffies);
	run->serial = ++pool->serial;
	latency_begin(pool, task, run);
	if (unlikely(task->flags & WPOOL_TASK_TRACKED) || unlikely(detached && !task_is_ours(task)))
		tracked_run_begin(pool, run, task);
	task->run = run;
	objects_task_begins(task);
	/* Pairs as in task_settle(), which a detached task does not reach. */
	smp_store_release(&task->state, detached ? 0 : TASK_IN_FN);
	if (unlikely(periodic))
		delayed_next_period(pool, task);
}

/* The task has just left the queue. Context: pool->lock held. */
static __always_inline void run_begin(struct wpool *pool, struct wpool_worker *worker,
				      struct wpool_run *run, struct wpool_task *task,
				      bool nested)
{
	run_set_up(pool, run, worker, task);
	if (unlikely(nested))
		leak_note(run);
	else
		running_add(pool, 1);
	nesting_add(worker, 1);
}

/* Makes the end of a run known to all that must know. The worker no longer has the run. */
static __always_inline void run_finish(struct wpool *pool, struct wpool_run *run,
				       int result, enum wpool_stat how)
{
	struct wpool_task *task = run->task;

	/* Count it before anybody can know that it has ended; see wpool_stats(). */
	stat_inc(pool, how);
	latency_end(pool, run);
	if (task) {
		key_release(pool, task);
		if (unlikely((task->state & TASK_WAITS) || run->orphan))
			run_finish_rare(pool, run, result);
		else
			task_settle(task, result);
	}
	if (unlikely(run->tracked))
		run_finish_tracked(pool, run, result, how);
	else
		task_uncount(pool, run->owner, run->group, run->color, result);
}

static __always_inline void run_leave(struct wpool *pool,
				      struct wpool_worker *worker, bool nested)
{
	nesting_add(worker, -1);
	if (likely(!nested))
		running_add(pool, -1);
}

static __always_inline void run_end(struct wpool *pool, struct wpool_worker *worker,
				    struct wpool_run *run, bool nested, int result)
{
	run_leave(pool, worker, nested);
	run_finish(pool, run, result, WPOOL_STAT_COMPLETED);
}

/* Calls the function. It holds no lock of wpool; locks of outer runs may be held. */
static __always_inline int run_call(struct wpool *pool, struct wpool_run *run)
{
	int result, locks = lockdep_depth(current);

	result = run->fn(run->arg);
	leak_check(pool, run, NULL, locks);
	return result;
}

/* The same for a pool with hooks, which are called for what workers run. */
static noinline int run_call_hooked(struct wpool *pool, struct wpool_run *run)
{
	int result, locks = lockdep_depth(current);

	if (run->caller)
		return run_call(pool, run);
	if (pool->conf.ops->task_begin) {
		pool->conf.ops->task_begin(pool, run->fn, run->arg);
		/* The hook may take a lock for @task_end to drop. */
		leak_check(pool, run, pool->conf.ops->task_begin, lockdep_depth(current));
	}
	result = run_call(pool, run);
	if (pool->conf.ops->task_end) {
		pool->conf.ops->task_end(pool, run->fn, run->arg, result);
		leak_check(pool, run, pool->conf.ops->task_end, locks);
	}
	return result;
}

/* The part of a run without the lock, from its beginning to its end. The task may be gone. */
static __always_inline int run_outside(struct wpool *pool, struct wpool_run *run,
				       struct wpool_task *task)
{
	int result;

	/* Asked first: otherwise what the message says would be read for nothing. */
	if (trace_wpool_task_start_enabled())
		trace_wpool_task_start(pool->name, task, run->fn);
	dep_run_begins(pool, run);
	if (unlikely(pool->conf.ops))
		result = run_call_hooked(pool, run);
	else
		result = run_call(pool, run);
	dep_run_ends(pool, run);

	if (trace_wpool_task_end_enabled())
		trace_wpool_task_end(pool->name, task, run->fn, result);
	/* Without this check cond_resched() would be a fifth of the cost of an empty task. */
	if (unlikely(need_resched()))
		cond_resched();
	return result;
}

/* How many tasks a worker begins before it looks up, if it must look up now and then. */
#define MOST_SIMPLE	31

/*
 * May a simple task follow at once? Nothing is to be looked at, but perhaps now and then. Context:
 * pool->lock held.
 */
static __always_inline bool may_follow(const struct wpool *pool, struct wpool_worker *worker,
				       unsigned int *left)
{
	if (likely(!pool->watch))
		return true;
	return pool->watch == WATCH_WORKER && (*left)-- && !worker_is_called(worker);
}

/*
 * Takes the next task, if it is simple and of normal priority; or NULL. The only one in the inbox
 * is taken straight: with tasks that schedule the next one, that is each. Context: pool->lock held.
 */
static __always_inline struct wpool_task *next_simple(struct wpool *pool)
{
	struct list_head *queue = list_of_prio(pool, WPOOL_PRIO_NORMAL);
	struct wpool_task *task = list_first_entry_or_null(queue, struct wpool_task, node);

	if (!task)
		return inbox_pop_only(pool);
	/* A walk stands there: queue_pop() tells it. */
	if (unlikely(walk_next(pool) == &task->node) || !task_is_simple(task))
		return NULL;
	hold_step(pool);
	/* Without the calls that CONFIG_DEBUG_LIST adds. */
	__list_del(queue, task->node.next);
	queued_add(pool, -1);
	return task;
}

/* May its run be ended by end_simple()? Context: pool->lock held. */
static __always_inline bool ends_simply(const struct wpool_task *task)
{
	return !task || likely(task->state == TASK_IN_FN && !task->waiters && !task->flags);
}

/* Ends a run, see run_end(). @task: of the run, or NULL. Context: pool->lock held. */
static __always_inline void end_simple(struct wpool *pool, struct wpool_run *run,
				       struct wpool_task *task, int result)
{
	stat_inc(pool, WPOOL_STAT_COMPLETED);
	color_add(pool, run->color, -1);
	if (unlikely(!task))
		return;
	WRITE_ONCE(task->result, result);
	objects_task_ended(task);
	smp_store_release(&task->state, TASK_DONE);	/* as in task_settle() */
}

/*
 * Begins a simple task: see run_set_up(). Context: pool->lock held. Return: false if there may be
 * memory to free.
 */
static __always_inline bool begin_simple(struct wpool *pool, struct wpool_run *run,
					 struct wpool_task *task)
{
	bool ours = task->flags;

	smp_store_release(&run->task, task);	/* as in run_set_up() */
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	WRITE_ONCE(run->started, jiffies);
	run->serial = ++pool->serial;
	run->color = task->color;
	run->stop = false;
	run->reported = false;
	task->run = run;
	objects_task_begins(task);
	if (likely(!ours)) {
		smp_store_release(&task->state, TASK_IN_FN);	/* as in run_set_up() */
		return true;
	}
	WRITE_ONCE(run->task, NULL);
	smp_store_release(&task->state, 0);	/* as in run_set_up() */
	task_retire(pool, task);
	return false;
}

/*
 * Goes on with simple tasks after one has returned, as long as nothing else is to be looked at:
 * what the loop of the worker does, in a few instructions. Locking: none; pool->lock is held when
 * it returns. Return: the result of the last, which has not ended.
 */
static __always_inline int run_simple(struct wpool *pool, struct wpool_worker *worker,
				      struct wpool_run *run, int result)
	__acquires(&pool->lock)
{
	unsigned int left = MOST_SIMPLE;
	struct wpool_task *task, *last;

	OPTIMIZER_HIDE_VAR(run);	/* or gcc works it out from an index, again and again */
	for (;;) {
		pool_lock_irq(pool);
		last = run->task;
		if (!may_follow(pool, worker, &left) || !ends_simply(last))
			return result;
		task = next_simple(pool);
		if (!task)
			return result;
		end_simple(pool, run, last, result);
		/* As pool_unlock_irq(), but that nothing is to be looked at. */
		if (likely(begin_simple(pool, run, task)) ||
		    likely(!wake_queue_any(pool_wake_queue(pool))))
			raw_spin_unlock_irq(&pool->lock);
		else
			__pool_unlock_wake_irq(pool);
		result = run_outside(pool, run, task);
	}
}

/* Drops a task whose group has failed: @ends as for task_drop(). Context: pool->lock held. */
bool run_drop_failed(struct wpool *pool, struct wpool_task *task, struct wpool_ends *ends)
{
	if (!group_cancels(task))
		return false;
	task_drop(pool, task, WPOOL_STAT_CANCELLED, ends);
	return true;
}

/* Calls what a run owes, or what was dropped in its place. Locking: as run_task(). */
static noinline void release_of_run(struct wpool *pool, struct wpool_run *run)
	__must_hold(&pool->lock)
{
	struct wpool_ends ends;

	/* From here on another run may have its place. */
	run_take_ends(run, &ends);
	run->nr_ended = 0;
	pool_unlock_irq(pool);
	ends_finish(&ends);
	pool_lock_irq(pool);
}

/* Drops the task in a worker if its group has failed. Locking: as run_task(). */
static noinline bool drop_failed(struct wpool *pool, struct wpool_run *run,
				 struct wpool_task *task)
	__must_hold(&pool->lock)
{
	struct wpool_ends ends;

	ends.nr = 0;
	if (!run_drop_failed(pool, task, &ends))
		return false;
	run->tracked = ends.nr;
	run->nr_ended = ends.nr;
	if (ends.nr)
		run->ended[0] = ends.ended[0];
	pool_unlock_irq(pool);
	cond_resched();	/* many may be dropped in a row */
	pool_lock_irq(pool);
	return true;
}

/* Runs a task that has just left the queue, or drops it. Locking: as run_task(). */
static __always_inline void __run_task(struct wpool_worker *worker, struct wpool_task *task,
				       bool helps)
	__must_hold(&worker->pool->lock)
{
	struct wpool_run *run = &worker->runs[worker->nesting];
	bool nested = worker->nesting, ours, simple;
	struct wpool *pool = worker->pool;
	int result;

	if (unlikely(task->waiters) && drop_failed(pool, run, task))
		return;
	ours = task_is_ours(task);	/* another's may be gone once it has begun */
	simple = !helps && task_is_simple(task);
	run_begin(pool, worker, run, task, nested);
	if (helps) {
		stat_inc(pool, WPOOL_STAT_NESTED);
		run->helped = true;
	}
	if (ours)
		task_retire(pool, task);
	pool_unlock_irq(pool);
	result = run_outside(pool, run, task);
	if (simple)
		result = run_simple(pool, worker, run, result);
	else
		pool_lock_irq(pool);
	run_end(pool, worker, run, nested, result);
}

/**
 * run_task() - run a task that has just left the queue, or drop it if its group has failed
 * @worker: the current thread
 * @task: the task
 *
 * Locking: pool->lock held, and interrupts were on; released and regrabbed.
 */
void run_task(struct wpool_worker *worker, struct wpool_task *task)
	__must_hold(&worker->pool->lock)
{
	struct wpool_run *run = &worker->runs[worker->nesting];
	bool hooked = !worker->nesting;	/* in worker_start, or worker_stop */

	if (hooked)
		worker_enter_from_hook(worker);
	__run_task(worker, task, true);
	if (hooked)
		worker_return_to_hook(worker);
	if (run_owes(run))
		release_of_run(worker->pool, run);
}

/**
 * run_next() - run the next task
 * @worker: the current thread, outside of any task
 *
 * Locking: as run_task(), if it returns true.
 * Return: false if there is no task.
 */
bool run_next(struct wpool_worker *worker)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;
	struct wpool_task *task = queue_pop(pool);

	if (!task) {
		inbox_keep_spare(pool);
		return false;
	}
	__run_task(worker, task, false);
	if (run_owes(&worker->runs[0]))
		release_of_run(pool, &worker->runs[0]);
	return true;
}

/*
 * A run without run_task(), where it need not be as fast. The first and the last function need
 * pool->lock, see run_set_up() and run_finish(); the other needs no lock.
 */
void run_open(struct wpool *pool, struct wpool_run *run, struct wpool_worker *worker,
	      struct wpool_task *task)
{
	run_set_up(pool, run, worker, task);
	leak_note(run);
	if (run->group && !worker)
		group_task_outside(run->group, pool, true);
}

int run_function(struct wpool *pool, struct wpool_run *run, struct wpool_task *task)
{
	return run_outside(pool, run, task);
}

void run_close(struct wpool *pool, struct wpool_run *run, int result, enum wpool_stat how)
{
	if (run->group && !run->worker)
		group_task_outside(run->group, pool, false);
	run_finish(pool, run, result, how);
}
