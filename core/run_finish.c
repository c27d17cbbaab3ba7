// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a run that leaves more behind than a result: its task was submitted again inside its
 * function, nobody waits for it any more, it has a release, or it is detached.
 */
#include "delayed.h"
#include "group.h"
#include "objects.h"
#include "pool.h"
#include "queue.h"
#include "queue_again.h"
#include "run_finish.h"
#include "self_run.h"
#include "task_end.h"
#include "task_waiters.h"
#include "tracked_run.h"
#include "waiter.h"

/* Has the pool no use any more for a task that was submitted inside its function? */
static bool run_again_is_late(struct wpool *pool, const struct wpool_run *run,
			      struct wpool_task *task)
{
	return pool->state == WPOOL_STATE_STOP || (run->later && delayed_ends_inside(pool, task));
}

/*
 * Lets a task wait that was submitted inside its function. So it is not done. Its waiters look
 * at it again: a worker among them may have to run it itself. Context: pool->lock held.
 */
static void run_again(struct wpool *pool, struct wpool_run *run, struct wpool_task *task)
{
	struct wpool_group *group;

	if (run->later)
		delayed_relink(pool, task);
	else
		queue_relink(pool, task);
	task_waiters_complete(task, -EAGAIN, 0);
	group = task_group_of(task);
	if (!group)
		return;
	if (!run->worker)
		group_task_outside(group, pool, false);
	if (task->state & TASK_DELAYED)
		group_task_outside(group, pool, true);
	group_wake_workers(group, pool);
}

/* Cancels a task that was submitted inside its function, which has just ended. */
static void cancel_again(struct wpool *pool, struct wpool_run *run, struct wpool_task *task)
{
	struct wpool_ends ends;

	ends.nr = 0;
	task_drop(pool, task, WPOOL_STAT_CANCELLED, &ends);
	if (ends.nr)
		run->ended[run->nr_ended++] = ends.ended[0];
}

/**
 * run_finish_rare() - let go of a task that was submitted again inside its function, or that
 *	nobody waits for any more
 * @pool: the pool
 * @run: the run
 * @result: what the function has returned
 *
 * Context: pool->lock held.
 */
void run_finish_rare(struct wpool *pool, struct wpool_run *run, int result)
{
	struct wpool_task *task = run->task;

	run_clean(task);
	/* A thread that asked it to stop did not want it to run again. */
	if ((task->state & TASK_WAITS) && (run->stop || run_again_is_late(pool, run, task))) {
		queue_take_back(pool, task);
		/* Now, or they count as asleep when the pool checks whether all are. */
		task_waiters_complete(task, 0, result);
		cancel_again(pool, run, task);
	}
	if (task->state & TASK_WAITS) {
		run_again(pool, run, task);
	} else if (run->orphan) {
		objects_task_ended(task);
		task_retire(pool, task);
	} else {
		task_settle(task, result);
	}
}

/*
 * A detached task is no longer inside its function: the one that waits behind the run,
 * if there is one, has its turn. It may be another object's: it is not meant if the run was asked
 * to stop. Context: pool->lock held.
 */
static void run_finish_self(struct wpool *pool, struct wpool_run *run)
{
	struct wpool_task *task = run->again;

	self_end(pool, run);
	if (!task)
		return;
	if (run_again_is_late(pool, run, task)) {
		queue_take_back(pool, task);
		cancel_again(pool, run, task);
	} else {
		run_again(pool, run, task);
	}
}

/**
 * run_finish_tracked() - the rest of the end for a task that has a release, or is detached
 * @pool: the pool
 * @run: the run
 * @result: what the function has returned
 * @how: what to count it as
 *
 * Context: pool->lock held.
 */
void run_finish_tracked(struct wpool *pool, struct wpool_run *run, int result,
			enum wpool_stat how)
{
	if (run->self)
		run_finish_self(pool, run);
	tracked_run_end(pool, run, result, how);
}
