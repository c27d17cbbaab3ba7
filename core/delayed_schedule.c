// SPDX-License-Identifier: GPL-2.0
/* Submitting with a delay, and changing the delay; delayed.c has how a delay passes. */
#include <linux/jiffies.h>
#include <linux/module.h>

#include "delayed.h"
#include "delayed_schedule.h"
#include "group.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "release.h"
#include "submit.h"
#include "task.h"
#include "task_end.h"
#include "task_lists.h"
#include "task_lock.h"
#include "task_waiters.h"
#include "waiter.h"
#include "worker_stack.h"

/*
 * The memory of a stack is used again long before the time of most delays. This is known of a
 * task that lies on the stack of the thread that has set it up.
 */
static bool refuse_on_stack(const struct wpool *pool, const struct wpool_task *task)
{
	if (!(READ_ONCE(task->flags) & WPOOL_TASK_ONSTACK))
		return false;
	pr_err_ratelimited("%s: refused: a delayed task on the stack\n", pool->name);
	return true;
}

/* However far away it is. */
static u64 due_of(const struct wpool_how *how)
{
	return min_t(u64, how->due, get_jiffies_64() + S64_MAX);
}

static void report_periodic(const struct wpool *pool, const char *fault)
{
	pr_err_ratelimited("%s: refused: a periodic task %s\n", pool->name, fault);
}

/*
 * The pool accepts a delayed task, perhaps in a group. Context: pool->lock held. Return: as
 * wpool_schedule_delayed().
 */
static int take_delayed(struct wpool *pool, struct wpool_task *task, struct wpool_group *group)
{
	int ret = queue_check(pool, task, NULL) ?: queue_take(pool, task, group, NULL);

	if (ret == -ESHUTDOWN)
		queue_count_refused(pool, task, ret);
	return ret;
}

/* @period: 0 to run once. Return: as wpool_schedule_delayed(). */
static int submit_for(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due,
		      unsigned long period)
{
	unsigned long flags;
	int ret;

	pool_lock(pool, flags);
	ret = take_delayed(pool, &dtask->task, NULL);
	if (!ret && period)
		delayed_begin_periods(dtask, period);
	if (!ret)
		delayed_put(pool, dtask, due, !period);
	pool_unlock(pool, flags);
	return ret;
}

/*
 * A task of a group waits for its time. A timer ends it then and not a worker; but not yet if it
 * is still inside its function. If the group has failed the walk over its tasks may be over, so
 * it is cancelled here; or by a worker, if a release is called then, for which the caller may
 * hold locks. Context: pool->lock held.
 */
static void put_in_group(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due,
			 struct wpool_group *group)
{
	struct wpool_task *task = &dtask->task;

	if (group_failed(group) && !task_has_release(task)) {
		task_drop(pool, task, WPOOL_STAT_CANCELLED, NULL);
		return;
	}
	if (!(task->state & TASK_IN_FN))
		group_task_outside(group, pool, true);
	delayed_put(pool, dtask, group_failed(group) ? get_jiffies_64() : due, true);
	/* A thread that takes the tasks of the group back looks for it now. */
	group_wake_workers(group, pool);
}

/**
 * delayed_submit_group() - submit a delayed task that belongs to a group
 * @pool: the pool
 * @task: its arguments have been checked
 * @how: has the group, which has counted it as about to be submitted
 * @owner: as stack_hold() of the group, or NULL
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_how(), or -EOWNERDEAD: the group is going with its stack.
 */
int delayed_submit_group(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how,
			 const struct wpool_worker *owner)
{
	struct wpool_delayed_task *dtask = container_of(task, struct wpool_delayed_task, task);
	unsigned long flags;
	int ret;

	pool_lock(pool, flags);
	ret = stack_is_ending(owner) ? -EOWNERDEAD :
	      take_delayed(pool, task, how->group);
	if (!ret)
		put_in_group(pool, dtask, due_of(how), how->group);
	pool_unlock(pool, flags);
	return ret;
}

