/* SPDX-License-Identifier: GPL-2.0 */
/* Submitting tasks; see submit.c. */
#ifndef _WPOOL_SUBMIT_H
#define _WPOOL_SUBMIT_H

#include <linux/types.h>

struct wpool;
struct wpool_group;
struct wpool_task;
struct wpool_worker;

bool submit_args_ok(struct wpool *pool, const struct wpool_task *task);
int submit_to_group(struct wpool *pool, struct wpool_task *task,
		    struct wpool_group *group, const struct wpool_worker *owner);

#endif /* _WPOOL_SUBMIT_H */
