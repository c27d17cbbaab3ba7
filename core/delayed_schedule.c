// SPDX-License-Identifier: GPL-2.0
/* Submitting with a delay, and changing the delay; delayed.c has how a delay passes. */
#include <linux/jiffies.h>
#include <linux/module.h>

#include "current_thread.h"
#include "delayed.h"
#include "delayed_schedule.h"
#include "group.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "release.h"
#include "submit.h"
#include "task_end.h"
#include "task_lists.h"
#include "task_lock.h"
#include "task_waiters.h"
#include "ticket.h"
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
	pr_err_ratelimited("%s: submitted: a delayed task on the stack\n", pool->name);
	return true;
}

bool delayed_args_ok(struct wpool *pool, const struct wpool_delayed_task *dtask)
{
	return submit_args_ok(pool, dtask ? &dtask->task : NULL, SUBMIT_DELAYED) &&
	       !refuse_on_stack(pool, &dtask->task);
}

/* The jiffy that has already begun does not count, so this is never early. Without a delay: now. */
static u64 due_after(unsigned long delay)
{
	if (!delay)
		return get_jiffies_64();
	return get_jiffies_64() + (delay < MAX_SCHEDULE_TIMEOUT ? delay + 1ULL : S64_MAX);
}

static void report_periodic(const struct wpool *pool, const char *fault)
{
	pr_err_ratelimited("%s: submitted: a periodic task %s\n", pool->name, fault);
}

/*
 * The pool accepts a delayed task, perhaps in a group. Context: pool->lock held. Return: as
 * wpool_schedule_delayed().
 */
static int take_delayed(struct wpool *pool, struct wpool_task *task, struct wpool_group *group,
			bool has_ticket)
{
	int ret = queue_check(pool, task, NULL) ?:
		  queue_take(pool, task, group, NULL, has_ticket);

	if (ret == -ESHUTDOWN)
		queue_count_refused(pool, task, ret);
	return ret;
}

