/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many workers a pool has; see resize.c.
 */
#ifndef _WPOOL_RESIZE_H
#define _WPOOL_RESIZE_H

#include <linux/types.h>

struct wpool;
struct wpool_waiter;

int pool_await_workers(struct wpool_waiter *starter);
int pool_start(struct wpool *pool, unsigned int n);
int pool_resize(struct wpool *pool, unsigned int capacity);
void resize_closed(struct wpool *pool);
void pool_follow_cpus(struct wpool *pool);

#endif /* _WPOOL_RESIZE_H */
