/* SPDX-License-Identifier: GPL-2.0 */
/* Runs of detached tasks; see self_run.c. */
#ifndef _WPOOL_SELF_RUN_H
#define _WPOOL_SELF_RUN_H

#include "pool.h"
#include "types.h"

void self_begin(struct wpool *pool, struct wpool_run *run, const struct wpool_task *task);
void self_end(struct wpool *pool, struct wpool_run *run);
bool __self_join(struct wpool *pool, struct wpool_task *task);
struct wpool_run *__self_find(struct wpool *pool, const struct wpool_task *task);

/**
 * self_find() - is a function inside the detached task at this address?
 * @pool: the pool
 * @task: the task
 *
 * Context: pool->lock held.
 * Return: the run, or NULL.
 */
static inline struct wpool_run *self_find(struct wpool *pool, const struct wpool_task *task)
{
	return likely(!(READ_ONCE(task->flags) & WPOOL_TASK_DETACHED)) ? NULL :
	       __self_find(pool, task);
}

/* Return: does the task wait behind a run from here on? See __self_join(). */
static inline bool self_join(struct wpool *pool, struct wpool_task *task)
{
	return unlikely(task->flags & WPOOL_TASK_DETACHED) && __self_join(pool, task);
}

#endif /* _WPOOL_SELF_RUN_H */
