// SPDX-License-Identifier: GPL-2.0
/* A run of a task: its beginning, the call, and its end. dead_worker.c has its death. */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>
#include <trace/events/wpool.h>

#include "counter.h"
#include "delayed.h"
#include "depmap.h"
#include "group.h"
#include "key_release.h"
#include "latency.h"
#include "leak.h"
#include "nesting.h"
#include "objects.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_batch.h"
#include "run_finish.h"
#include "staging.h"
#include "task.h"
#include "task_end.h"
#include "task_run.h"
#include "tracked_run.h"
#include "worker_list.h"

/* Sets what a batched task does not change in a run: it has no key. Context: pool->lock held. */
static __always_inline void run_reset(struct wpool_run *run, struct wpool_worker *worker,
				      u8 color)
{
	/* One at a time: debugfs may be reading these. */
	run->worker = worker;
	WRITE_ONCE(run->group, NULL);
	run->again = NULL;
	run->color = color;
	run->stop = false;
	run->orphan = false;
	run->helped = false;
	run->reported = false;
	run->tracked = false;
}

/* From here on the run stands for the task. Context: pool->lock held. */
static __always_inline void run_set_up(struct wpool *pool, struct wpool_run *run,
				       struct wpool_worker *worker,
				       struct wpool_task *task, u8 batched)
{
	bool detached = task->flags & WPOOL_TASK_DETACHED;
	bool periodic = task->flags & WPOOL_TASK_PERIODIC;

	run_reset(run, worker, task->color);
	WRITE_ONCE(run->task, detached ? NULL : task);
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	WRITE_ONCE(run->owner, queue_take_pin(task));
	WRITE_ONCE(run->group, task_take_group(task));
	if (unlikely(run->group))
		run->stop = group_stops(run->group);
	WRITE_ONCE(run->started, jiffies);
	run->serial = pool_next_serial(pool);
	latency_begin(pool, task, run);
	if (unlikely(task->flags & WPOOL_TASK_TRACKED) || unlikely(detached && !task_is_ours(task)))
		tracked_run_begin(pool, run, task);
	task->run = run;
	objects_task_begins(task);
	/* Pairs as in task_settle(), which a detached task does not reach. */
	smp_store_release(&task->state, detached ? 0 : TASK_IN_FN | batched);
	if (unlikely(periodic))
		delayed_next_period(pool, task);
}

