// SPDX-License-Identifier: GPL-2.0
/*
 * The ways in, all around submit().
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <trace/events/wpool.h>

#include "internal.h"

/*
 * Would this worker sleep for ever on the full queue of its own pool? Only if
 * all that could make room sleep too: every worker there may be is asleep in the
 * pool's own calls. Context: pool->lock held.
 */
static bool would_deadlock(const struct wpool *pool)
{
	return pool->nr_asleep + 1 >= max(pool->capacity, pool_alive(pool));
}

/*
 * Queues the caller up for room. Locking: pool->lock held; released.
 *
 * Whoever makes room accepts the task on the caller's behalf and takes it off
 * the list, so after a time-out or a signal the list says which came first.
 */
static int block(struct wpool *pool, struct wpool_task *task,
		 unsigned long timeout, unsigned long flags)
	__releases(&pool->lock)
{
	bool forever = timeout == MAX_SCHEDULE_TIMEOUT;
	struct wpool_waiter waiter;
	long left;

	waiter_init(&waiter);
	waiter.task = task;
	if (forever)
		waiter.worker = worker_current(pool);
	if (waiter.worker && would_deadlock(pool)) {
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		return -EDEADLK;
	}
	if (waiter.worker)
		pool->nr_asleep++;
	list_add_tail(&waiter.node, &pool->blocked);
	pool->nr_blocked++;
	wpool_get(pool);
	raw_spin_unlock_irqrestore(&pool->lock, flags);

	/* The jiffy that has begun does not count: never early. */
	if (!forever)
		timeout = min_t(unsigned long, timeout + 1, MAX_SCHEDULE_TIMEOUT - 1);
	left = wait_for_completion_killable_timeout(&waiter.done, timeout);

	raw_spin_lock_irqsave(&pool->lock, flags);
	if (waiter.worker)
		pool->nr_asleep--;
	if (waiter.told == -EINPROGRESS) {
		list_del(&waiter.node);
		pool->nr_blocked--;
		pool->stats[WPOOL_STAT_REJECTED]++;
		waiter.told = left < 0 ? -EINTR : -ETIMEDOUT;
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	} else {
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		if (left <= 0)
			wait_for_completion(&waiter.done);
	}
	wpool_put(pool);
	return waiter.told;
}

static bool args_ok(struct wpool *pool, const struct wpool_task *task)
{
	if (IS_ERR_OR_NULL(pool))
		return false;
	if (likely(task && task->fn))
		return true;
	pr_err_ratelimited("%s: %s submitted\n", pool->name,
			   task ? "a task without a function" : "no task");
	return false;
}

/* How long to block when the queue is full: DONT_BLOCK gives -EAGAIN. */
#define DONT_BLOCK	ULONG_MAX

static int submit(struct wpool *pool, struct wpool_task *task,
		  unsigned long timeout)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;
	int ret;

	if (unlikely(!args_ok(pool, task)))
		return -EINVAL;

	raw_spin_lock_irqsave(&pool->lock, flags);
	ret = queue_accept(pool, task);
	if (likely(!ret)) {
		wake_for_queue(pool, &wakes);
		pool_unlock_wake(pool, flags, &wakes);
		return 0;
	}
	if (ret == -EAGAIN && timeout != DONT_BLOCK)
		return block(pool, task, timeout, flags);
	if (ret == -EAGAIN || ret == -ESHUTDOWN)
		pool->stats[WPOOL_STAT_REJECTED]++;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ret;
}

/**
 * wpool_schedule() - have a task run, waiting for room if need be
 * @pool: the pool
 * @task: the task, set up and neither queued nor running elsewhere; the pool's
 *	until it has run, or was cancelled
 *
 * When the queue is full the pool's policy decides: sleep, or -EAGAIN. Those who
 * sleep are served in order. A task that is running in this very pool may be
 * submitted, from its own function too: it runs again after that run. To submit
 * one task to two pools at once is the caller's to avoid.
 *
 * Context: Process context; may sleep. The caller holds a reference on @pool.
 * Return: 0 if accepted: then the task runs exactly once, or who waits for it is
 * told why not. Else nothing has changed:
 * -EINVAL (NULL pool, task or function), -EBUSY (already queued, or running in
 * another pool), -EAGAIN (full, and the policy is not to wait), -ESHUTDOWN (the
 * pool accepts no more; also if that comes to pass while waiting), -EINTR (a
 * fatal signal while waiting), -EDEADLK (the caller is a worker of this pool and
 * all its workers wait for one another), -ENOENT (the task's module is going
 * away).
 */
int wpool_schedule(struct wpool *pool, struct wpool_task *task)
{
	might_sleep();
	if (!IS_ERR_OR_NULL(pool) && pool->full == WPOOL_FULL_FAIL)
		return submit(pool, task, DONT_BLOCK);
	return submit(pool, task, MAX_SCHEDULE_TIMEOUT);
}
EXPORT_SYMBOL_GPL(wpool_schedule);

/**
 * wpool_try_schedule() - have a task run if there is room
 * @pool: the pool
 * @task: as for wpool_schedule()
 *
 * Never sleeps and never allocates. Takes the pool's lock, a raw spinlock held
 * for a bounded time.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule(), but never -EINTR or -EDEADLK; -EAGAIN when full.
 */
int wpool_try_schedule(struct wpool *pool, struct wpool_task *task)
{
	return submit(pool, task, DONT_BLOCK);
}
EXPORT_SYMBOL_GPL(wpool_try_schedule);

/**
 * wpool_schedule_timeout() - have a task run, waiting a limited time for room
 * @pool: the pool
 * @task: as for wpool_schedule()
 * @timeout: the longest to wait, in jiffies; never cut short
 *
 * Waits whatever the policy of the pool is.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -ETIMEDOUT in place of -EAGAIN.
 */
int wpool_schedule_timeout(struct wpool *pool, struct wpool_task *task,
			   unsigned long timeout)
{
	int ret;

	might_sleep();
	if (timeout)
		return submit(pool, task, min_t(unsigned long, timeout,
						MAX_SCHEDULE_TIMEOUT));
	ret = submit(pool, task, DONT_BLOCK);
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}
EXPORT_SYMBOL_GPL(wpool_schedule_timeout);

static int submit_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
		     struct module *owner, gfp_t gfp,
		     int (*way)(struct wpool *pool, struct wpool_task *task))
{
	struct wpool_task *task = task_alloc(fn, arg, owner, gfp);
	int ret;

	if (!task)
		return -ENOMEM;
	ret = way(pool, task);
	if (ret)
		task_free(task);
	return ret;
}

/**
 * __wpool_schedule_fn() - what wpool_schedule_fn() is made of
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @owner: the module that @fn belongs to
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), or -ENOMEM.
 */
int __wpool_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
			struct module *owner)
{
	return submit_fn(pool, fn, arg, owner, GFP_KERNEL, wpool_schedule);
}
EXPORT_SYMBOL_GPL(__wpool_schedule_fn);

/**
 * __wpool_try_schedule_fn() - what wpool_try_schedule_fn() is made of
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @owner: the module that @fn belongs to
 *
 * Context: Any but NMI.
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
int __wpool_try_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
			    struct module *owner)
{
	return submit_fn(pool, fn, arg, owner, GFP_ATOMIC, wpool_try_schedule);
}
EXPORT_SYMBOL_GPL(__wpool_try_schedule_fn);
