/* SPDX-License-Identifier: GPL-2.0 */
/* The waiters of a task, and its group; see task_waiters.c. */
#ifndef _WPOOL_TASK_WAITERS_H
#define _WPOOL_TASK_WAITERS_H

#include "pool.h"
#include "types.h"

void task_waiter_add(struct wpool_task *task, struct wpool_waiter *waiter);
void task_waiter_del(const struct wpool *pool, struct wpool_waiter *waiter);
bool task_waiter_is_on(const struct wpool *pool, const struct wpool_waiter *waiter);
void task_waiter_count(struct wpool_task *task);
struct wpool_waiter *task_waiter_helper(const struct wpool_task *task);
void task_add_group(struct wpool_task *task, struct wpool_group *group);
struct wpool_group *__task_take_group(struct wpool_task *task);
void __task_waiters_complete(struct wpool_task *task, int status, int value);

static inline struct wpool_group *task_take_group(struct wpool_task *task)
{
	return unlikely(task->waiters) ? __task_take_group(task) : NULL;
}

static inline void task_waiters_complete(struct wpool_task *task, int status, int value)
{
	if (unlikely(task->waiters))
		__task_waiters_complete(task, status, value);
}

#endif /* _WPOOL_TASK_WAITERS_H */
