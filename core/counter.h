/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters with one writer at a time, read anywhere.
 */
#ifndef _WPOOL_COUNTER_H
#define _WPOOL_COUNTER_H

#include <linux/atomic.h>
#include <linux/seqlock.h>

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

static inline void stats_init(struct wpool *pool)
{
	seqcount_raw_spinlock_init(&pool->stats.seq, &pool->lock);
}

/* Read anywhere. */
static inline u64 stat_read(const struct wpool *pool, enum wpool_stat stat)
{
	return atomic64_read(&pool->stats.count[stat]);
}

/* Needs pool->lock, as the next two. */
static inline void stat_add(struct wpool *pool, enum wpool_stat stat, u64 n)
{
	counter_add(&pool->stats.count[stat], n);
}

static inline void stat_inc(struct wpool *pool, enum wpool_stat stat)
{
	stat_add(pool, stat, 1);
}

/* For a counter that is the most that there were. */
static inline void stat_raise(struct wpool *pool, enum wpool_stat stat, u64 n)
{
	if (n > stat_read(pool, stat))
		atomic64_set(&pool->stats.count[stat], n);
}

/* What a worker has counted becomes the pool's. Needs pool->lock until stats_move_end(). */
static inline void stats_move_begin(struct wpool *pool)
{
	write_seqcount_begin(&pool->stats.seq);
}

static inline void stats_move_end(struct wpool *pool)
{
	write_seqcount_end(&pool->stats.seq);
}

/* For a reader that adds up both: must it begin again, as something was moved? Needs no lock. */
static inline unsigned int stats_sum_begin(const struct wpool *pool)
{
	return raw_seqcount_begin(&pool->stats.seq);
}

static inline bool stats_sum_retry(const struct wpool *pool, unsigned int seq)
{
	return read_seqcount_retry(&pool->stats.seq, seq);
}

/* For other members tagged S. Needs pool->lock. */
#define shared_add(x, n)	WRITE_ONCE(x, (x) + (n))
#define shared_inc(x)	shared_add(x, 1)
#define shared_dec(x)	shared_add(x, -1)

#endif /* _WPOOL_COUNTER_H */
