/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long pool->lock is held, with interrupts off.
 *
 * A hold takes no more than %WPOOL_HOLD_MAX steps, however much there is to do. A step is a
 * task that is accepted, taken or ended, a waiter that is completed, or an entry of a list that
 * is passed over. Work that may take more is done in chunks, with the lock dropped between
 * them; each such place makes sure that the pool is in order between two chunks.
 *
 * What is bounded anyway is not counted: the search for a key, by the height of a balanced tree,
 * and the functions that one worker is inside.
 *
 * Kernels with lockdep count the steps, and report a hold that takes more.
 */
#ifndef _WPOOL_LOCK_HOLD_H
#define _WPOOL_LOCK_HOLD_H

#include <linux/bug.h>

#include "pool.h"

/* The most steps in a hold. */
#define WPOOL_HOLD_MAX		256

/* How many tasks, or other objects, one hold handles. Each may take some steps. */
#define WPOOL_CHUNK		32U

/*
 * How many tasks one hold takes back. Each may be the first of its key, and have others woken for
 * what comes behind it.
 */
#define WPOOL_CHUNK_BACK	8U

#ifdef CONFIG_LOCKDEP
/* The lock has just been taken. */
static inline void hold_begin(struct wpool *pool)
{
	pool->hold = 0;
}

static inline void hold_step(struct wpool *pool)
{
	if (++pool->hold <= pool->longest_hold)
		return;
	WRITE_ONCE(pool->longest_hold, pool->hold);
	WARN_ONCE(pool->hold > WPOOL_HOLD_MAX, "wpool: %s: held its lock for more than %u steps\n",
		  pool->name, WPOOL_HOLD_MAX);
}

static inline unsigned int hold_longest(const struct wpool *pool)
{
	return READ_ONCE(pool->longest_hold);
}
#else
static inline void hold_begin(struct wpool *pool)
{
}

static inline void hold_step(struct wpool *pool)
{
}
#endif

#endif /* _WPOOL_LOCK_HOLD_H */
