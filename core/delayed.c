// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that wait for a time before they wait in the queue.
 *
 * From its acceptance on a delayed task belongs to the pool: it is counted, its owner is
 * pinned, and it is on a list of the pool. Its timer only moves it to the queue, whether there is
 * room or not. If its time has come already it has none, and goes to the queue at once.
 *
 * The timer may fire before that time, and is then armed again: the kernel's timer wheel lets a
 * timer beyond its reach fire early.
 *
 * A task may be submitted for later while it is inside its function. Then it has no timer yet:
 * like any task that is to run again it is on the list of the runs, and the end of its run arms
 * the timer, or queues it if its time has come meanwhile.
 *
 * A periodic task is submitted by the pool, as each of its runs begins, for the next one. So it
 * never runs beside itself, and whoever takes back a task that is to run again ends it, in
 * whatever way: a cancel, its own function, a thread that asks it to stop, a shutdown. It is
 * due one period after it was due before. If that time has passed when its run begins or ends,
 * it is due at the next one that has not, and those between are counted.
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
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <trace/events/wpool.h>

#include "compat.h"
#include "counter.h"
#include "delayed.h"
#include "flush_color.h"
#include "group.h"
#include "latency.h"
#include "lock_hold.h"
#include "manager_kick.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_again.h"
#include "task.h"
#include "task_end.h"
#include "task_lists.h"
#include "task_waiters.h"
#include "waiter.h"

/* The longest time for which a timer is armed: the wheel holds some days at any HZ. */
#define TIMER_REACH	(24UL * 60 * 60 * HZ)

/* One armed for so many jiffies is late by one at most: the wheel's first level has 64 of them. */
#define TIMER_EXACT	32

static struct wpool_delayed_task *delayed_of(struct wpool_task *task)
{
	return container_of(task, struct wpool_delayed_task, task);
}

static bool delayed_is_periodic(const struct wpool_task *task)
{
	return task->flags & WPOOL_TASK_PERIODIC;
}

/* Takes it off the list; the caller sets the state. Context: pool->lock held. */
static void delayed_unlink(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	walk_del(pool, &task->node);
	delayed_add(pool, -1);
	if (delayed_is_periodic(task))
		periodic_add(pool, -1);
}

static bool delayed_is_due(const struct wpool_delayed_task *dtask)
{
	return time_after_eq64(get_jiffies_64(), dtask->due);
}

/*
 * When its timer is to fire. The kernel's timers are late by up to an eighth of the time for which
 * they are armed, if that is not short. So a far one is armed for less, and then again.
 */
static unsigned long delayed_expires(const struct wpool_delayed_task *dtask)
{
	unsigned long left = clamp_t(s64, dtask->due - get_jiffies_64(), 0, TIMER_REACH);

	return jiffies + left - (left > TIMER_EXACT ? left / 8 : 0);
}

/* Context: pool->lock held. */
static void delayed_arm(struct wpool_delayed_task *dtask)
{
	mod_timer(&dtask->timer, delayed_expires(dtask));
}

/* Puts it on the list, with its timer. Context: pool->lock held. */
static void delayed_link(struct wpool *pool, struct wpool_delayed_task *dtask)
{
	struct wpool_task *task = &dtask->task;

	lockdep_assert_held(&pool->lock);
	list_add_tail(&task->node, list_of_delayed(pool));
	delayed_add(pool, 1);
	if (delayed_is_periodic(task))
		periodic_add(pool, 1);
	/* Release: a thread that sees this state may lock task->pool; see task_lock_pool(). */
	smp_store_release(&task->state, TASK_DELAYED);
	delayed_arm(dtask);
}

/*
 * Lets it wait until @dtask->due. Of a periodic one a flush waits for a run that is due: here that
 * is one that was asked for inside the one before. Context: pool->lock held.
 */
static void delayed_wait(struct wpool *pool, struct wpool_delayed_task *dtask)
{
	struct wpool_task *task = &dtask->task;
	bool due = dtask->asked && delayed_is_due(dtask);

	hold_step(pool);
	/* One that is due and counts already keeps its color: a flush may wait for that. */
	if (delayed_is_periodic(task) && !(due && task->color != COLOR_IDLE))
		task_recount(pool, task, due ? color_next(pool) : COLOR_IDLE);
	if (task->state & TASK_IN_FN)
		queue_put_later(pool, task);
	else
		delayed_link(pool, dtask);
}

/**
 * delayed_begin_periods() - make a task periodic
 * @dtask: passed queue_take(), and goes to delayed_put() next
 * @period: in jiffies, not 0
 *
 * Context: pool->lock held.
 */
