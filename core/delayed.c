// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that wait for a time before they wait in the queue.
 *
 * From its acceptance a delayed task is the pool's: counted, its owner pinned, on
 * pool->delayed. Its timer only moves it to the queue, room or not.
 *
 * Who takes it back must know that the timer's function has let go of it: under
 * pool->lock timer_delete() says whether the timer was still to fire. If not, the
 * function is about to take the lock and is left to do it: it looks at the state
 * of the task and of the pool, and touches neither after it has dropped the lock.
 */
#include <linux/lockdep.h>
#include <linux/module.h>

#include "internal.h"

/* Off the list; the state is the caller's to set. Context: pool->lock held. */
static void delayed_unlink(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	list_del(&task->node);
	shared_dec(pool->nr_delayed);
}

static void delayed_link(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long delay)
{
	lockdep_assert_held(&pool->lock);
	list_add_tail(&dtask->task.node, &pool->delayed);
	shared_inc(pool->nr_delayed);
	/* Release: who sees it may lock task->pool; see task_lock_pool(). */
	smp_store_release(&dtask->task.state, TASK_DELAYED);
	/* The jiffy that has begun does not count: never early. */
	mod_timer(&dtask->timer, jiffies + delay + 1);
}

static bool delayed_cancelled(const struct wpool *pool)
{
	return pool->state > WPOOL_STATE_SHUTDOWN ||
	       (pool->state == WPOOL_STATE_SHUTDOWN &&
		!(pool->flags & WPOOL_RUN_OUT_DELAYED));
}

static void delayed_fire(struct timer_list *timer)
{
	struct wpool_delayed_task *dtask =
		container_of(timer, struct wpool_delayed_task, timer);
	struct wpool_task *task = &dtask->task;
	struct wpool *pool = task->pool;
	struct wpool_wakes wakes = {};
	unsigned long flags;

	pool_lock(pool, flags);
	delayed_unlink(pool, task);
	if (delayed_cancelled(pool)) {
		task_drop(pool, task, WPOOL_STAT_CANCELLED, &wakes);
	} else {
		queue_put(pool, task);
		/* A worker among its waiters may have to run it itself. */
		watch_tell(task, -EAGAIN, 0, &wakes);
		wake_for_queue(pool, &wakes);
	}
	pool_unlock_wake(pool, flags, &wakes);
}

void __wpool_delayed_task_init(struct wpool_delayed_task *dtask, wpool_fn_t fn,
			       void *arg, struct module *owner)
{
	__wpool_task_init(&dtask->task, fn, arg, owner);
	timer_setup(&dtask->timer, delayed_fire, TIMER_IRQSAFE);
}
EXPORT_SYMBOL_GPL(__wpool_delayed_task_init);

/**
 * delayed_cancel_all() - take back the delayed tasks of a pool that is closing
 * @pool: the pool
 * @wakes: gets their waiters
 *
 * Those whose timer has just fired see for themselves. Context: pool->lock held.
 */
void delayed_cancel_all(struct wpool *pool, struct wpool_wakes *wakes)
{
	struct wpool_task *task, *next;

	if (!delayed_cancelled(pool))
		return;
	list_for_each_entry_safe(task, next, &pool->delayed, node) {
		if (!timer_delete(&container_of(task, struct wpool_delayed_task,
						task)->timer))
			continue;
		delayed_unlink(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED, wakes);
	}
}

/**
 * wpool_schedule_delayed() - have a task run after a time
 * @pool: the pool
 * @dtask: set up by wpool_delayed_task_init(), and neither delayed, queued nor
 *	running; the pool's until it has run or was cancelled
 * @delay: in jiffies; never cut short
 *
 * It counts as the pool's from now on: a flush waits for it, and a pool that is
 * shut down cancels it unless %WPOOL_RUN_OUT_DELAYED is set. When its time has
 * come it is queued even if the queue is full.
 *
 * Context: Any but NMI.
 * Return: 0, -EINVAL, -EBUSY, -ESHUTDOWN or -ENOENT as wpool_schedule().
 */
