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

/* Needs pool->lock. */
static inline void stat_inc(struct wpool *pool, enum wpool_stat stat)
{
	counter_add(&pool->stats[stat], 1);
}

/* For other members tagged S. Needs pool->lock. */
#define shared_inc(x)	WRITE_ONCE(x, (x) + 1)
#define shared_dec(x)	WRITE_ONCE(x, (x) - 1)

#endif /* _WPOOL_COUNTER_H */
