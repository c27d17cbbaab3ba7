// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are to run again, being inside their functions: taken back, or let wait at the end
 * of that run. Everything here needs pool->lock.
 */
#include <linux/lockdep.h>

#include "marks.h"
#include "pool.h"
#include "queue.h"
#include "queue_again.h"
#include "task_lists.h"

/* Does not run the task of a run again, and does not touch it. Context: pool->lock held. */
void queue_forget_again(struct wpool *pool, struct wpool_run *run)
{
	lockdep_assert_held(&pool->lock);
	if (run->later) {
		later_add(pool, -1);
	} else {
		deferred_add(pool, -1);
		queued_add(pool, -1);
	}
	pool_mark_end(pool);
	if (!run->worker)
		runs_outside_add(pool, -1);
	if (run->caller)
		run->caller->again = false;
	run->again = NULL;
	walk_del(pool, &run->again_node);
}

/**
 * queue_take_back() - take a queued task back, wherever it waits
 * @pool: the pool
 * @task: queued; or it is inside its function, which goes on, and is queued or delayed
 *
 * Context: pool->lock held.
 */
void queue_take_back(struct wpool *pool, struct wpool_task *task)
{
	if (!(task->state & TASK_IN_FN)) {
		queue_remove(pool, task);
		return;
	}
	queue_forget_again(pool, task->run);
	WRITE_ONCE(task->state, TASK_IN_FN);
}

/**
 * queue_relink() - let a task wait that was submitted inside its function
 * @pool: the pool
 * @task: queued; its function has just ended
 *
 * Context: pool->lock held.
 */
void queue_relink(struct wpool *pool, struct wpool_task *task)
{
	queue_take_back(pool, task);
	/* Never 0 in between: a waiter would take the task for one that was never submitted. */
	WRITE_ONCE(task->state, TASK_QUEUED);
	queue_put(pool, task);
}