/* @period: 0 to run once. Return: as wpool_schedule_delayed(). */
static int submit_for(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due,
		      unsigned long period)
{
	unsigned long flags;
	bool has_ticket;
	int ret;

	if (!delayed_args_ok(pool, dtask))
		return -EINVAL;
	pool_lock(pool, flags);
	has_ticket = ticket_is_mine(pool, &dtask->task);
	ret = period && has_ticket ? -EINVAL :
	      take_delayed(pool, &dtask->task, NULL, has_ticket);
	if (!ret && period)
		delayed_begin_periods(dtask, period);
	if (!ret)
		delayed_put(pool, dtask, due, !period);
	pool_unlock(pool, flags);
	if (ret == -EINVAL)
		report_periodic(pool, "with a ticket");
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

	if (group_failed(group) && !task_end_is_noted(task)) {
		task_drop(pool, task, WPOOL_STAT_CANCELLED);
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
 * @dtask: passed delayed_args_ok()
 * @delay: as for wpool_schedule_delayed()
 * @group: has counted it as about to be submitted
 * @owner: as stack_hold() of @group, or NULL
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_delayed(), or -EOWNERDEAD: the group is going with its stack.
 */
int delayed_submit_group(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long delay, struct wpool_group *group,
			 const struct wpool_worker *owner)
{
	u64 due = due_after(delay);
	unsigned long flags;
	int ret;

	pool_lock(pool, flags);
	ret = stack_is_ending(owner) ? -EOWNERDEAD :
	      take_delayed(pool, &dtask->task, group, ticket_is_mine(pool, &dtask->task));
	if (!ret)
		put_in_group(pool, dtask, due, group);
	pool_unlock(pool, flags);
	return ret;
}

/**
 * wpool_schedule_delayed() - run a task after a delay
 * @pool: the pool
 * @dtask: set up by wpool_delayed_task_init(), and neither delayed nor queued, nor running in
 *	another pool; it belongs to the pool until it has run or was cancelled
 * @delay: in jiffies; never cut short. With 0 it is queued at once, even if the queue is full.
 *	%MAX_SCHEDULE_TIMEOUT or more means for ever: until wpool_modify_delayed() sets another
 *	delay.
 *
 * From now on it counts as a task of the pool: a flush waits for it, and a pool that is shut
 * down cancels it unless %WPOOL_RUN_OUT_DELAYED is set. When the delay is over it is queued
 * even if the queue is full.
 *
 * A task that is running in the pool may be submitted, also from its own function: it runs
 * again, when both that run and the delay are over, and counts as delayed until then; if the delay
 * was over when the pool was shut down, it comes like what waits in the queue. For work
 * that comes back all the time see wpool_schedule_every().
 *
 * Context: Any but NMI.
 * Return: 0, -EINVAL (also if it lies on the stack), -EBUSY, -ESHUTDOWN or -ENOENT as
 * wpool_schedule().
 */
int wpool_schedule_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
			   unsigned long delay)
{
	return submit_for(pool, dtask, due_after(delay), 0);
}
EXPORT_SYMBOL_GPL(wpool_schedule_delayed);

/**
 * wpool_schedule_at() - run a task at a time
 * @pool: the pool
 * @dtask: as for wpool_schedule_delayed()
 * @when: in jiffies since boot, as get_jiffies_64() tells them; it is not queued earlier, and
 *	at once if that time has passed
 *
 * These jiffies do not pass while the system is suspended.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_delayed().
 */
int wpool_schedule_at(struct wpool *pool, struct wpool_delayed_task *dtask, u64 when)
{
	return submit_for(pool, dtask, min_t(u64, when, get_jiffies_64() + S64_MAX), 0);
}
EXPORT_SYMBOL_GPL(wpool_schedule_at);

/* A release comes with each acceptance, so it would come while the next run is waited for. */
static bool period_ok(struct wpool *pool, struct wpool_delayed_task *dtask, unsigned long period)
{
	const char *fault;

	if (!submit_args_ok(pool, dtask ? &dtask->task : NULL, SUBMIT_DELAYED))
		return false;
	if (!period || period >= MAX_SCHEDULE_TIMEOUT)
		fault = "without a period";
	else if (READ_ONCE(dtask->task.flags) & WPOOL_TASK_DETACHED)
		fault = "that is detached";
	else if (task_has_release(&dtask->task))
		fault = "with a release";
	else
		return true;
	report_periodic(pool, fault);
	return false;
}

/**
 * wpool_schedule_every() - run a task again and again, at a fixed rate
 * @pool: the pool; best one of the module's own, see below
 * @dtask: as for wpool_schedule_delayed(), and not detached; it belongs to the pool until it was
 *	cancelled
 * @period: in jiffies, at least 1 and less than %MAX_SCHEDULE_TIMEOUT
 *
 * It is due for the first time after one period, and then one period after it was due before,
 * whenever it has run. wpool_modify_delayed() changes when it is due next, and by that all times
 * after it: with a delay of 0 right after this call the first run is at once.
 *
 * It never runs beside itself. When it is due it is queued even if the queue is full, and waits
 * there, if the pool is busy, paused or frozen. The times that pass until its run has ended are
 * skipped, and counted: see wpool_periods_skipped(). So is a run that a pool drops which drops
 * its oldest task. If it kills its worker, it goes on with the next period.
 *
 * It ends when it is cancelled: by wpool_cancel_delayed(), also from its own function, and
 * wpool_cancel_delayed_sync(), which waits for a run that goes on; by wpool_ask_stop() while it
 * runs; and when the pool is shut down, also with %WPOOL_RUN_OUT_DELAYED: a run that is due
 * still comes after wpool_shutdown(). wpool_restart() does not bring it back.
 *
 * wpool_wait() returns when it has ended, with the result of the last run, or -ECANCELED if none
 * went on then. wpool_flush() and wpool_drain() wait only for a run that is due. Each run counts
 * as a task of its own, which is accepted when the one before it begins. wpool_task_queued()
 * says true until it is cancelled, but for a moment as each run begins, and as it ends: only a
 * wait, or wpool_cancel_delayed_sync(), tells that it is over.
 *
 * In a pool of another module, such as the default one, it pins its own module until it is
 * cancelled, as every accepted task does: that module cannot be unloaded before, so its exit is
 * no place to cancel it. In a pool of its own the exit's wpool_destroy() does.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_delayed(); -EINVAL also for a wrong period and for a task that is
 * detached or has a release, or by a submission with a ticket.
 */
int wpool_schedule_every(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long period)
{
	if (!IS_ERR_OR_NULL(pool) && !period_ok(pool, dtask, period))
		return -EINVAL;
	return submit_for(pool, dtask, due_after(period), period);
}
EXPORT_SYMBOL_GPL(wpool_schedule_every);

/**
 * wpool_periods_skipped() - how many times a periodic task was due and did not run
 * @dtask: the task
 *
 * Because the run before went on, or was still waiting in the pool, or was dropped there.
 *
 * Context: Any. Takes no lock.
 * Return: how many since wpool_schedule_every(), which may be 0 for one that never was periodic.
 */
unsigned long wpool_periods_skipped(const struct wpool_delayed_task *dtask)
{
	return dtask ? READ_ONCE(dtask->skipped) : 0;
}
EXPORT_SYMBOL_GPL(wpool_periods_skipped);

/**
 * wpool_cancel_delayed() - take back a delayed task that has not begun
 * @dtask: the task
 *
 * The same as wpool_cancel() of its member task.
 *
 * Context: Any but NMI.
 * Return: true if it was delayed or queued, or runs and was to run again, and now does not: its
 * memory belongs to the caller at once, unless it still runs. False if it was neither; if it
 * runs, see wpool_cancel_delayed_sync().
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
	sleep_reported(__func__);
	return dtask && wpool_cancel_sync(&dtask->task);
}
EXPORT_SYMBOL_GPL(wpool_cancel_delayed_sync);

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
	moved = its_pool == pool && !ticket_is_mine(pool, &dtask->task) &&
		delayed_move(pool, &dtask->task, due);
	pool_unlock(its_pool, flags);
	return moved;
}

/* Return: false if the task does not wait in this pool, or was asked to stop. */
static bool put_off(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due)
{
	unsigned long flags;
	bool asked;

	if (!task_take_back(&dtask->task, pool, &flags))
		return false;
	/* Somebody else has submitted it since the ticket was drawn: that is what it is for now. */
	if (ticket_is_mine(pool, &dtask->task))
		ticket_accepted(&dtask->task);
	asked = run_was_asked(&dtask->task);
	/* Not delayed again: the pool is closing, the group is about to go, or it has failed. */
	if (asked || delayed_ends(pool, &dtask->task) || group_ends(&dtask->task) ||
	    group_cancels(&dtask->task))
		task_drop(pool, &dtask->task, WPOOL_STAT_CANCELLED);
	else
		delayed_again(pool, dtask, due);
	pool_unlock(pool, flags);
	return !asked;
}

/**
 * wpool_modify_delayed() - set another delay
 * @pool: the pool
 * @dtask: the task; submitted if it is not yet, or runs and was not submitted again; delayed
 *	again if it waits in the queue, or, without a delay, put at the end of it
 * @delay: in jiffies, from now; as for wpool_schedule_delayed()
 *
 * A task that was accepted stays in its group, and a periodic one stays periodic. If the pool
 * was shut down and does not run out its delayed tasks, the task is cancelled.
 *
 * It does not move a task to another pool: its waiters sleep in the first one. Take it back by
 * wpool_cancel_delayed_sync() for that, and submit it there.
 *
 * Context: Any but NMI.
 * Return: 0, or an error of wpool_schedule_delayed(): -EBUSY only if another pool has it.
 */
int wpool_modify_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long delay)
{
	u64 due = due_after(delay);
	int ret;

	if (IS_ERR_OR_NULL(pool) || !dtask)
		return -EINVAL;
	do {
		if (move(pool, dtask, due) || put_off(pool, dtask, due))
			return 0;
		ret = submit_for(pool, dtask, due, 0);
		/* Try again: somebody else has just submitted it here. */
	} while (ret == -EBUSY && READ_ONCE(dtask->task.pool) == pool);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_modify_delayed);
