// SPDX-License-Identifier: GPL-2.0
/*
 * The part of a task's end that is the same for all tasks. task_end.h has what every end
 * passes.
 *
 * An accepted task ends once, in one of three ways. Each of them counts it and completes its
 * waiters in the hold of pool->lock in which the end becomes certain: run_end() after its
 * function has returned, run_reap_one() after its function has killed the thread, task_drop()
 * before it began. Its release comes after that, see release.c.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <trace/events/wpool.h>

#include "counter.h"
#include "group.h"
#include "inbox.h"
#include "key_release.h"
#include "lock_hold.h"
#include "objects.h"
#include "pool.h"
#include "queue_again.h"
#include "task.h"
#include "task_end.h"
#include "task_waiters.h"
#include "waiter.h"

/* What the end of a task that will not begin needs, once the task is not touched any more. */
static struct wpool_ended drop_ended(struct wpool *pool, struct wpool_task *task,
				     enum wpool_stat how)
{
	struct wpool_tracking *tracking = task_tracking(task);

	if (tracking)
		tracking->refused = false;
	return (struct wpool_ended) {
		.pool = pool, .release = tracking ? tracking->release : NULL, .arg = task->arg,
		.fate = how == WPOOL_STAT_DROPPED ? WPOOL_FATE_DROPPED : WPOOL_FATE_CANCELLED,
		.color = task->color, .owner = queue_take_pin(task),
		.ours = tracking && task->flags & WPOOL_TASK_ALLOCATED && !tracking->awaited ?
			task : NULL,
	};
}

/**
 * task_drop() - end a task that was accepted and will not begin: its waiters get
 *	-ECANCELED
 * @pool: its pool
 * @task: off the queue, or inside its function and off the queue again; in the first case not
 *	to be touched afterwards
 * @how: the counter for this kind of end
 * @ends: not full, gets it if it has a release; NULL if it has none
 *
 * Context: pool->lock held. The caller drops it, and calls ends_finish().
 */
void task_drop(struct wpool *pool, struct wpool_task *task, enum wpool_stat how,
	       struct wpool_ends *ends)
{
	bool outside = task->state & TASK_IN_FN && !task->run->worker;
	struct wpool_group *group = task_take_group(task);
	struct wpool_ended ended = drop_ended(pool, task, how);

	hold_step(pool);
	if (how == WPOOL_STAT_DROPPED)
		trace_wpool_task_drop(pool->name, task, task->fn);
	else
		trace_wpool_task_cancel(pool->name, task, task->fn);
	stat_inc(pool, how);
	if (group && task->state & TASK_DELAYED)
		group_task_outside(group, pool, false);
	if (task_is_ours(task)) {
		objects_task_ended(task);
		task_retire(pool, task);
	} else if (!(task->state & TASK_IN_FN) || task->flags & WPOOL_TASK_DETACHED) {
		/*
		 * Otherwise it never had a place among the tasks of its key, and belongs to the
		 * run that goes on. A detached one does not, see self_run.c.
		 */
		if (task->state & TASK_QUEUED)
			key_release(pool, task);
		task_settle(task, -ECANCELED);
	}
	if (unlikely(group) && outside)
		group_task_outside(group, pool, false);
	if (unlikely(ended.release || ended.ours) && !WARN_ON_ONCE(!ends)) {
		ends->ended[ends->nr++] = ended;
		task_owes(pool, group, -ECANCELED);
	} else {
		task_uncount(pool, ended.owner, group, ended.color, -ECANCELED);
	}
}

/**
 * task_retire() - keep a task of wpool's own memory as a spare one, or free it when the lock is
 *	dropped
 * @pool: the pool
 * @task: nobody needs it
 *
 * Context: pool->lock held.
 */
void task_retire(struct wpool *pool, struct wpool_task *task)
{
	if (pool->retired.nr >= WPOOL_MAX_SPARE) {
		task_chain(&pool_wake_queue(pool)->garbage, task);
		return;
	}
	task_chain(&pool->retired.tasks, task);
	if (++pool->retired.nr >= WPOOL_MAX_SPARE / 2)
		inbox_keep_spare(pool);
}

/**
 * run_forget_again() - do not run a task again, and do not touch it
 * @pool: the pool
 * @run: its run, with &wpool_run.again
 *
 * Context: pool->lock held.
 */
void run_forget_again(struct wpool *pool, struct wpool_run *run)
{
	hold_step(pool);
	trace_wpool_task_cancel(pool->name, run->again, run->fn);
	stat_inc(pool, WPOOL_STAT_CANCELLED);
	queue_forget_again(pool, run);
	if (run->again_group && !run->worker)
		group_task_outside(run->again_group, pool, false);
	task_uncount(pool, run->again_owner, run->again_group, run->again_color,
		     -ECANCELED);
}
