/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks accepted and not ended; see flush_color.c.
 */
#ifndef _WPOOL_FLUSH_COLOR_H
#define _WPOOL_FLUSH_COLOR_H

#include "color_count.h"
#include "counter.h"
#include "pool.h"
#include "types.h"

/**
 * struct flusher - a caller of flush or drain
 * @waiter: on &wpool_flush.flushers or &wpool_flush.drainers; value: it must complete the next
 * @zeros: L: &wpool_flush.zeros when it came
 */
struct flusher {
	struct wpool_waiter	waiter;
	unsigned int		zeros[WPOOL_NR_COLORS];
};

void flush_init(struct wpool *pool);
void flush_complete_some(struct wpool *pool);
void flush_join(struct wpool *pool, struct flusher *flusher, bool drain);
void flush_complete(struct wpool *pool, u8 color);
bool flush_renew(struct wpool *pool);

/* Counts a task that is being accepted. */
static inline void task_count(struct wpool *pool, struct wpool_task *task)
{
	WRITE_ONCE(task->pool, pool);
	task->color = color_next(pool);
	color_add(pool, task->color, 1);
	stat_inc(pool, WPOOL_STAT_SUBMITTED);
}

/* Counts tasks that have ended, accepted under @color. */
static inline void flush_done(struct wpool *pool, u8 color, unsigned int n)
{
	color_add(pool, color, -n);
	if (unlikely(pool->flush.nr) && !color_in_flight(pool, color))
		flush_complete(pool, color);
}

/* From here on a flush waits for a task, or does not: its time has come, or has not. */
static inline void task_recount(struct wpool *pool, struct wpool_task *task, u8 color)
{
	u8 before = task->color;

	task->color = color;
	color_add(pool, color, 1);
	flush_done(pool, before, 1);
}

#endif /* _WPOOL_FLUSH_COLOR_H */
