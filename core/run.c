// SPDX-License-Identifier: GPL-2.0
/*
 * A task's run: its beginning, the call, its end, and its death.
 *
 * An accepted task ends once, in one of three ways, and each of them calls
 * task_uncount() and tells its waiters in the hold of pool->lock in which it
 * becomes certain: run_end() after its function has returned, run_bury() after
 * its function took the worker down, wpool_cancel() before it began.
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

void task_free(struct wpool_task *task)
{
	kmem_cache_free(task_cache, task);
}

/**
 * task_tell_waiters() - set the result of a task and let go of it
 * @task: the task; not to be touched afterwards
 * @result: its result
 * @wakes: gets its waiters
 *
 * Context: lock of the task's pool held.
 */
void task_tell_waiters(struct wpool_task *task, int result,
		       struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;
	struct hlist_node *next;

	task->result = result;
	hlist_for_each_entry_safe(waiter, next, &task->waiters, hnode) {
		hlist_del(&waiter->hnode);
		waiter->value = result;
		waiter_tell(waiter, 0, wakes);
	}
	/*
	 * Release: who reads this without the lock may read the result, and may
	 * free or submit the task at once. Pairs with the acquire in task_lock_pool(),
	 * wpool_wait(), wpool_task_queued() and queue_accept().
	 */
	smp_store_release(&task->state, TASK_DONE);
}

/**
 * task_uncount() - account for the end of an accepted task
 * @pool: the pool
 * @pinned: the module pinned for it, or NULL
 * @color: the color under which it was accepted
 * @how: the counter for this kind of end
 * @wakes: gets those whose wait is over
 *
 * Context: pool->lock held. The task is counted in neither nr_queued nor
 * nr_running any more.
 */
void task_uncount(struct wpool *pool, struct module *pinned, u8 color,
		  enum wpool_stat how, struct wpool_wakes *wakes)
{
	lockdep_assert_held(&pool->lock);
	pool->stats[how]++;
	module_put(pinned);
	flush_done(pool, color, wakes);
	queue_admit_blocked(pool, wakes);
}

/* The task has just left the queue. From here on the run stands for it. */
static void run_begin(struct wpool_worker *worker, struct wpool_run *run,
		      struct wpool_task *task, struct wpool_wakes *wakes)
{
	struct wpool *pool = worker->pool;
	bool detached = task->flags & WPOOL_TASK_DETACHED;

	*run = (struct wpool_run) {
		.task		= detached ? NULL : task,
		.fn		= task->fn,
		.arg		= task->arg,
		.owner		= queue_take_pin(task),
		.started	= jiffies,
		.color		= task->color,
	};
	if (worker->depth) {
		/* A place on the queue is free, and no worker less. */
		pool->stats[WPOOL_STAT_NESTED]++;
		queue_admit_blocked(pool, wakes);
	} else {
		pool->nr_running++;
	}
	WRITE_ONCE(worker->depth, worker->depth + 1);
	/* Pairs as in task_tell_waiters(), of which a detached task has none. */
	smp_store_release(&task->state, detached ? 0 : TASK_IN_FN);
}

/* Tells how a run ended, to all who want to know. The run is off the worker. */
static void run_finish(struct wpool *pool, struct wpool_run *run, int result,
		       enum wpool_stat how, struct wpool_wakes *wakes)
{
	struct wpool_task *task = run->task;

	if (task && (task->state & TASK_QUEUED)) {
		struct wpool_waiter *waiter;
		struct hlist_node *next;

		/*
		 * Submitted again meanwhile, so not done. Waiters look at it
		 * again: a worker among them may have to run it itself.
		 */
		task->result = result;
		queue_relink(pool, task);
		hlist_for_each_entry_safe(waiter, next, &task->waiters, hnode) {
			hlist_del(&waiter->hnode);
			waiter_tell(waiter, -EAGAIN, wakes);
		}
	} else if (task) {
		task_tell_waiters(task, result, wakes);
	}
	task_uncount(pool, run->owner, run->color, how, wakes);
}

static void run_end(struct wpool_worker *worker, int result,
		    struct wpool_wakes *wakes)
{
	struct wpool *pool = worker->pool;
	struct wpool_run *run = &worker->runs[worker->depth - 1];

	WRITE_ONCE(worker->depth, worker->depth - 1);
	if (!worker->depth)
		pool->nr_running--;
	run_finish(pool, run, result, WPOOL_STAT_COMPLETED, wakes);
	/* An outermost run's worker looks at the queue next; this one does not. */
	if (worker->depth)
		wake_for_queue(pool, wakes);
}

/*
 * What a function must not leave behind: it would befall the next, and be blamed
 * on it. @locks: held before, by a function that waits for this one.
 */
static void run_check_leaks(const struct wpool *pool, const struct wpool_run *run,
			    int locks)
{
	int leaked = lockdep_depth(current) - locks;

	if (likely(!in_atomic() && !irqs_disabled() && !leaked))
		return;
	pr_err("%s: %ps returned with preempt_count 0x%x, interrupts %s, %d locks too many\n",
	       pool->name, run->fn, preempt_count(),
	       irqs_disabled() ? "off" : "on", leaked);
	dump_stack();
}

/**
 * run_task() - run a task that has just left the queue
 * @worker: the current thread
 * @task: the task
 * @flags: from raw_spin_lock_irqsave()
 *
 * Locking: pool->lock held; released and regrabbed.
 */
void run_task(struct wpool_worker *worker, struct wpool_task *task,
	      unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool_run *run = &worker->runs[worker->depth];
	struct wpool *pool = worker->pool;
	struct wpool_wakes wakes = {};
	bool allocated = task->flags & WPOOL_TASK_ALLOCATED;
	int locks, result;

	run_begin(worker, run, task, &wakes);
	wake_for_queue(pool, &wakes);
	pool_unlock_wake(pool, *flags, &wakes);
	trace_wpool_task_start(pool->name, task, run->fn);
	if (allocated)
		task_free(task);

	locks = lockdep_depth(current);
	result = run->fn(run->arg);

	run_check_leaks(pool, run, locks);
	trace_wpool_task_end(pool->name, task, run->fn, result);
	cond_resched();
	raw_spin_lock_irqsave(&pool->lock, *flags);
	run_end(worker, result, &wakes);
	if (wakes_pending(&wakes)) {
		pool_unlock_wake(pool, *flags, &wakes);
		raw_spin_lock_irqsave(&pool->lock, *flags);
	}
}

/* A task on the stack of the thread that ran it: gone with that thread. */
static bool on_own_stack(const struct wpool_worker *worker,
			 const struct wpool_task *task)
{
	return (unsigned long)task - worker->stack < THREAD_SIZE;
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
		pool->nr_running--;
	WRITE_ONCE(worker->depth, 0);
	while (depth--) {
		struct wpool_run *run = &worker->runs[depth];

		if (run->task && on_own_stack(worker, run->task))
			run->task = NULL;
		run_finish(pool, run, -EOWNERDEAD, WPOOL_STAT_OOPSED, wakes);
	}
}