/* A release comes with each acceptance, so it would come while the next run is waited for. */
static bool period_ok(struct wpool *pool, struct wpool_task *task, unsigned long period)
{
	const char *fault;

	if (!period || period >= MAX_SCHEDULE_TIMEOUT)
		fault = "without a period";
	else if (READ_ONCE(task->flags) & WPOOL_TASK_DETACHED)
		fault = "that is detached";
	else if (task_has_release(task))
		fault = "with a release";
	else
		return true;
	report_periodic(pool, fault);
	return false;
}

/*
 * Delays again a task that was taken back. In a group, a timer now ends it and not a worker;
 * but not yet if it is still inside its function. Context: pool->lock held.
 */
static void delayed_again(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due)
{
	struct wpool_task *task = &dtask->task;
	struct wpool_group *group = task_group_of(task);

	walk_moved(pool, task, group);
	if (group && task->state & TASK_QUEUED)
		group_task_outside(group, pool, true);
	delayed_put(pool, dtask, due, true);
	/* A worker that waits for the task waits for a timer now. */
	task_waiters_complete(task, -EAGAIN, 0);
}

/* Return: false if the task does not wait in this pool, or there is more to do. */
static bool move(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due)
{
	struct wpool *its_pool;
	unsigned long flags;
	bool moved;

	its_pool = task_lock_pool(&dtask->task, &flags);
	if (!its_pool)
		return false;
	moved = its_pool == pool && delayed_move(pool, &dtask->task, due);
	pool_unlock(its_pool, flags);
	return moved;
}

/* Return: false if the task does not wait in this pool, or was asked to stop. */
static bool put_off(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due)
{
	struct wpool_ends ends;
	unsigned long flags;
	bool asked;

	ends.nr = 0;
	if (!task_take_back(&dtask->task, pool, &flags))
		return false;
	/* Not delayed again: the pool is closing, the group is about to go, or it has failed. */
	asked = run_was_asked(&dtask->task);
	if (asked || pool->state != WPOOL_STATE_RUNNING || group_ends(&dtask->task) ||
	    group_cancels(&dtask->task))
		task_drop(pool, &dtask->task, WPOOL_STAT_CANCELLED, &ends);
	else
		delayed_again(pool, dtask, due);
	pool_unlock(pool, flags);
	ends_finish(&ends);
	return !asked;
}

/*
 * It does not move a task to another pool: its waiters sleep in the first one. Return: as
 * wpool_schedule_how(): -EBUSY only if another pool has it.
 */
static int modify(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due)
{
	int ret;

	do {
		if (move(pool, dtask, due) || put_off(pool, dtask, due))
			return 0;
		ret = submit_for(pool, dtask, due, 0);
		/* Try again: somebody else has just submitted it here. */
	} while (ret == -EBUSY && READ_ONCE(dtask->task.pool) == pool);
	return ret;
}

/* Is the task one for a time, and the time one for it? What is not is reported. */
bool delayed_args_ok(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how)
{
	return submit_args_ok(pool, task, how) && !refuse_on_stack(pool, task) &&
	       (!(how->flags & WPOOL_EVERY) || period_ok(pool, task, how->period));
}

/**
 * delayed_submit() - submit a task with a time, or set its time
 * @pool: the pool
 * @task: passed delayed_args_ok()
 * @how: has one of %HOW_TIME, and no group
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_how().
 */
int delayed_submit(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how)
{
	struct wpool_delayed_task *dtask = container_of(task, struct wpool_delayed_task, task);

	if (how->flags & WPOOL_EVERY)
		return submit_for(pool, dtask, __wpool_due_after(how->period), how->period);
	if (how->flags & WPOOL_MODIFY)
		return modify(pool, dtask, due_of(how));
	return submit_for(pool, dtask, due_of(how), 0);
}
