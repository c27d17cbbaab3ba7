// SPDX-License-Identifier: GPL-2.0
/*
 * A task's run: its beginning, the call, its end, and its death.
 *
 * An accepted task ends once, in one of three ways, and each of them counts it
 * and tells its waiters in the hold of pool->lock in which it becomes certain:
 * run_end() after its function has returned, run_bury() after its function took
 * the worker down, task_drop() before it began.
 *
 * What a dead worker had on its stack is gone with it. Of its own nested runs that
 * is seen to, see run_on_own_stack(). A task function that submits a task on its
 * stack and dies before it has waited for it leaves a list with a hole: that
 * cannot be healed, as the locks that it held cannot. wpool_run() never does.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <trace/events/wpool.h>

#include "internal.h"

/* Tasks of wpool_schedule_fn(). */
static struct kmem_cache *task_cache;

int __init run_init(void)
{
	task_cache = KMEM_CACHE(wpool_task, SLAB_HWCACHE_ALIGN);
	return task_cache ? 0 : -ENOMEM;
}

void run_exit(void)
{
	kmem_cache_destroy(task_cache);
}

struct wpool_task *task_alloc(wpool_fn_t fn, void *arg, struct module *owner,
			      gfp_t gfp)
{
	struct wpool_task *task = kmem_cache_alloc(task_cache, gfp);

	if (task) {
		__wpool_task_init(task, fn, arg, owner);
		task->flags = WPOOL_TASK_DETACHED | WPOOL_TASK_ALLOCATED;
	}
	return task;
}

/* Nobody has the task but the pool, which frees it as soon as it has begun. */
static bool task_is_ours(const struct wpool_task *task)
{
	const u8 both = WPOOL_TASK_ALLOCATED | WPOOL_TASK_DETACHED;

	return (task->flags & both) == both;
}

void task_free(struct wpool_task *task)
{
	kmem_cache_free(task_cache, task);
}

/*
 * Sets the result of a task, tells its waiters and lets go of it: not to be
 * touched afterwards. Context: pool->lock held.
 */
static __always_inline void task_settle(struct wpool_task *task, int result,
			struct wpool_wakes *wakes)
{
	WRITE_ONCE(task->result, result);
	watch_tell(task, 0, result, wakes);
	/*
	 * Release: who reads this without the lock may read the result, and may
	 * free or submit the task at once. Pairs with the acquire in task_lock_pool(),
	 * wpool_task_queued() and queue_check().
	 */
	smp_store_release(&task->state, TASK_DONE);
}

/* What the end of any accepted task brings about. Context: pool->lock held. */
static __always_inline void task_uncount(struct wpool *pool, struct module *pinned,
			 struct wpool_group *group, u8 color, int result,
			 struct wpool_wakes *wakes)
{
	lockdep_assert_held(&pool->lock);
	if (unlikely(pinned))
		module_put(pinned);
	if (unlikely(group))
		group_task_done(group, result, wakes);
	flush_done(pool, color, wakes);
	queue_admit_blocked(pool, wakes);
	/* The room may have gone to one that is held back. */
	break_deadlock(pool, wakes);
	if (unlikely(pool->state != WPOOL_STATE_RUNNING) && !pool_undone(pool))
		manager_kick(pool);
}

/* Has wpool's own memory freed once the lock is dropped. */
static void task_discard(struct wpool_task *task, struct wpool_wakes *wakes)
{
	task->watchers = (unsigned long)wakes->garbage;
	wakes->garbage = task;
}

/**
 * task_drop() - end a task that was accepted and does not begin any more: its
 *	waiters are told -ECANCELED
 * @pool: its pool
 * @task: off the queue, or inside its function and off the queue again; in the
 *	first case not to be touched afterwards
 * @how: the counter for this kind of end
 * @wakes: gets those whose wait is over
 *
 * Context: pool->lock held.
 */
void task_drop(struct wpool *pool, struct wpool_task *task, enum wpool_stat how,
	       struct wpool_wakes *wakes)
{
	struct wpool_group *group = watch_take_group(task);
	struct module *pinned = queue_take_pin(task);
	u8 color = task->color;

	if (how == WPOOL_STAT_DROPPED)
		trace_wpool_task_drop(pool->name, task, task->fn);
	else
		trace_wpool_task_cancel(pool->name, task, task->fn);
	shared_inc(pool->stats[how]);
	if (task_is_ours(task)) {
		task_discard(task, wakes);
	} else if (!(task->state & TASK_IN_FN)) {
		key_release(pool, task, wakes);
		task_settle(task, -ECANCELED, wakes);
	}
	task_uncount(pool, pinned, group, color, -ECANCELED, wakes);
}

/* From here on the run stands for the task. Context: pool->lock held. */
static __always_inline void run_set_up(struct wpool *pool, struct wpool_run *run,
		       struct wpool_worker *worker, struct wpool_task *task)
{
	bool detached = task->flags & WPOOL_TASK_DETACHED;

