/* SPDX-License-Identifier: GPL-2.0 */
/* Submitting tasks; see submit.c. */
#ifndef _WPOOL_SUBMIT_H
#define _WPOOL_SUBMIT_H

#include <linux/types.h>

struct wpool;
struct wpool_how;
struct wpool_task;
struct wpool_worker;

extern const struct wpool_how how_by_policy;
extern const struct wpool_how how_nowait;

bool submit_args_ok(struct wpool *pool, const struct wpool_task *task, const struct wpool_how *how);
int submit_one(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how,
	       const struct wpool_worker *owner);
int submit_task(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how);

#endif /* _WPOOL_SUBMIT_H */
