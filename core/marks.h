/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which invariants must be restored before pool->lock is dropped; see pool_lock.c.
 *
 * Everything here needs pool->lock.
 */
#ifndef _WPOOL_MARKS_H
#define _WPOOL_MARKS_H

#include "pool.h"
#include "types.h"

/*
 * Bits of &struct wpool_marks: which invariants a change may have broken, since the lock was
 * taken; see pool_lock.c.
 */
#define MARK_ROOM	0x01	/* blocked submitters may have room, or must be refused */
#define MARK_ASLEEP	0x02	/* all workers may be asleep in the pool's own calls */
#define MARK_END	0x04	/* a closed pool may have nothing left to do */
#define MARK_MANAGER	0x08	/* the manager has something to do */

/* Something has changed. */
static inline void pool_mark(struct wpool *pool, u8 marks)
{
	pool->marks.now |= marks;
}

/* A task no longer waits, or has ended. */
static inline void pool_mark_end(struct wpool *pool)
{
	if (unlikely(pool->marks.end))
		pool_mark(pool, pool->marks.end);
}

/* From here on the end of a task may break this invariant, or cannot. */
static inline void pool_set_end_mark(struct wpool *pool, u8 mark, bool may_break)
{
	if (may_break)
		pool->marks.end |= mark;
	else
		pool->marks.end &= ~mark;
}

/* May the end of a task break one of these? */
static inline bool pool_end_marks(const struct wpool *pool, u8 marks)
{
	return pool->marks.end & marks;
}

/* What is marked since the lock was taken, and has not been restored. */
static inline u8 pool_marks(const struct wpool *pool)
{
	return pool->marks.now;
}

/* All that is marked, which is to be restored now. */
static inline u8 marks_take(struct wpool *pool)
{
	u8 marks = pool->marks.now;

	pool->marks.now = 0;
	return marks;
}

#endif /* _WPOOL_MARKS_H */
