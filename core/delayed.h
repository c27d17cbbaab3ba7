/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks whose time has not come; see delayed.c.
 */
#ifndef _WPOOL_DELAYED_H
#define _WPOOL_DELAYED_H

#include <linux/types.h>

struct wpool;
struct wpool_delayed_task;
struct wpool_task;

void delayed_link(struct wpool *pool, struct wpool_delayed_task *dtask, unsigned long delay);
bool delayed_cancelled(const struct wpool *pool);
bool delayed_take_back(struct wpool *pool, struct wpool_task *task);
void delayed_let_go(struct wpool *pool, struct wpool_task *task);
bool delayed_cancel_some(struct wpool *pool);

#endif /* _WPOOL_DELAYED_H */
