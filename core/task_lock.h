/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pool of a task, locked; see task_lock.c.
 */
#ifndef _WPOOL_TASK_LOCK_H
#define _WPOOL_TASK_LOCK_H

#include "pool.h"

struct wpool *__task_lock_pool(struct wpool_task *task, unsigned long *flags);

/* Has a pool the task? If not, all that its last run has done is seen from here on. */
static inline bool task_is_accepted(const struct wpool_task *task)
{
	/* Pairs with the release in task_settle() and run_set_up(). */
	return smp_load_acquire(&task->state) & TASK_ACCEPTED;
}

/* Shows sparse that the lock is held if there is a pool. */
static inline struct wpool *task_lock_pool(struct wpool_task *task,
					   unsigned long *flags)
{
	struct wpool *pool;

	/* As there: mostly one that is waited for, or taken back in vain, has ended. */
	if (!task_is_accepted(task))
		return NULL;
	pool = __task_lock_pool(task, flags);
	if (pool)
		__acquire(&pool->lock);
	return pool;
}

int task_take_back_here(struct wpool *pool, struct wpool_task *task);
struct wpool *__task_take_back(struct wpool_task *task, const struct wpool *only,
			       unsigned long *flags);

/* As task_lock_pool(). */
static inline struct wpool *task_take_back(struct wpool_task *task, const struct wpool *only,
					   unsigned long *flags)
{
	struct wpool *pool = __task_take_back(task, only, flags);

	if (pool)
		__acquire(&pool->lock);
	return pool;
}

#endif /* _WPOOL_TASK_LOCK_H */
