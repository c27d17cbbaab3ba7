/* SPDX-License-Identifier: GPL-2.0 */
/* Searches the tasks that wait; see queue_walk.c. */
#ifndef _WPOOL_QUEUE_WALK_H
#define _WPOOL_QUEUE_WALK_H

#include <linux/types.h>

struct module;
struct wpool;
struct wpool_group;
struct wpool_task;

/**
 * struct walk_entry - a task that waits
 * @task: only for comparison
 * @group: to which it belongs, or NULL
 * @owner: its module; while the task is inside its function, only if the module is pinned
 */
struct walk_entry {
	const struct wpool_task		*task;
	const struct wpool_group	*group;
	const struct module		*owner;
};

typedef bool (*walk_wants_t)(const struct walk_entry *entry, const void *arg);

bool walk_wants_group(const struct walk_entry *entry, const void *group);
void walk_init(struct wpool *pool);
void walk_again(struct wpool *pool);
unsigned int walk_cancel(struct wpool *pool, walk_wants_t wants, const void *arg);
struct wpool_task *walk_find(struct wpool *pool, const struct wpool_group *group,
			     unsigned long *flags) __must_hold(&pool->lock);

#endif /* _WPOOL_QUEUE_WALK_H */