/* The task has just left the queue. Context: pool->lock held. */
static __always_inline void run_begin(struct wpool *pool, struct wpool_worker *worker,
				      struct wpool_run *run, struct wpool_task *task,
				      bool nested, u8 batched)
{
	run_set_up(pool, run, worker, task, batched);
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

/*
 * Begins a batched task. The rest of the run is as it was left: no group, the color. Context:
 * batch->lock held.
 */
static __always_inline void run_begin_batched(struct wpool *pool,
					      struct wpool_worker *worker,
					      struct wpool_run *run,
					      struct wpool_task *task, u64 serial)
{
	bool detached = task->flags & WPOOL_TASK_DETACHED;

	WRITE_ONCE(run->task, detached ? NULL : task);
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	WRITE_ONCE(run->owner, queue_take_pin(task));
	WRITE_ONCE(run->started, jiffies);
	WRITE_ONCE(run->stop, false);	/* the last task may have ended by run_let_go() */
	run->reported = false;
	run->serial = serial;
	if (task_is_ours(task))
		batch_note_begun(worker, task);
	task->run = run;
	objects_task_begins(task);
	/* Pairs as in task_settle(). */
	smp_store_release(&task->state, detached ? 0 : TASK_IN_FN | TASK_BATCHED);
}

/* Ends a batched run that has returned. Context: batch->lock held. */
static __always_inline void run_end_batched(struct wpool_worker *worker,
					    struct wpool_run *run, int result)
{
	struct wpool_task *task = run->task;

	/* Count it before anybody can know that it has ended; see wpool_stats(). */
	batch_count_end(worker);
	if (task) {
		WRITE_ONCE(task->result, result);
		objects_task_ended(task);
		smp_store_release(&task->state, TASK_DONE);	/* as in task_settle() */
	}
	smp_store_release(&run->task, NULL);	/* last: see has_to_do() */
	if (unlikely(run->owner))
		module_put(run->owner);
}

/* Has no thread grabbed the task? Context: batch->lock held. */
static __always_inline bool run_is_batched(const struct wpool_run *run)
{
	return READ_ONCE(run->task->state) & TASK_BATCHED;
}

/*
 * Ends a batched run that has returned, and begins the next. Return: the task of that, or NULL:
 * nothing has changed. Context: batch->lock held.
 */
static __always_inline struct wpool_task *
run_next_batched(struct wpool *pool, struct wpool_worker *worker, struct wpool_run *run, int result)
{
	struct wpool_task *task;

	if (unlikely(run->task && !run_is_batched(run)))
		return NULL;
	task = batch_pop(pool, worker, run->color);
	if (task) {
		run_end_batched(worker, run, result);
		run_begin_batched(pool, worker, run, task, batch_serial(pool));
	}
	return task;
}

/* The same, if the next one is staged, and the batch is empty. */
static noinline struct wpool_task *
run_first_staged(struct wpool *pool, struct wpool_worker *worker, struct wpool_run *run, int result)
{
	struct wpool_task *task;

	if (unlikely(run->task && !run_is_batched(run)))
		return NULL;
	task = staging_pop(pool, worker, run->color);
	if (task) {
		run_end_batched(worker, run, result);
		run_begin_batched(pool, worker, run, task, pool_serial(pool));
	}
	return task;
}

/* Ends a run of a staged task, and begins the next. Context: staging->lock held. */
static __always_inline void run_replace_staged(struct wpool *pool, struct wpool_worker *worker,
					       struct wpool_run *run, struct wpool_task *task,
					       int result)
{
	bool detached = task->flags & WPOOL_TASK_DETACHED;
	struct wpool_task *last = run->task;

	/* To grab its task, or have it stop, a thread shuts the staging queue. None is pinned. */
	if (IS_ENABLED(CONFIG_PROVE_LOCKING))
		WARN_ON_ONCE(run->stop || run->owner || (last && !run_is_batched(run)));
	batch_count_end(worker);	/* first, as in run_end_batched() */
	if (likely(last)) {
		WRITE_ONCE(last->result, result);
		objects_task_ended(last);
		smp_store_release(&last->state, TASK_DONE);	/* as in task_settle() */
	}
	smp_store_release(&run->task, detached ? NULL : task);	/* as in run_end_batched() */
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	WRITE_ONCE(run->started, jiffies);
	run->serial = pool_serial(pool);
	if (unlikely(detached) && task_is_ours(task))
		batch_note_begun(worker, task);
	task->run = run;
	objects_task_begins(task);
	/* Pairs as in task_settle(). */
	smp_store_release(&task->state, unlikely(detached) ? 0 : TASK_IN_FN | TASK_BATCHED);
}

/*
 * Runs that task, and those that follow one by one, but not too many: the worker is to look at the
 * pool now and then. Return: the result of the last, which has not ended.
 */
static noinline int run_staged(struct wpool *pool, struct wpool_worker *worker,
			       struct wpool_run *run, struct wpool_task *task)
{
	unsigned int left;
	int result;

	for (left = WPOOL_STAGED_MAX; ; left--) {
		result = run_outside(pool, run, task);
		if (!left)
			return result;
		staging_lock_irq(pool);
		task = staging_first(pool);
		if (!staging_taker_is(pool, worker) || !staging_take(pool, worker, task))
			break;
		run_replace_staged(pool, worker, run, task, result);
		staging_unlock_irq(pool);
	}
	staging_unlock_irq(pool);
	return result;
}

/*
 * Goes on with the batch after a batched run has returned. A thread that has seen the end of a run
 * finds the room: the next task has left the batch, or the staging queue, before, or the worker
 * counts as free.
 * Locking: none; pool->lock is held when it returns.
 */
static void run_batch(struct wpool *pool, struct wpool_worker *worker,
		      struct wpool_run *run, int result)
	__acquires(&pool->lock)
{
	struct wpool_task *task;

	do {
		for (;;) {
			batch_lock_irq(pool);
			task = run_next_batched(pool, worker, run, result);
			if (!task)
				break;
			batch_unlock_irq(pool);
			result = run_outside(pool, run, task);
		}
		if (!batch_left(pool))
			task = run_first_staged(pool, worker, run, result);
		batch_unlock_irq(pool);
		if (task)
			result = run_staged(pool, worker, run, task);
	} while (task);
	pool_lock_staged(pool);
	staging_count_popped(pool);
	run_end(pool, worker, run, false, result);
	/* Then: waiters of the last wake before any worker counts as the last one awake. */
	batch_harvest(worker);
}

/* Drops a task whose group has failed. Context: pool->lock held. */
bool run_drop_failed(struct wpool *pool, struct wpool_task *task)
{
	if (!group_cancels(task))
		return false;
	task_drop(pool, task, WPOOL_STAT_CANCELLED);
	return true;
}

/*
 * Runs a task that has just left the queue, or drops it. With @batch, more may follow from the
 * batch. Locking: as run_task().
 */
static __always_inline void __run_task(struct wpool_worker *worker, struct wpool_task *task,
				       bool batch)
	__must_hold(&worker->pool->lock)
{
	struct wpool_run *run = &worker->runs[worker->nesting];
	struct wpool *pool = worker->pool;
	bool nested = worker->nesting, ours, batched;
	int result;

	if (unlikely(task->waiters) && run_drop_failed(pool, task)) {
		pool_long_call(1);	/* a death in a hook would be counted twice */
		pool_unlock_irq(pool);
		pool_long_call(-1);
		cond_resched();	/* many may be dropped in a row */
		pool_lock_staged(pool);
		return;
	}
	batched = batch && (batch_fill(pool, task, staging_collected(pool)) ||
			    staging_may_follow(pool, task));
	ours = task_is_ours(task);	/* another's may be gone once it has begun */
	run_begin(pool, worker, run, task, nested, batched ? TASK_BATCHED : 0);
	if (!batch) {
		stat_inc(pool, WPOOL_STAT_NESTED);
		run->helped = true;
	}
	if (ours)
		task_retire(pool, task);
	pool_unlock_irq(pool);
	result = run_outside(pool, run, task);
	if (batched) {
		run_batch(pool, worker, run, result);
		return;
	}
	pool_lock_staged(pool);
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
	bool hooked = !worker->nesting;	/* in worker_start, or worker_stop */

	if (hooked)
		worker_enter_from_hook(worker);
	__run_task(worker, task, false);
	if (hooked)
		worker_return_to_hook(worker);
}

/* Takes a task from the batch and runs it. Locking: as run_task(), if it returns true. */
static bool run_from_batch(struct wpool_worker *worker)
	__must_hold(&worker->pool->lock)
{
	struct wpool_run *run = &worker->runs[0];
	struct wpool *pool = worker->pool;
	struct wpool_task *task;

	batch_lock(pool);
	run_reset(run, worker, batch_color(pool));
	task = batch_pop(pool, worker, run->color);
	if (task)
		run_begin_batched(pool, worker, run, task, batch_serial(pool));
	batch_unlock(pool);
	if (!task) {
		batch_reclaim(pool);	/* other workers were quicker */
		return false;
	}
	running_add(pool, 1);
	nesting_add(worker, 1);
	pool_unlock_irq(pool);
	run_batch(pool, worker, run, run_outside(pool, run, task));
	return true;
}

/**
 * run_next() - run the next task, and the batched tasks after it
 * @worker: the current thread, outside of any task
 *
 * Locking: as run_task(), if it returns true.
 * Return: false if there is no task.
 */
bool run_next(struct wpool_worker *worker)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;
	struct wpool_task *task;

	if (batch_left(pool) && run_from_batch(worker))
		return true;
	task = queue_pop(pool);
	if (!task)
		return false;
	__run_task(worker, task, true);
	return true;
}

/*
 * A run without run_task(), where it need not be as fast. The first and the last function need
 * pool->lock, see run_set_up() and run_finish(); the other needs no lock.
 */
void run_open(struct wpool *pool, struct wpool_run *run, struct wpool_worker *worker,
	      struct wpool_task *task)
{
	run_set_up(pool, run, worker, task, 0);
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
