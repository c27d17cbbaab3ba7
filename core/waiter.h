/* SPDX-License-Identifier: GPL-2.0 */
/* Threads that wait in the pool's own calls; see waiter.c. */
#ifndef _WPOOL_WAITER_H
#define _WPOOL_WAITER_H

#include "pool.h"
#include "types.h"

void waiter_init(struct wpool_waiter *waiter);
void waiter_complete(struct wpool_waiter *waiter, int status,
		 struct wpool_wake_queue *wake_queue);
void waiters_complete(struct wpool *pool, struct list_head *waiters, int status, int value,
		  struct wpool_wake_queue *wake_queue);
void wake_queue_issue(struct wpool_wake_queue *wake_queue);

void deadline_set(struct wpool_deadline *deadline, unsigned long timeout);
unsigned long deadline_left(const struct wpool_deadline *deadline);

/*
 * &wpool_task.waiters: the first waiter of the task, or, with the lowest bit set, its group;
 * see task_waiters.c.
 */
#define WAITERS_GROUP	1UL

/* Needs the lock of its pool. */
static inline struct wpool_waiter *task_first_waiter(const struct wpool_task *task)
{
	unsigned long link = task->waiters;

	return link & WAITERS_GROUP ? NULL : (struct wpool_waiter *)link;
}

/* The group of a task, or NULL; it does not change. */
static inline struct wpool_group *task_group_of(const struct wpool_task *task)
{
	struct wpool_waiter *first = task_first_waiter(task);

	return first ? first->group :
		       (struct wpool_group *)(task->waiters & ~WAITERS_GROUP);
}

#endif /* _WPOOL_WAITER_H */
