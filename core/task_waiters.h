/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is to be told of a task's end; see task_waiters.c.
 */
#ifndef _WPOOL_TASK_WAITERS_H
#define _WPOOL_TASK_WAITERS_H

#include "pool.h"
#include "types.h"

void watch_add(struct wpool_task *task, struct wpool_waiter *waiter);
void watch_del(const struct wpool *pool, struct wpool_waiter *waiter);
bool watch_is_on(const struct wpool *pool, const struct wpool_waiter *waiter);
void watch_count(struct wpool_task *task);
struct wpool_waiter *watch_helper(const struct wpool_task *task);
void watch_add_group(struct wpool_task *task, struct wpool_group *group);
struct wpool_group *__watch_take_group(struct wpool_task *task);
void __watch_tell(struct wpool_task *task, int told, int value);

static inline struct wpool_group *watch_take_group(struct wpool_task *task)
{
	return unlikely(task->watchers) ? __watch_take_group(task) : NULL;
}

static inline void watch_tell(struct wpool_task *task, int told, int value)
{
	if (unlikely(task->watchers))
		__watch_tell(task, told, value);
}

#endif /* _WPOOL_TASK_WAITERS_H */
