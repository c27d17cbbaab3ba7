/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has to be looked at before pool->lock is dropped, or before the next task begins; see
 * pool_lock.c. While workers are busy and nobody waits for anything it is nothing at all.
 *
 * Everything here needs pool->lock.
 */
#ifndef _WPOOL_MARKS_H
#define _WPOOL_MARKS_H

#include "pool.h"
#include "types.h"

/*
 * Bits of &wpool.watch. First: which invariants a change may have broken, since the lock was taken;
 * see pool_lock.c.
 */
#define MARK_ROOM	0x01	/* blocked submitters may have room, or must be refused */
#define MARK_ASLEEP	0x02	/* all workers may be asleep in the pool's own calls */
#define MARK_END	0x04	/* a closed pool may have nothing left to do */
#define MARK_MANAGER	0x08	/* the manager has something to do */
#define MARK_STARTED	0x10	/* all workers have started, and callers wait for that */
#define MARK_ADMITTED	0x20	/* submitters that were admitted may have to be woken */
#define MARKS		0x3f

/* As long as it lasts, the end of a task sets these marks. */
#define MARKS_OF_END(marks)	((marks) << 8)

/* As long as it lasts */
#define WATCH_UNSEEN	0x010000	/* no worker searches, and one is idle or may be made */
#define WATCH_FLUSH	0x020000	/* threads wait for tasks to end, see flush_color.c */
#define WATCH_HIGH	0x040000	/* tasks of high priority are queued */
#define WATCH_CLOSED	0x080000	/* the pool is not open */
#define WATCH_PAUSED	0x100000
#define WATCH_MANY	0x200000	/* there are more workers than the capacity allows */
#define WATCH_TIMES	0x400000	/* there are histograms, see latency.c */
#define WATCH_WORKER	0x800000	/* its workers look up now and then, see worker.c */

static inline void pool_watch(struct wpool *pool, u32 what, bool lasts)
{
	if (lasts)
		pool->watch |= what;
	else
		pool->watch &= ~what;
}

/* Something has changed. */
static inline void pool_mark(struct wpool *pool, u8 marks)
{
	pool->watch |= marks;
}

/* A task no longer waits, or has ended. */
static inline void pool_mark_end(struct wpool *pool)
{
	pool->watch |= (pool->watch >> 8) & MARKS;
}

/* From here on the end of a task may break this invariant, or cannot. */
static inline void pool_set_end_mark(struct wpool *pool, u8 mark, bool may_break)
{
	pool_watch(pool, MARKS_OF_END(mark), may_break);
}

/* May the end of a task break one of these? */
static inline bool pool_end_marks(const struct wpool *pool, u8 marks)
{
	return pool->watch & MARKS_OF_END(marks);
}

/* What is marked since the lock was taken, and has not been restored. */
static inline u8 pool_marks(const struct wpool *pool)
{
	return pool->watch & MARKS;
}

/* All that is marked, which is to be restored now. */
static inline u8 marks_take(struct wpool *pool)
{
	u8 marks = pool_marks(pool);

	pool->watch &= ~MARKS;
	return marks;
}

#endif /* _WPOOL_MARKS_H */