void delayed_begin_periods(struct wpool_delayed_task *dtask, unsigned long period)
{
	WRITE_ONCE(dtask->task.flags, dtask->task.flags | WPOOL_TASK_PERIODIC);
	dtask->period = period;
	WRITE_ONCE(dtask->skipped, 0);
}

/* Counts the times of a periodic task that have passed. Context: pool->lock held. */
static void delayed_skip(struct wpool *pool, struct wpool_delayed_task *dtask)
{
	u64 n;

	if (!delayed_is_due(dtask))
		return;
	n = div64_ul(get_jiffies_64() - dtask->due, dtask->period) + 1;
	dtask->due += n * dtask->period;
	WRITE_ONCE(dtask->skipped, dtask->skipped + n);
	stat_add(pool, WPOOL_STAT_SKIPPED, n);
}

/**
 * delayed_next_period() - submit a periodic task, which has just begun, for its next run
 * @pool: the pool; if it is closing there is no next run
 * @task: inside its function
 *
 * Context: pool->lock held.
 */
void delayed_next_period(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_delayed_task *dtask = delayed_of(task);

	lockdep_assert_held(&pool->lock);
	/* Or its module is going. */
	if (pool->state != WPOOL_STATE_RUNNING || queue_take(pool, task, NULL, NULL))
		return;
	WRITE_ONCE(task->flags, task->flags | WPOOL_TASK_PERIODIC);
	dtask->asked = false;
	dtask->due += dtask->period;
	delayed_skip(pool, dtask);
	delayed_wait(pool, dtask);
}

/**
 * delayed_ends_inside() - is a task cancelled because its pool is closing?
 * @pool: the pool
 * @task: its function has ended; about to be delayed, or to be queued if its time has come
 *	meanwhile
 *
 * One that was due when the pool was closed, and that the function kept off, comes, as one that
 * waits in the queue does; of a periodic task, if it was asked for.
 *
 * Context: pool->lock held.
 */
bool delayed_ends_inside(const struct wpool *pool, struct wpool_task *task)
{
	const struct wpool_delayed_task *dtask = delayed_of(task);

	if (pool->state == WPOOL_STATE_SHUTDOWN && dtask->due <= pool->closed_at &&
	    (dtask->asked || !delayed_is_periodic(task)))
		return false;
	return pool->state != WPOOL_STATE_RUNNING;
}

/*
 * The time of a task has come; it is on no list. It waits for a worker from now on, and a periodic
 * one counts from now on; not so a periodic one that was due already. Context: pool->lock held.
 */
static void delayed_come(struct wpool *pool, struct wpool_task *task)
{
	if (!delayed_is_periodic(task)) {
		latency_accept(pool, task);
	} else if (task->color == COLOR_IDLE) {
		task_recount(pool, task, color_next(pool));
		latency_accept(pool, task);
	}
	queue_put(pool, task);
}

/* The time of a task has come that may have waited for it in a group; it is on no list. */
static void delayed_ready(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_group *group = task_group_of(task);

	delayed_come(pool, task);
	/* A worker that waits for it, or for its group, may have to run it itself. */
	task_waiters_complete(task, -EAGAIN, 0);
	/* Behind a run in a thread that is no worker it stays outside, see run_again(). */
	if (group && !(task->state & TASK_IN_FN && !task->run->worker))
		group_task_outside(group, pool, false);
	if (group)
		group_wake_workers(group, pool);
}

/**
 * delayed_put() - let a task wait for its time, if that has not come
 * @pool: the pool
 * @dtask: passed queue_take(), or was taken back
 * @due: when, in jiffies_64
 * @asked: this time is not one of those that are skipped when they have passed
 *
 * Context: pool->lock held.
 */
void delayed_put(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due, bool asked)
{
	struct wpool_task *task = &dtask->task;

	dtask->due = due;
	dtask->asked = asked;
	latency_accept(pool, task);	/* a periodic one may be due only in delayed_wait() */
	if (delayed_is_due(dtask) && !(task->state & TASK_IN_FN)) {
		delayed_ready(pool, task);
		return;
	}
	trace_wpool_task_delay(pool->name, task, task->fn, due);
	delayed_wait(pool, dtask);
}

/**
 * delayed_drop_run() - drop the run of a periodic task that is due, and not the task
 * @pool: the pool
 * @task: taken off the queue
 *
 * Context: pool->lock held.
 * Return: false if the task is not periodic, or ends with its pool.
 */
bool delayed_drop_run(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_delayed_task *dtask = delayed_of(task);

	if (!delayed_is_periodic(task) || pool->state != WPOOL_STATE_RUNNING)
		return false;
	delayed_skip(pool, dtask);
	walk_moved(pool, task, task_group_of(task));
	delayed_wait(pool, dtask);
	/* A worker that waits for it waits for a timer now. */
	task_waiters_complete(task, -EAGAIN, 0);
	return true;
}

