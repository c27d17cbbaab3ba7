/* SPDX-License-Identifier: GPL-2.0 */
/* Submitting with a time; see delayed_schedule.c. */
#ifndef _WPOOL_DELAYED_SCHEDULE_H
#define _WPOOL_DELAYED_SCHEDULE_H

#include <linux/types.h>

struct wpool;
struct wpool_how;
struct wpool_task;
struct wpool_worker;

bool delayed_args_ok(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how);
int delayed_submit(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how);
int delayed_submit_group(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how,
			 const struct wpool_worker *owner);

#endif /* _WPOOL_DELAYED_SCHEDULE_H */
