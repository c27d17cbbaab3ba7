/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks accepted and not ended, counted by color; what colors are for: see flush_color.c.
 *
 * Everything here needs pool->lock.
 */
#ifndef _WPOOL_COLOR_COUNT_H
#define _WPOOL_COLOR_COUNT_H

#include <linux/bits.h>

#include "pool.h"
#include "types.h"

/* What the next accepted task counts under. */
static inline u8 color_next(const struct wpool *pool)
{
	return pool->inbox.color;
}

static inline bool color_is_old(const struct wpool *pool, u8 color)
{
	return pool->colors.old & BIT(color);
}

static inline unsigned int color_in_flight(const struct wpool *pool, u8 color)
{
	return pool->colors.in_flight[color];
}

static inline void color_add(struct wpool *pool, u8 color, int n)
{
	pool->colors.in_flight[color] += n;
}

/* Tasks accepted and not ended that a flush or a drain waits for. */
static inline unsigned int pool_awaitable(const struct wpool *pool)
{
	unsigned int color, n = 0;

	for (color = 0; color < WPOOL_NR_COLORS; color++)
		n += color_in_flight(pool, color);
	return n;
}

/* Tasks accepted and not ended. */
static inline unsigned int pool_in_flight(const struct wpool *pool)
{
	return pool_awaitable(pool) + color_in_flight(pool, COLOR_IDLE);
}

#endif /* _WPOOL_COLOR_COUNT_H */
