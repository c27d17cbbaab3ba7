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
#define MARK_RELEASE	0x10	/* a release is to be called when the lock is dropped */
#define MARK_STARTED	0x20	/* all workers have started, and callers wait for that */
#define MARK_ADMITTED	0x40	/* submitters that were admitted may have to be woken */

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

/* This has been restored. */
static inline void marks_drop(struct wpool *pool, u8 marks)
{
	pool->marks.now &= ~marks;
}

/*
 * Has a task with a release ended in this hold of the lock? Then no more than a few may, see
 * release.c.
 */
static inline bool pool_must_release(const struct wpool *pool)
{
	return pool->marks.now & MARK_RELEASE;
}

#endif /* _WPOOL_MARKS_H */