int wpool_schedule_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
			   unsigned long delay)
{
	unsigned long flags;
	int ret;

	if (!submit_args_ok(pool, dtask ? &dtask->task : NULL))
		return -EINVAL;
	pool_lock(pool, flags);
	ret = queue_check(pool, &dtask->task);
	if (!ret && dtask->task.state & TASK_IN_FN)
		ret = -EBUSY;
	if (!ret)
		ret = queue_take(pool, &dtask->task, NULL);
	if (!ret)
		delayed_link(pool, dtask, delay);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_schedule_delayed);

/*
 * Locks the pool of a task that has not begun, with the task on no list and its
 * timer off. NULL if there is none.
 *
 * If the timer is no more to fire, its function is waiting for the lock: it is let
 * have it, and then the task is looked at again.
 */
static struct wpool *__delayed_grab(struct wpool_delayed_task *dtask,
				    unsigned long *flags)
{
	struct wpool_task *task = &dtask->task;
	struct wpool *pool;
	bool firing;

	for (;;) {
		pool = task_lock_pool(task, flags);
		if (!pool)
			return NULL;
		if (task->state == TASK_QUEUED) {
			queue_remove(pool, task);
			break;
		}
		firing = task->state == TASK_DELAYED;
		if (firing && timer_delete(&dtask->timer)) {
			delayed_unlink(pool, task);
			break;
		}
		raw_spin_unlock_irqrestore(&pool->lock, *flags);
		if (!firing)
			return NULL;
		cond_resched();
	}
	__release(&pool->lock);	/* see delayed_grab() */
	return pool;
}

/* So that sparse sees that the lock is held if there is a pool. */
static inline struct wpool *delayed_grab(struct wpool_delayed_task *dtask,
					 unsigned long *flags)
{
	struct wpool *pool = __delayed_grab(dtask, flags);

	if (pool)
		__acquire(&pool->lock);
	return pool;
}

/**
 * wpool_cancel_delayed() - take back a delayed task that has not begun
 * @dtask: the task
 *
 * Context: Process context; may sleep.
 * Return: true if it was delayed or queued and now does not run.
 */
bool wpool_cancel_delayed(struct wpool_delayed_task *dtask)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;
	struct wpool *pool;

	might_sleep();
	if (!dtask)
		return false;
	pool = delayed_grab(dtask, &flags);
	if (!pool)
		return false;
	task_drop(pool, &dtask->task, WPOOL_STAT_CANCELLED, &wakes);
	wake_for_queue(pool, &wakes);
	pool_unlock_wake(pool, flags, &wakes);
	return true;
}
EXPORT_SYMBOL_GPL(wpool_cancel_delayed);

/**
 * wpool_modify_delayed() - set another delay
 * @pool: the pool
 * @dtask: the task; submitted if it is not yet, and delayed again if it waits in
 *	the queue
 * @delay: from now, in jiffies
 *
 * Context: as wpool_cancel_delayed().
 * Return: 0, or an error of wpool_schedule_delayed(): -EBUSY if it is running.
 */
int wpool_modify_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long delay)
{
	struct wpool_wakes wakes = {};
	struct wpool *holder;
	unsigned long flags;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || !dtask)
		return -EINVAL;
	holder = delayed_grab(dtask, &flags);
	if (!holder)
		return wpool_schedule_delayed(pool, dtask, delay);
	delayed_link(holder, dtask, delay);
	queue_admit_blocked(holder, &wakes);
	delayed_cancel_all(holder, &wakes);	/* closing: not delayed anew */
	wake_for_queue(holder, &wakes);
	pool_unlock_wake(holder, flags, &wakes);
	return 0;
}
EXPORT_SYMBOL_GPL(wpool_modify_delayed);
