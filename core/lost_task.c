// SPDX-License-Identifier: GPL-2.0
/*
 * A task that its owner frees, or sets up again, while a pool has it. The kernel's object
 * debugging reports that before it happens, see objects.c: so the pool can let go of the task.
 */
#include "broken_mend.h"
#include "dead_stack.h"
#include "delayed.h"
#include "lost_task.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_again.h"
#include "release.h"
#include "task_end.h"
#include "task_lock.h"

/* If not, it was overwritten earlier, and the pool handles that when it comes to it. */
static bool is_whole(const struct wpool_task *task)
{
	if (task->state & TASK_IN_FN)
		return mend_points(&task->run->task, task) ||
		       mend_points(&task->run->again, task);
	return mend_linked(&task->node);
}

/* It is not known what its owner has done with what the release would be given. */
static void task_forget_release(struct wpool_task *task)
{
	struct wpool_tracking *tracking = task_tracking(task);

	if (tracking)
		tracking->release = NULL;
}

/**
 * task_lost() - make the pool of a task go on without it, wherever the task is
 * @task: the task; its pool exists
 *
 * Its waiters are completed.
 *
 * Context: any but NMI.
 */
void task_lost(struct wpool_task *task)
{
	unsigned long flags;
	struct wpool *pool;

	pool = task_lock_pool(task, &flags);
	if (!pool)
		return;
	if (!is_whole(task)) {
		pool_unlock(pool, flags);
		return;
	}
	task_forget_release(task);
	if (task->state & TASK_IN_FN && !(task->flags & WPOOL_TASK_DETACHED)) {
		run_let_go(pool, task->run);
	} else {
		if (task->state == TASK_DELAYED)
			delayed_let_go(pool, task);
		else
			queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED);
	}
	pool_unlock(pool, flags);
}
