/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks whose time has not come; see delayed.c.
 */
#ifndef _WPOOL_DELAYED_H
#define _WPOOL_DELAYED_H

#include <linux/types.h>

struct wpool;
struct wpool_delayed_task;
struct wpool_ends;
struct wpool_task;

void delayed_put(struct wpool *pool, struct wpool_delayed_task *dtask, u64 due, bool asked);
void delayed_begin_periods(struct wpool_delayed_task *dtask, unsigned long period);
void delayed_next_period(struct wpool *pool, struct wpool_task *task);
bool delayed_ends_inside(const struct wpool *pool, struct wpool_task *task);
bool delayed_drop_run(struct wpool *pool, struct wpool_task *task);
void delayed_relink(struct wpool *pool, struct wpool_task *task);
bool delayed_move(struct wpool *pool, struct wpool_task *task, u64 due);
bool delayed_take_back(struct wpool *pool, struct wpool_task *task);
bool delayed_cancel_some(struct wpool *pool, struct wpool_ends *ends);

#endif /* _WPOOL_DELAYED_H */
