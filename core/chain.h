/* SPDX-License-Identifier: GPL-2.0 */
/* A task that waits for the worker that has submitted it; see chain.c. */
#ifndef _WPOOL_CHAIN_H
#define _WPOOL_CHAIN_H

#include "pool.h"

void chain_offer(struct wpool *pool, const struct wpool_task *task);
bool __chain_put_off(struct wpool *pool);
bool chain_waits(struct wpool *pool);

/*
 * Puts off the wake-up of a worker if all that is ready is a task that is left to its submitter; or
 * ends the chain. Needs pool->lock, which is about to be dropped.
 */
static inline bool chain_put_off(struct wpool *pool)
{
	return unlikely(pool->chain.task) && __chain_put_off(pool);
}

/* Another task comes, or perhaps the same one again. Needs pool->lock. */
static inline void chain_break(struct wpool *pool)
{
	pool->chain.task = NULL;
}

/* Is a wake-up being put off? Needs pool->lock. */
static inline bool chain_is_kept(struct wpool *pool)
{
	return pool->chain.task && chain_waits(pool);
}

#endif /* _WPOOL_CHAIN_H */
