/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks with a key; see key.c.
 */
#ifndef _WPOOL_KEY_H
#define _WPOOL_KEY_H

#include "pool.h"

bool key_is(const struct wpool_task *task, u64 key);
void key_take(struct wpool_task *task, const u64 *key);
bool __key_defer(struct wpool *pool, struct wpool_task *task);
struct wpool_task *key_first_deferred(struct wpool *pool);
struct wpool_keyed_task *key_next(struct wpool_keyed_task *head);
void key_undefer(struct wpool *pool, struct wpool_task *task);
bool __key_is_follower(const struct wpool_task *task);
struct wpool_task *key_head(struct wpool *pool, struct wpool_task *task);
void key_await(struct wpool *pool, struct wpool_task *task);
void key_unawait(struct wpool_task *task);

static inline bool key_defer(struct wpool *pool, struct wpool_task *task)
{
	return unlikely(task->flags & WPOOL_TASK_KEYED) &&
	       __key_defer(pool, task);
}

static inline bool key_is_follower(const struct wpool_task *task)
{
	return unlikely(task->flags & WPOOL_TASK_KEYED) &&
	       __key_is_follower(task);
}

#endif /* _WPOOL_KEY_H */
