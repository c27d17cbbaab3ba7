// SPDX-License-Identifier: GPL-2.0
/* Submitting with a delay, and changing the delay; delayed.c has how a delay passes. */
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/module.h>

#include "delayed.h"
#include "group.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_walk.h"
#include "submit.h"
#include "task_end.h"
#include "task_lock.h"
#include "task_waiters.h"
#include "waiter.h"

/*
 * The memory of a stack is used again long before the time of most delays. This is known of a
 * task that lies on the stack of the thread that has set it up.
 */
static bool refuse_on_stack(const struct wpool *pool, const struct wpool_task *task)
{
	if (!(READ_ONCE(task->flags) & WPOOL_TASK_ONSTACK))
		return false;
	pr_err_ratelimited("%s: submitted: a delayed task on the stack\n", pool->name);
	return true;
}

/**
 * wpool_schedule_delayed() - run a task after a delay
 * @pool: the pool
 * @dtask: set up by wpool_delayed_task_init(), and neither delayed, queued nor running; it
 *	belongs to the pool until it has run or was cancelled
 * @delay: in jiffies; never cut short. %MAX_SCHEDULE_TIMEOUT or more means for ever: until
 *	wpool_modify_delayed() sets another delay.
 *
 * From now on it counts as a task of the pool: a flush waits for it, and a pool that is shut
 * down cancels it unless %WPOOL_RUN_OUT_DELAYED is set. When the delay is over it is queued
 * even if the queue is full.
 *
 * Context: Any but NMI.
 * Return: 0, -EINVAL (also if it lies on the stack), -EBUSY, -ESHUTDOWN or -ENOENT as
 * wpool_schedule().
 */
int wpool_schedule_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
			   unsigned long delay)
{
	unsigned long flags;
	int ret;

	if (!submit_args_ok(pool, dtask ? &dtask->task : NULL) ||
	    refuse_on_stack(pool, &dtask->task))
		return -EINVAL;
	pool_lock(pool, flags);
	ret = queue_check(pool, &dtask->task, NULL);
	if (!ret && dtask->task.state & TASK_IN_FN)
		ret = -EBUSY;
	if (!ret)
		ret = queue_take(pool, &dtask->task, NULL, NULL);
	if (!ret)
		delayed_link(pool, dtask, delay);
	pool_unlock(pool, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_schedule_delayed);

/**
 * wpool_cancel_delayed() - take back a delayed task that has not begun
 * @dtask: the task
 *
 * The same as wpool_cancel() of its member task.
 *
 * Context: Any but NMI.
 * Return: true if it was delayed or queued and now does not run: its memory belongs to the
 * caller at once. False if it was neither; if it runs, see wpool_cancel_delayed_sync().
 */
bool wpool_cancel_delayed(struct wpool_delayed_task *dtask)
{
	return dtask && wpool_cancel(&dtask->task);
}
EXPORT_SYMBOL_GPL(wpool_cancel_delayed);

/**
 * wpool_cancel_delayed_sync() - take back a delayed task, and wait for it if it has begun
 * @dtask: the task; not detached
 *
 * The same as wpool_cancel_sync() of its member task.
 *
 * Context: Process context; sleeps for as long as the task goes on.
 * Return: as wpool_cancel_delayed().
 */
bool wpool_cancel_delayed_sync(struct wpool_delayed_task *dtask)
{
	might_sleep();
	return dtask && wpool_cancel_sync(&dtask->task);
}
EXPORT_SYMBOL_GPL(wpool_cancel_delayed_sync);

/*
 * Delays again a task that was taken back. In a group, a timer now ends it and not a worker.
 * Context: pool->lock held.
 */
static void delayed_again(struct wpool *pool, struct wpool_delayed_task *dtask,
			  unsigned long delay)
{
	struct wpool_task *task = &dtask->task;
	struct wpool_group *group = task_group_of(task);

	if (group && task->state & TASK_QUEUED) {
		group_task_outside(group, pool, true);
		walk_again(pool);
	}
	delayed_link(pool, dtask, delay);
	/* A worker that waits for the task waits for a timer now. */
	task_waiters_complete(task, -EAGAIN, 0);
}

/* Return: false if the task does not wait in a pool. */
static bool put_off(struct wpool_delayed_task *dtask, unsigned long delay)
{
	struct wpool *pool;
	unsigned long flags;

	pool = task_take_back(&dtask->task, TASK_IN_FN, &flags);
	if (!pool)
		return false;
	/* Not delayed again: the pool is closing, the group is about to go, or it has failed. */
	if (delayed_cancelled(pool) || group_ends(&dtask->task) || group_cancels(&dtask->task))
		task_drop(pool, &dtask->task, WPOOL_STAT_CANCELLED);
	else
		delayed_again(pool, dtask, delay);
	pool_unlock(pool, flags);
	return true;
}

/**
 * wpool_modify_delayed() - set another delay
 * @pool: the pool
 * @dtask: the task; submitted if it is not yet, and delayed again if it waits in the queue
 * @delay: in jiffies, from now; as for wpool_schedule_delayed()
 *
 * A task that was accepted stays in its pool and in its group. If the pool was shut down and
 * does not run out its delayed tasks, the task is cancelled.
 *
 * Context: Any but NMI.
 * Return: 0, or an error of wpool_schedule_delayed(): -EBUSY if it is running.
 */
int wpool_modify_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long delay)
{
	int ret;

	if (IS_ERR_OR_NULL(pool) || !dtask)
		return -EINVAL;
	do {
		if (put_off(dtask, delay))
			return 0;
		ret = wpool_schedule_delayed(pool, dtask, delay);
		/* Try again: somebody else has just submitted it. */
	} while (ret == -EBUSY && !wpool_task_running(&dtask->task));
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_modify_delayed);
