/* SPDX-License-Identifier: GPL-2.0 */
/* Searches the tasks that wait; see queue_walk.c. */
#ifndef _WPOOL_QUEUE_WALK_H
#define _WPOOL_QUEUE_WALK_H

#include <linux/types.h>

struct wpool_ends;
struct wpool_group;

bool walk_wants_group(const struct walk_entry *entry, const void *group);
void walk_init(struct wpool *pool);
unsigned int walk_cancel(struct wpool *pool, walk_wants_t wants, const void *arg,
			 struct wpool_ends *ends);
struct wpool_task *walk_find(struct wpool *pool, const struct wpool_group *group,
			     unsigned long *flags) __must_hold(&pool->lock);

#endif /* _WPOOL_QUEUE_WALK_H */
