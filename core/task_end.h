/* SPDX-License-Identifier: GPL-2.0 */
/* What every end of a task passes; see task_end.c. */
#ifndef _WPOOL_TASK_END_H
#define _WPOOL_TASK_END_H

#include <linux/module.h>

#include "flush_color.h"
#include "group.h"
#include "marks.h"
#include "objects.h"
#include "pool.h"
#include "task.h"
#include "task_waiters.h"
#include "types.h"

void task_drop(struct wpool *pool, struct wpool_task *task, enum wpool_stat how,
	       struct wpool_ends *ends);
void task_retire(struct wpool *pool, struct wpool_task *task);
void run_forget_again(struct wpool *pool, struct wpool_run *run);

/*
 * Sets the result of a task, completes its waiters and lets go of it: not to be touched
 * afterwards.
 */
static inline void task_settle(struct wpool_task *task, int result)
{
	WRITE_ONCE(task->result, result);
	task_waiters_complete(task, 0, result);
	objects_task_ended(task);
	task_unmark_awaited(task);
	/*
	 * Release: a thread that reads this state without the lock may read the result, and may
	 * free or submit the task at once. Pairs with the acquire in task_lock_pool(),
	 * wpool_task_queued() and queue_check().
	 */
	smp_store_release(&task->state, TASK_DONE);
}

/**
 * tasks_uncount() - count tasks that have ended
 * @pool: their pool
 * @color: that they were accepted under
 * @n: how many
 */
static inline void tasks_uncount(struct wpool *pool, u8 color, unsigned int n)
{
	flush_done(pool, color, n);
	pool_mark_end(pool);
}

/* The effects of the end of a task. */
static inline void task_uncount(struct wpool *pool, struct module *pinned,
				struct wpool_group *group, u8 color,
				int result)
{
	if (unlikely(pinned))
		module_put(pinned);
	if (unlikely(group))
		group_task_done(group, pool, result);
	tasks_uncount(pool, color, 1);
}

/*
 * The same for a task that owes its release: ends_finish() does the rest. The room that it leaves
 * is there now: nobody is refused it meanwhile. Context: pool->lock held.
 */
static inline void task_owes(struct wpool *pool, struct wpool_group *group, int result)
{
	pool->late.nr_owed++;
	if (group)
		group_task_done(group, pool, result);
	if (pool_end_marks(pool, MARK_ROOM))
		pool_mark(pool, MARK_ROOM);
}

/* Is there no place for another? Then the lock must be dropped, for ends_finish(). */
static inline bool ends_full(const struct wpool_ends *ends)
{
	return ends->nr == WPOOL_MOST_ENDS;
}

#endif /* _WPOOL_TASK_END_H */
