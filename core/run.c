// SPDX-License-Identifier: GPL-2.0
/*
 * A task's run: its beginning, the call, its end, and its death.
 *
 * What a dead worker had on its stack is gone with it. Of its own nested runs that
 * is seen to, see run_on_own_stack(). A task function that submits a task on its
 * stack and dies before it has waited for it leaves a list with a hole: that
 * cannot be healed, as the locks that it held cannot. wpool_run() never does.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <trace/events/wpool.h>

#include "internal.h"

/* From here on the run stands for the task. Context: pool->lock held. */
static __always_inline void run_set_up(struct wpool *pool, struct wpool_run *run,
				       struct wpool_worker *worker,
				       struct wpool_task *task, u8 loose)
{
	bool detached = task->flags & WPOOL_TASK_DETACHED;

	/* One by one: debugfs may be looking at some of them. */
	run->worker = worker;
	run->task = detached ? NULL : task;
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	run->owner = queue_take_pin(task);
	run->group = watch_take_group(task);
	run->again = NULL;
	WRITE_ONCE(run->started, jiffies);
	run->color = task->color;
	run->stop = false;
	run->orphan = false;
	run->named = false;
	latency_begin(pool, task, run);
	task->run = run;
	/* Pairs as in task_settle(), which a detached task has none of. */
	smp_store_release(&task->state, detached ? 0 : TASK_IN_FN | loose);
}

/* The task has just left the queue. Context: pool->lock held. */
static __always_inline void run_begin(struct wpool *pool, struct wpool_worker *worker,
				      struct wpool_run *run, struct wpool_task *task,
				      bool nested, u8 loose,
				      struct wpool_wakes *wakes)
{
	run_set_up(pool, run, worker, task, loose);
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
		task_retire(pool, task, wakes);
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

static __always_inline void run_leave(struct wpool *pool,
				      struct wpool_worker *worker, bool nested)
{
	shared_dec(worker->depth);
	if (likely(!nested))
		shared_dec(pool->nr_running);
}

static __always_inline void run_end(struct wpool *pool, struct wpool_worker *worker,
				    struct wpool_run *run, bool nested, int result,
				    struct wpool_wakes *wakes)
{
	run_leave(pool, worker, nested);
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

/*
 * From the beginning of a run to its end: all that is done without the lock. The
 * task may be gone.
 */
static __always_inline int run_outside(struct wpool *pool, struct wpool_run *run,
				       struct wpool_task *task)
{
	int result;

	trace_wpool_task_start(pool->name, task, run->fn);
	if (unlikely(pool->ops))
		result = run_call_hooked(pool, run);
	else
		result = run_call(pool, run);

	trace_wpool_task_end(pool->name, task, run->fn, result);
	/* Else cond_resched() would be a fifth of what an empty task costs. */
	if (unlikely(need_resched()))
		cond_resched();
	return result;
}

/*
 * Begins the next task of the worker's hand. What the run has beside this is as it
 * was left: no group, not asked to stop, the color.
 *
 * Context: worker->lock held. Return: the task, or NULL if there is none.
 */
static __always_inline struct wpool_task *
run_begin_loose(struct wpool_worker *worker, struct wpool_run *run)
{
	struct wpool_task *task;
	bool detached;

	if (!worker->hand_left)
		return NULL;
	shared_dec(worker->hand_left);
	task = worker->hand[worker->hand_at++];
	detached = task->flags & WPOOL_TASK_DETACHED;
	run->task = detached ? NULL : task;
	WRITE_ONCE(run->fn, task->fn);
	run->arg = task->arg;
	run->owner = queue_take_pin(task);
	WRITE_ONCE(run->started, jiffies);
	if (task_is_ours(task))
		task_chain(&worker->begun, task);
	/* Pairs as in task_settle(). */
	smp_store_release(&task->state, detached ? 0 : TASK_IN_FN | TASK_LOOSE);
	return task;
}

/*
 * Ends a run that has returned. Context: worker->lock held. Return: false if
 * somebody has a grip of the task: it must be ended under pool->lock.
 */
static __always_inline bool run_end_loose(struct wpool_worker *worker,
					  struct wpool_run *run, int result)
{
	struct wpool_task *task = run->task;

	if (task && unlikely(!(task->state & TASK_LOOSE)))
		return false;
	run->task = NULL;
	/* Before anybody can know that it has ended; see wpool_stats(). */
	WRITE_ONCE(worker->ended, worker->ended + 1);
	if (task) {
		WRITE_ONCE(task->result, result);
		smp_store_release(&task->state, TASK_DONE);	/* as in task_settle() */
	}
	if (unlikely(run->owner))
		module_put(run->owner);
	return true;
}

/*
 * Goes on with the worker's hand after its first run has returned. Locking: none;
 * pool->lock is held when it returns.
 */
static void run_hand(struct wpool *pool, struct wpool_worker *worker,
		     struct wpool_run *run, int result, struct wpool_wakes *wakes)
	__acquires(&pool->lock)
{
	struct wpool_task *task;
	bool ended;

	for (;;) {
		raw_spin_lock_irq(&worker->lock);
		ended = run_end_loose(worker, run, result);
		task = ended ? run_begin_loose(worker, run) : NULL;
		raw_spin_unlock_irq(&worker->lock);
		if (!task)
			break;
		result = run_outside(pool, run, task);
	}
	raw_spin_lock_irq(&pool->lock);
	run_leave(pool, worker, false);
	hand_done(worker, wakes);
	if (!ended)
		run_finish(pool, run, result, WPOOL_STAT_COMPLETED, wakes);
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
	int result;
	u8 loose;

	if (unlikely(task->watchers) && run_cancelled(pool, task, wakes)) {
		pool_unlock_wake_irq(pool, wakes);
		raw_spin_lock_irq(&pool->lock);
		return;
	}

	loose = !nested && hand_take(worker, task) ? TASK_LOOSE : 0;
	run_begin(pool, worker, run, task, nested, loose, wakes);
	if (task_is_ours(task))
		task_retire(pool, task, wakes);
	wake_for_queue(pool, wakes);
	pool_unlock_wake_irq(pool, wakes);
	result = run_outside(pool, run, task);
	if (loose) {
		run_hand(pool, worker, run, result, wakes);
		return;
	}
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
	int result;

	if (unlikely(task->watchers) && run_cancelled(pool, task, &wakes)) {
		pool_unlock_wake(pool, flags, &wakes);
		return;
	}
	run_set_up(pool, &run, NULL, task, 0);
	shared_inc(pool->stats[WPOOL_STAT_CALLER_RUNS]);
	if (task_is_ours(task))
		task_retire(pool, task, &wakes);
	pool_unlock_wake(pool, flags, &wakes);
	trace_wpool_task_start(pool->name, task, run.fn);

	result = run.fn(run.arg);

	trace_wpool_task_end(pool->name, task, run.fn, result);
	pool_lock(pool, flags);
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
