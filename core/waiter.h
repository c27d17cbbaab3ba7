/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Those who wait in the pool's own calls; see waiter.c.
 */
#ifndef _WPOOL_WAITER_H
#define _WPOOL_WAITER_H

#include "pool.h"
#include "types.h"

void waiter_init(struct wpool_waiter *waiter);
void waiter_tell(struct wpool_waiter *waiter, int told,
		 struct wpool_wakes *wakes);
void waiters_tell(struct wpool *pool, struct list_head *waiters, int told, int value,
		  struct wpool_wakes *wakes);
void wakes_issue(struct wpool_wakes *wakes);

void deadline_set(struct wpool_deadline *deadline, unsigned long timeout);
unsigned long deadline_left(const struct wpool_deadline *deadline);

/*
 * &wpool_task.watchers: the first of those who wait for the task, or, told apart by its lowest
 * bit, its group; see task_waiters.c.
 */
#define WATCH_GROUP	1UL

/* Needs the lock of its pool. */
static inline struct wpool_waiter *watch_first(const struct wpool_task *task)
{
	unsigned long link = task->watchers;

	return link & WATCH_GROUP ? NULL : (struct wpool_waiter *)link;
}

/* The group of a task, or NULL; it stays. */
static inline struct wpool_group *watch_group(const struct wpool_task *task)
{
	struct wpool_waiter *first = watch_first(task);

	return first ? first->group :
		       (struct wpool_group *)(task->watchers & ~WATCH_GROUP);
}

#endif /* _WPOOL_WAITER_H */
