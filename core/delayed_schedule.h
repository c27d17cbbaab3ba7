/* SPDX-License-Identifier: GPL-2.0 */
/* Submitting with a delay; see delayed_schedule.c. */
#ifndef _WPOOL_DELAYED_SCHEDULE_H
#define _WPOOL_DELAYED_SCHEDULE_H

#include <linux/types.h>

struct wpool;
struct wpool_delayed_task;
struct wpool_group;
struct wpool_worker;

bool delayed_args_ok(struct wpool *pool, const struct wpool_delayed_task *dtask);
int delayed_submit_group(struct wpool *pool, struct wpool_delayed_task *dtask,
			 unsigned long delay, struct wpool_group *group,
			 const struct wpool_worker *owner);

#endif /* _WPOOL_DELAYED_SCHEDULE_H */
