/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hooks that no worker can call; see hooks.c.
 */
#ifndef _WPOOL_HOOKS_H
#define _WPOOL_HOOKS_H

#include "pool.h"
#include "types.h"

void hooks_init(struct wpool *pool);
bool hooks_take(struct wpool *pool, struct wpool_worker *worker);
void hooks_end(struct wpool *pool);
void hooks_report(struct wpool *pool);

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
