/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Groups; see group.c.
 */
#ifndef _WPOOL_GROUP_H
#define _WPOOL_GROUP_H

#include "pool.h"
#include "types.h"

void group_task_done(struct wpool_group *group, struct wpool *pool, int result);
void group_task_accepted(struct wpool_group *group);
void group_task_refused(struct wpool_group *group, struct wpool *pool);
void group_task_outside(struct wpool_group *group, struct wpool *pool, bool begins);
void group_empty(struct wpool_group *group, struct wpool *pool);
struct wpool *group_get_counting_home(struct wpool_group *group);
void group_task_waits(struct wpool_group *group, struct wpool_task *task);
bool group_leave(struct wpool_waiter *waiter);
bool group_forget(struct wpool_waiter *waiter);
void group_wake_rest(struct wpool_waiter *waiter);
void group_wake_workers(struct wpool_group *group, struct wpool *pool);
bool group_failed(const struct wpool_group *group);
bool group_ends(const struct wpool_task *task);
bool group_cancels(const struct wpool_task *task);
void group_stop_begun(struct wpool_group *group, int n);
unsigned int group_cancel(const struct wpool_group *group, const struct wpool_worker *owner);

/* Does the function belong to the group, or the task that is to run again after it? */
static inline bool group_has_run(const struct wpool_group *group, const struct wpool_run *run)
{
	return run->group == group || (run->again && run->again_group == group);
}

/*
 * Is a task of the group that begins now to be asked to stop? Needs the lock of its pool: whoever
 * wants them to stop takes that lock afterwards, and asks those that have begun before.
 */
static inline bool group_stops(const struct wpool_group *group)
{
	return smp_load_acquire(&group->stopping);	/* pairs with group_stop_begun() */
}

#endif /* _WPOOL_GROUP_H */
