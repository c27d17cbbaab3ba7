/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool's own thread for the hooks that no worker can call; see hooks.c.
 */
#ifndef _WPOOL_HOOKS_H
#define _WPOOL_HOOKS_H

#include "pool.h"
#include "types.h"

int hooks_start(struct wpool *pool);
void hooks_stop(struct wpool *pool);
bool hooks_take(struct wpool *pool, struct wpool_worker *worker);
bool hooks_end(struct wpool *pool);
void hooks_wake(struct wpool *pool);
void hooks_report(struct wpool *pool);
int hooks_main(void *data);

/* Has the hook for the end of the pool been asked for, and not returned? Needs pool->lock. */
static inline bool hooks_are_ending(const struct wpool *pool)
{
	return pool->hooks.ending;
}

/* The end is on its way, and has something left to wait for. Needs pool->lock. */
static inline bool pool_is_ending(const struct wpool *pool)
{
	return pool_is_closing(pool) || hooks_are_ending(pool);
}

#endif /* _WPOOL_HOOKS_H */