/**
 * delayed_relink() - let a task wait for its time that was submitted inside its function
 * @pool: the pool
 * @task: its function has just ended
 *
 * Context: pool->lock held.
 */
void delayed_relink(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_delayed_task *dtask = delayed_of(task);

	queue_take_back(pool, task);
	if (delayed_is_periodic(task) && !dtask->asked)
		delayed_skip(pool, dtask);
	/* Never 0 in between, as in queue_relink(). */
	WRITE_ONCE(task->state, TASK_DELAYED);
	if (delayed_is_due(dtask)) {
		latency_accept(pool, task);	/* not since the run before */
		delayed_come(pool, task);
	} else {
		delayed_link(pool, dtask);
	}
}

static void delayed_fire(struct timer_list *timer)
{
	struct wpool_delayed_task *dtask =
		container_of(timer, struct wpool_delayed_task, timer);
	struct wpool_task *task = &dtask->task;
	struct wpool *pool = task->pool;
	unsigned long flags;
	bool ends;

	pool_lock(pool, flags);
	ends = pool->state != WPOOL_STATE_RUNNING;
	if (ends && task_has_release(task)) {
		/* It is not called by a timer: late.c takes the task back. */
		mod_timer(timer, jiffies + TIMER_REACH);
		kick_work(pool, &pool->late.work);
	} else if (ends) {
		delayed_unlink(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED, NULL);
	} else if (!delayed_is_due(dtask)) {
		delayed_arm(dtask);
	} else {
		delayed_unlink(pool, task);
		delayed_ready(pool, task);
	}
	pool_unlock(pool, flags);
}

void __wpool_delayed_task_init(struct wpool_delayed_task *dtask, wpool_fn_t fn,
			       void *arg, struct module *owner)
{
	__wpool_task_init(&dtask->task, fn, arg, owner);
	dtask->task.delayed = true;
	dtask->tracking = (struct wpool_tracking) { };
	timer_setup(&dtask->timer, delayed_fire, TIMER_IRQSAFE);
	WRITE_ONCE(dtask->skipped, 0);
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
	if (task->state & TASK_IN_FN) {
		queue_take_back(pool, task);
		return true;
	}
	if (!timer_delete(&delayed_of(task)->timer))
		return false;
	delayed_unlink(pool, task);
	return true;
}

/**
 * delayed_move() - let a task that is delayed wait for another time, where it is
 * @pool: the pool
 * @task: delayed
 * @due: that time
 *
 * If its timer is firing, that finds that its time has not come, and is armed again.
 *
 * Context: pool->lock held.
 * Return: false if more is needed than that.
 */
bool delayed_move(struct wpool *pool, struct wpool_task *task, u64 due)
{
	struct wpool_delayed_task *dtask = delayed_of(task);
	s64 left = due - get_jiffies_64();

	lockdep_assert_held(&pool->lock);
	if (task->state != TASK_DELAYED || task->waiters || delayed_is_periodic(task) ||
	    left <= 0 || pool->state != WPOOL_STATE_RUNNING)
		return false;
	trace_wpool_task_delay(pool->name, task, task->fn, due);
	dtask->due = due;
	mod_timer_pending(&dtask->timer, delayed_expires(dtask));
	return true;
}

/* Or NULL. Needs pool->lock. */
static struct wpool_task *delayed_first(struct wpool *pool)
{
	return list_first_entry_or_null(list_of_delayed(pool), struct wpool_task, node);
}

/**
 * delayed_cancel_some() - take back some delayed tasks of a pool that is closing
 * @pool: the pool
 * @ends: as for task_drop(); it stops when that is full. NULL: it stops at a task with a release
 *
 * A task whose timer has just fired sees that the pool is closing when the timer's function has
 * the lock. One that is inside its function sees it at the end of that.
 *
 * Context: pool->lock held.
 * Return: true if there are more.
 */
bool delayed_cancel_some(struct wpool *pool, struct wpool_ends *ends)
{
	struct wpool_task *task = delayed_first(pool);
	unsigned int n;

	for (n = 0; n < WPOOL_CHUNK && task; n++) {
		if (ends ? ends_full(ends) : task_has_release(task))
			break;
		hold_step(pool);
		if (delayed_take_back(pool, task)) {
			task_drop(pool, task, WPOOL_STAT_CANCELLED, ends);
		} else {
			/* A walk may have to come to it yet, and would now end before it. */
			walk_moved(pool, task, task_group_of(task));
			walk_del(pool, &task->node);
			list_add_tail(&task->node, list_of_delayed(pool));
		}
		task = delayed_first(pool);
	}
	return task;
}
