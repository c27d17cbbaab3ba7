/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters with one writer at a time, read anywhere.
 */
#ifndef _WPOOL_COUNTER_H
#define _WPOOL_COUNTER_H

#include <linux/atomic.h>

#include "pool.h"

/*
 * A counter has one writer at a time, which the tag of the member names; atomic64_read() reads
 * it anywhere. It is atomic only because a long need not have 64 bits: where a long has 64
 * bits, this is WRITE_ONCE() of a plain sum and no more.
 */
static inline void counter_add(atomic64_t *counter, u64 n)
{
	atomic64_set(counter, atomic64_read(counter) + n);
}

/* Needs pool->lock, as the next three. */
static inline u64 stat_read(const struct wpool *pool, enum wpool_stat stat)
{
	return pool->stats.count[stat];
}

static inline void stat_add(struct wpool *pool, enum wpool_stat stat, u64 n)
{
	pool->stats.count[stat] += n;
}

static inline void stat_inc(struct wpool *pool, enum wpool_stat stat)
{
	stat_add(pool, stat, 1);
}

/* For a counter that is the most that there were. */
static inline void stat_raise(struct wpool *pool, enum wpool_stat stat, u64 n)
{
	if (n > stat_read(pool, stat))
		pool->stats.count[stat] = n;
}

/* For other members tagged S. Needs pool->lock. */
#define shared_add(x, n)	WRITE_ONCE(x, (x) + (n))
#define shared_inc(x)	shared_add(x, 1)
#define shared_dec(x)	shared_add(x, -1)

#endif /* _WPOOL_COUNTER_H */
