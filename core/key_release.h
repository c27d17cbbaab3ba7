/* SPDX-License-Identifier: GPL-2.0 */
/* What happens when the head of a key has ended; see key_release.c. */
#ifndef _WPOOL_KEY_RELEASE_H
#define _WPOOL_KEY_RELEASE_H

#include "pool.h"

void __key_release(struct wpool *pool, struct wpool_task *task);

/* The manager has woken all that were left asleep when there were so many. Needs pool->lock. */
static inline void key_behind_woken(struct wpool *pool, unsigned int unwoken)
{
	if (pool->behind_unwoken == unwoken)
		WRITE_ONCE(pool->behind_unwoken, 0);
}

static inline void key_release(struct wpool *pool, struct wpool_task *task)
{
	if (unlikely(task->flags & WPOOL_TASK_KEYED))
		__key_release(pool, task);
}

#endif /* _WPOOL_KEY_RELEASE_H */
