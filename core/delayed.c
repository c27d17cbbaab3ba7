// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that wait for a time before they wait in the queue.
 *
 * From its acceptance on a delayed task belongs to the pool: it is counted, its owner is
 * pinned, and it is on a list of the pool. Its timer only moves it to the queue, whether there is
 * room or not.
 *
 * The timer may fire before that time, and is then armed again: the kernel's timer wheel lets a
 * timer beyond its reach fire early.
 *
 * Whoever takes the task back must know that the function of the timer is done with it. Under
 * pool->lock timer_delete() says whether the timer was still to fire. If it was not, the
 * function is about to take the lock, on another CPU and with interrupts off. It then looks at
 * the state of the task and of the pool, and touches neither after it has dropped the lock. So
 * any context can wait for it without sleeping, and once the task is taken back its memory may
 * be freed at once.
 */
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>

#include "delayed.h"
#include "group.h"
#include "lock_hold.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "task_end.h"
#include "task_lists.h"
#include "task_waiters.h"
#include "waiter.h"

/* The longest time for which a timer is armed: the wheel holds some days at any HZ. */
#define TIMER_REACH	(24UL * 60 * 60 * HZ)

static struct timer_list *delayed_timer(struct wpool_task *task)
{
	return &container_of(task, struct wpool_delayed_task, task)->timer;
}

/* Takes it off the list; the caller sets the state. Context: pool->lock held. */
static void delayed_unlink(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	walk_del(pool, &task->node);
	delayed_add(pool, -1);
}

static bool delayed_is_due(const struct wpool_delayed_task *dtask)
{
	return time_after_eq64(get_jiffies_64(), dtask->due);
}

/* Context: pool->lock held. */
static void delayed_arm(struct wpool_delayed_task *dtask)
{
	s64 left = dtask->due - get_jiffies_64();

	mod_timer(&dtask->timer, jiffies + clamp_t(s64, left, 0, TIMER_REACH));
}

void delayed_link(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long delay)
{
	lockdep_assert_held(&pool->lock);
	list_add_tail(&dtask->task.node, list_of_delayed(pool));
	delayed_add(pool, 1);
	/* Release: a thread that sees this state may lock task->pool; see task_lock_pool(). */
	smp_store_release(&dtask->task.state, TASK_DELAYED);
	/* The jiffy that has already begun does not count, so this is never early. */
	dtask->due = get_jiffies_64() + (delay < MAX_SCHEDULE_TIMEOUT ? delay + 1ULL : S64_MAX);
	delayed_arm(dtask);
}

bool delayed_cancelled(const struct wpool *pool)
{
	return pool->state > WPOOL_STATE_SHUTDOWN ||
	       (pool->state == WPOOL_STATE_SHUTDOWN &&
		!(pool->conf.flags & WPOOL_RUN_OUT_DELAYED));
}

/* The time of a task has come. Context: pool->lock held. */
static void delayed_end(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_group *group = task_group_of(task);

	delayed_unlink(pool, task);
	queue_put(pool, task);
	/* A worker that waits for it, or for its group, may have to run it itself. */
	task_waiters_complete(task, -EAGAIN, 0);
	if (group) {
		group_task_outside(group, pool, false);
		group_wake_workers(group, pool);
	}
}

static void delayed_fire(struct timer_list *timer)
{
	struct wpool_delayed_task *dtask =
		container_of(timer, struct wpool_delayed_task, timer);
	struct wpool_task *task = &dtask->task;
	struct wpool *pool = task->pool;
	unsigned long flags;

	pool_lock(pool, flags);
	if (delayed_cancelled(pool)) {
		delayed_unlink(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED);
	} else if (!delayed_is_due(dtask)) {
		delayed_arm(dtask);
	} else {
		delayed_end(pool, task);
	}
	pool_unlock(pool, flags);
}

void __wpool_delayed_task_init(struct wpool_delayed_task *dtask, wpool_fn_t fn,
			       void *arg, struct module *owner)
{
	__wpool_task_init(&dtask->task, fn, arg, owner);
	timer_setup(&dtask->timer, delayed_fire, TIMER_IRQSAFE);
}
EXPORT_SYMBOL_GPL(__wpool_delayed_task_init);

/**
 * delayed_take_back() - take a task off its delay
 * @pool: the pool
 * @task: delayed
 *
 * Context: pool->lock held.
 * Return: false if its timer is firing: then drop the lock, and look at the task again.
 */
bool delayed_take_back(struct wpool *pool, struct wpool_task *task)
{
	if (!timer_delete(delayed_timer(task)))
		return false;
	delayed_unlink(pool, task);
	return true;
}

#ifdef CONFIG_DEBUG_OBJECTS
/**
 * delayed_let_go() - take a delayed task off its timer because its memory is about to go
 * @pool: the pool
 * @task: delayed
 *
 * Its timer may be gone already: object debugging disarms a timer that is freed while it is
 * armed. If the timer is firing just now, its function will find memory that may belong to
 * somebody else; the pool cannot prevent that.
 *
 * Context: pool->lock held.
 */
void delayed_let_go(struct wpool *pool, struct wpool_task *task)
{
	if (timer_pending(delayed_timer(task)))
		timer_delete(delayed_timer(task));
	delayed_unlink(pool, task);
}
#endif

/**
 * delayed_cancel_some() - take back some delayed tasks of a pool that is closing
 * @pool: the pool
 *
 * A task whose timer has just fired sees that the pool is closing when the timer's function has
 * the lock.
 *
 * Context: pool->lock held.
 * Return: true if there are more.
 */
bool delayed_cancel_some(struct wpool *pool)
{
	struct wpool_task *task;
	unsigned int n;

	if (!delayed_cancelled(pool))
		return false;
	for (n = 0; n < WPOOL_CHUNK && !list_empty(list_of_delayed(pool)); n++) {
		hold_step(pool);
		task = list_first_entry(list_of_delayed(pool), struct wpool_task, node);
		if (delayed_take_back(pool, task)) {
			task_drop(pool, task, WPOOL_STAT_CANCELLED);
		} else {
			walk_del(pool, &task->node);
			list_add_tail(&task->node, list_of_delayed(pool));
		}
	}
	return !list_empty(list_of_delayed(pool));
}