	/* One by one: debugfs may be looking at some of them. */
	run->worker = worker;
	run->task = detached ? NULL : task;
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	run->owner = queue_take_pin(task);
	run->group = watch_take_group(task);
	WRITE_ONCE(run->started, jiffies);
	run->color = task->color;
	run->stop = false;
	run->orphan = false;
	run->named = false;
	latency_begin(pool, task, run);
	task->run = run;
	/* Pairs as in task_settle(), which a detached task has none of. */
	smp_store_release(&task->state, detached ? 0 : TASK_IN_FN);
}

/* The task has just left the queue. Context: pool->lock held. */
static __always_inline void run_begin(struct wpool *pool, struct wpool_worker *worker,
				      struct wpool_run *run, struct wpool_task *task,
				      bool nested, struct wpool_wakes *wakes)
{
	run_set_up(pool, run, worker, task);
	if (unlikely(nested)) {
		/* A place on the queue is free, and no worker less. */
		shared_inc(pool->stats[WPOOL_STAT_NESTED]);
		queue_admit_blocked(pool, wakes);
	} else {
		shared_inc(pool->nr_running);
	}
	shared_inc(worker->depth);
}

/*
 * Lets go of a task that was submitted again inside its function, or that nobody
 * waits for any more. Context: pool->lock held.
 */
static noinline void run_finish_rare(struct wpool *pool, struct wpool_run *run,
				     int result, struct wpool_wakes *wakes)
{
	struct wpool_task *task = run->task;
	struct wpool_group *group;

	/* Who asked it to stop did not mean it to run again. */
	if ((task->state & TASK_QUEUED) &&
	    (run->stop || pool->state == WPOOL_STATE_STOP)) {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED, wakes);
	}
	if (task->state & TASK_QUEUED) {
		/*
		 * So not done. Waiters look at it again: a worker among them may
		 * have to run it itself.
		 */
		queue_relink(pool, task);
		watch_tell(task, -EAGAIN, 0, wakes);
		group = watch_group(task);
		if (group)
			group_tell_workers(group, wakes);
	} else if (run->orphan) {
		task_discard(task, wakes);
	} else {
		task_settle(task, result, wakes);
	}
}

/* Tells how a run ended, to all who want to know. The run is off the worker. */
static __always_inline void run_finish(struct wpool *pool, struct wpool_run *run,
				       int result, enum wpool_stat how,
				       struct wpool_wakes *wakes)
{
	struct wpool_task *task = run->task;

	/* Before anybody can know that it has ended; see wpool_stats(). */
	shared_inc(pool->stats[how]);
	latency_end(pool, run);
	if (task) {
		key_release(pool, task, wakes);
		if (unlikely((task->state & TASK_QUEUED) || run->orphan))
			run_finish_rare(pool, run, result, wakes);
		else
			task_settle(task, result, wakes);
	}
	task_uncount(pool, run->owner, run->group, run->color, result, wakes);
}

static __always_inline void run_end(struct wpool *pool, struct wpool_worker *worker,
				    struct wpool_run *run, bool nested, int result,
				    struct wpool_wakes *wakes)
{
	shared_dec(worker->depth);
	if (likely(!nested))
		shared_dec(pool->nr_running);
	run_finish(pool, run, result, WPOOL_STAT_COMPLETED, wakes);
	/*
	 * An outermost run's worker looks at the queue next, in this hold of the
	 * lock. Not one inside another run, or in a hook on its way out.
	 */
	if (unlikely(nested || worker->leaving))
		wake_for_queue(pool, wakes);
}

/*
 * What a function must not leave behind: it would befall the next, and be blamed
 * on it.
 */
static noinline void run_tell_leaks(const struct wpool *pool,
				    const struct wpool_run *run, int leaked)
{
	pr_err("%s: %ps returned with preempt_count 0x%x, interrupts %s, %d locks too many\n",
	       pool->name, run->fn, preempt_count(),
	       irqs_disabled() ? "off" : "on", leaked);
	dump_stack();
}

/* Calls the function. No lock of ours is held; locks of outer runs may be. */
static __always_inline int run_call(struct wpool *pool, struct wpool_run *run)
{
	int result, locks = lockdep_depth(current);

	result = run->fn(run->arg);
	locks = lockdep_depth(current) - locks;
	if (unlikely(preempt_count() || irqs_disabled() || locks))
		run_tell_leaks(pool, run, locks);
	return result;
}

/* The same with the hooks of a pool that has some. */
static noinline int run_call_hooked(struct wpool *pool, struct wpool_run *run)
{
	int result;

	if (pool->ops->task_begin)
		pool->ops->task_begin(pool, run->fn, run->arg);
	result = run_call(pool, run);
	if (pool->ops->task_end)
		pool->ops->task_end(pool, run->fn, run->arg, result);
	return result;
}

/* Drops a task whose group has failed. Context: pool->lock held. */
static bool run_cancelled(struct wpool *pool, struct wpool_task *task,
			  struct wpool_wakes *wakes)
{
	if (!group_cancels(task))
		return false;
	task_drop(pool, task, WPOOL_STAT_CANCELLED, wakes);
	wake_for_queue(pool, wakes);
	return true;
}

