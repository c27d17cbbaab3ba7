/* SPDX-License-Identifier: GPL-2.0 */
/* Submitting tasks to a group; see group_schedule.c. */
#ifndef _WPOOL_GROUP_SCHEDULE_H
#define _WPOOL_GROUP_SCHEDULE_H

struct wpool;
struct wpool_how;
struct wpool_task;

int group_submit(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how);

#endif /* _WPOOL_GROUP_SCHEDULE_H */
