// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the tasks that are accepted and not ended, and wakes the threads that wait for them.
 *
 * A flush waits for the tasks that were accepted before it, and for no others. So every task is
 * counted under a color. A flush notes which colors have tasks now, and the pool goes on with a
 * color that has none. A color that a flush waits for is not counted up any more, so it falls
 * to zero, and the flush is over when all colors that it noted have. If all colors are in use,
 * the pool leaves the current one as soon as another becomes free: such a flush waits for the
 * tasks of until then, too.
 *
 * A periodic task whose time has not come has a color of its own, COLOR_IDLE, that no flush and
 * no drain waits for.
 *
 * Each time a color falls to zero is counted in &wpool_flush.zeros, and a flush then checks its own
 * colors. Flushes are in a line, and only the first are checked: a later one waits for all that
 * the earlier ones still wait for. Any number of flushes may be over at once, so the last
 * waiter that one hold of the lock completes goes on with the next ones.
 */
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/string.h>

#include "color_count.h"
#include "flush_color.h"
#include "inbox.h"
#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "waiter.h"

void flush_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->flush.flushers);
	INIT_LIST_HEAD(&pool->flush.drainers);
	INIT_LIST_HEAD(&pool->flush.drained);
}

static void color_go_on(struct wpool *pool, u8 color)
{
	pool->colors.old &= ~BIT(color);
	inbox_set_color(pool, color);
}

/* Has each color that it noted fallen to zero since? Context: pool->lock held. */
static bool flush_is_over(const struct wpool *pool, const struct wpool_waiter *waiter)
{
	const struct flusher *flusher = container_of(waiter, struct flusher, waiter);
	unsigned int color;

	for (color = 0; color < WPOOL_NR_COLORS; color++) {
		if (waiter->colors & BIT(color) &&
		    flusher->zeros[color] == pool->flush.zeros[color])
			return false;
	}
	return true;
}

/* The next waiter to complete, or NULL. Context: pool->lock held. */
static struct wpool_waiter *flush_next(struct wpool *pool)
{
	struct wpool_waiter *waiter;

	waiter = list_first_entry_or_null(&pool->flush.drained, struct wpool_waiter, node);
	if (waiter)
		return waiter;
	waiter = list_first_entry_or_null(&pool->flush.flushers, struct wpool_waiter, node);
	return waiter && flush_is_over(pool, waiter) ? waiter : NULL;
}

/* Completes some of those whose wait is over. Context: pool->lock held. */
void flush_complete_some(struct wpool *pool)
{
	struct wpool_waiter *waiter = flush_next(pool);
	unsigned int n = 0;

	while (waiter) {
		hold_step(pool);
		list_del(&waiter->node);
		pool_watch(pool, WATCH_FLUSH, --pool->flush.nr);
		waiter->value = ++n == WPOOL_CHUNK;
		waiter_complete(waiter, 0, pool_wake_queue(pool));
		waiter = n < WPOOL_CHUNK ? flush_next(pool) : NULL;
	}
}

/**
 * flush_complete() - the last task of a color has ended while somebody flushes
 * @pool: the pool
 * @color: the color
 *
 * Context: pool->lock held.
 */
void flush_complete(struct wpool *pool, u8 color)
{
	lockdep_assert_held(&pool->lock);
	if (color == COLOR_IDLE)
		return;
	inbox_collect(pool);
	pool->flush.zeros[color]++;
	pool->flush.awaited &= ~BIT(color);
	if (pool->flush.awaited & BIT(color_next(pool)))
		color_go_on(pool, color);
	if (!list_empty(&pool->flush.drainers) && !pool_awaitable(pool))
		list_splice_tail_init(&pool->flush.drainers, &pool->flush.drained);
	flush_complete_some(pool);
}

static unsigned int colors_in_use(struct wpool *pool, unsigned int *unused)
{
	unsigned int color, colors = 0;

	*unused = color_next(pool);
	for (color = 0; color < WPOOL_NR_COLORS; color++) {
		if (color_in_flight(pool, color))
			colors |= BIT(color);
		else
			*unused = color;
	}
	return colors;
}

/* Puts a flush in the line. Context: pool->lock held. */
void flush_join(struct wpool *pool, struct flusher *flusher, bool drain)
{
	struct wpool_waiter *waiter = &flusher->waiter;
	unsigned int unused;

	pool->flush.nr++;
	pool_watch(pool, WATCH_FLUSH, true);
	if (drain) {
		list_add_tail(&waiter->node, &pool->flush.drainers);
		return;
	}
	waiter->colors = colors_in_use(pool, &unused);
	memcpy(flusher->zeros, pool->flush.zeros, sizeof(flusher->zeros));
	pool->flush.awaited |= waiter->colors;
	color_go_on(pool, unused);
	list_add_tail(&waiter->node, &pool->flush.flushers);
}

/**
 * flush_renew() - tell what is accepted from now on from what was before
 * @pool: the pool
 *
 * color_is_old() is true of what is in flight now.
 *
 * Context: pool->lock held.
 * Return: false if few colors are left, which flushes need: nothing has changed.
 */
bool flush_renew(struct wpool *pool)
{
	unsigned int unused, colors;

	lockdep_assert_held(&pool->lock);
	inbox_collect(pool);
	colors = colors_in_use(pool, &unused);
	if (hweight32(colors) > WPOOL_NR_COLORS / 2)
		return false;
	pool->colors.old |= colors;
	color_go_on(pool, unused);
	return true;
}