/**
 * run_task() - run a task that has just left the queue, or drop it if its group
 *	has failed
 * @worker: the current thread
 * @task: the task
 * @wakes: issued before the function is called; gets those whose wait ends with it
 *
 * Locking: pool->lock held, and interrupts were on; released and regrabbed.
 */
void run_task(struct wpool_worker *worker, struct wpool_task *task,
	      struct wpool_wakes *wakes)
	__must_hold(&worker->pool->lock)
{
	struct wpool_run *run = &worker->runs[worker->depth];
	struct wpool *pool = worker->pool;
	bool nested = worker->depth;
	bool ours = task_is_ours(task);
	int result;

	if (unlikely(task->watchers) && run_cancelled(pool, task, wakes)) {
		pool_unlock_wake_irq(pool, wakes);
		raw_spin_lock_irq(&pool->lock);
		return;
	}

	run_begin(pool, worker, run, task, nested, wakes);
	wake_for_queue(pool, wakes);
	pool_unlock_wake_irq(pool, wakes);
	trace_wpool_task_start(pool->name, task, run->fn);
	if (ours)
		task_free(task);

	if (unlikely(pool->ops))
		result = run_call_hooked(pool, run);
	else
		result = run_call(pool, run);

	trace_wpool_task_end(pool->name, task, run->fn, result);
	/* Else cond_resched() would be a fifth of what an empty task costs. */
	if (unlikely(need_resched()))
		cond_resched();
	raw_spin_lock_irq(&pool->lock);
	run_end(pool, worker, run, nested, result, wakes);
}

/**
 * run_in_caller() - run a task in the thread that submitted it
 * @pool: the pool
 * @task: taken, and on no list
 * @flags: from raw_spin_lock_irqsave()
 *
 * No worker has to do with it, so neither hooks nor the count of the running.
 *
 * Locking: pool->lock held; released.
 */
void run_in_caller(struct wpool *pool, struct wpool_task *task,
		   unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_wakes wakes = {};
	struct wpool_run run;
	bool ours = task_is_ours(task);
	int result;

	if (unlikely(task->watchers) && run_cancelled(pool, task, &wakes)) {
		pool_unlock_wake(pool, flags, &wakes);
		return;
	}
	run_set_up(pool, &run, NULL, task);
	shared_inc(pool->stats[WPOOL_STAT_CALLER_RUNS]);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	trace_wpool_task_start(pool->name, task, run.fn);
	if (ours)
		task_free(task);

	result = run.fn(run.arg);

	trace_wpool_task_end(pool->name, task, run.fn, result);
	raw_spin_lock_irqsave(&pool->lock, flags);
	run_finish(pool, &run, result, WPOOL_STAT_COMPLETED, &wakes);
	wake_for_queue(pool, &wakes);
	pool_unlock_wake(pool, flags, &wakes);
}

/*
 * May a worker run a task inside another? What the functions need of the stack is
 * not known; half of it is left to the innermost.
 */
bool run_may_nest(const struct wpool_worker *worker)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	return worker->depth < WPOOL_MAX_NESTING &&
	       here - worker->stack > THREAD_SIZE / 2;
}

/* A task on the stack of the thread that runs it: gone if that thread is. */
bool run_on_own_stack(const struct wpool_run *run, const struct wpool_task *task)
{
	return run->worker &&
	       (unsigned long)task - run->worker->stack < THREAD_SIZE;
}

/* Tells the owner of the pool; no lock is held, no code of the worker runs. */
void run_bury_hooks(struct wpool_worker *worker)
{
	const struct wpool_ops *ops = worker->pool->ops;
	unsigned int depth = worker->depth;

	while (ops && ops->task_oops && depth--)
		ops->task_oops(worker->pool, worker->runs[depth].fn,
			       worker->runs[depth].arg);
}

/**
 * run_bury() - end the tasks that a dead worker was inside
 * @worker: dead
 * @wakes: gets those whose wait is over
 *
 * Innermost first, as they would have ended. Context: pool->lock held.
 */
void run_bury(struct wpool_worker *worker, struct wpool_wakes *wakes)
{
	struct wpool *pool = worker->pool;
	unsigned int depth = worker->depth;

	lockdep_assert_held(&pool->lock);
	if (depth)
		shared_dec(pool->nr_running);
	WRITE_ONCE(worker->depth, 0);
	while (depth--) {
		struct wpool_run *run = &worker->runs[depth];

		if (run->task && run_on_own_stack(run, run->task))
			run->task = NULL;
		/* Only who waited for it would run it here: nobody is left to free it. */
		if (run->task && depth && run->task->flags & WPOOL_TASK_ALLOCATED)
			run->orphan = true;
		run_finish(pool, run, -EOWNERDEAD, WPOOL_STAT_OOPSED, wakes);
	}
}
