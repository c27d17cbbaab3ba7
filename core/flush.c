// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for all tasks of a pool.
 *
 * A flush waits for the tasks that were accepted before it and for no others.
 * So every task is counted under a color, and a flush notes which colors have
 * tasks now and makes the pool go on with one that has none. A color that is
 * awaited is not counted up any more, so it comes to zero, and the flush is over
 * when all that it noted have. If all colors are in use, the current one is left
 * by the first that becomes free: such a flush may wait for a few tasks more
 * than it had to.
 */
#include <linux/lockdep.h>
#include <linux/module.h>

#include "internal.h"

/* Tasks accepted and not ended. Context: pool->lock held. */
unsigned int pool_undone(const struct wpool *pool)
{
	unsigned int color, undone = 0;

	for (color = 0; color < WPOOL_NR_COLORS; color++)
		undone += pool->undone[color];
	return undone;
}

static bool color_awaited(struct wpool *pool, unsigned int color)
{
	struct wpool_waiter *waiter;

	hlist_for_each_entry(waiter, &pool->flushers, hnode) {
		hold_step(pool);
		if (waiter->colors & BIT(color))
			return true;
	}
	return false;
}

/**
 * flush_tell() - the last task of a color has ended while somebody flushes
 * @pool: the pool
 * @color: the color
 * @wakes: gets the callers of flush and drain whose wait is over
 *
 * Context: pool->lock held.
 */
void flush_tell(struct wpool *pool, u8 color, struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;
	struct hlist_node *next;

	lockdep_assert_held(&pool->lock);
	staging_shut(pool);
	hlist_for_each_entry_safe(waiter, next, &pool->flushers, hnode) {
		bool drain = !waiter->colors;

		hold_step(pool);
		waiter->colors &= ~BIT(color);
		if (drain ? pool_undone(pool) : waiter->colors)
			continue;
		hlist_del(&waiter->hnode);
		waiter_tell(waiter, 0, wakes);
	}
	if (color_awaited(pool, pool->color))
		pool->color = color;
}

static unsigned int colors_in_use(struct wpool *pool, unsigned int *unused)
{
	unsigned int color, colors = 0;

	*unused = pool->color;
	for (color = 0; color < WPOOL_NR_COLORS; color++) {
		if (pool->undone[color])
			colors |= BIT(color);
		else
			*unused = color;
	}
	return colors;
}

static void flush_wait(struct wpool *pool, bool drain, const char *what)
{
	struct wpool_waiter waiter;
	unsigned int unused;
	unsigned long flags;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || worker_refused(pool, what))
		return;
	waiter_init(&waiter);
	pool_lock(pool, flags);
	if (!pool_undone(pool)) {
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		return;
	}
	if (!drain) {
		waiter.colors = colors_in_use(pool, &unused);
		pool->color = unused;
	}
	hlist_add_head(&waiter.hnode, &pool->flushers);
	wpool_get(pool);
	raw_spin_unlock_irqrestore(&pool->lock, flags);

	wait_for_completion(&waiter.done);
	wpool_put(pool);
}

/**
 * wpool_flush() - wait until all tasks accepted before the call have ended
 * @pool: the pool; NULL is ignored
 *
 * Tasks accepted later do not prolong the wait. A worker of the pool would wait
 * for itself: it is refused with a message.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 */
void wpool_flush(struct wpool *pool)
{
	flush_wait(pool, false, "wpool_flush()");
}
EXPORT_SYMBOL_GPL(wpool_flush);

/**
 * wpool_drain() - wait until nothing is queued and nothing is running
 * @pool: the pool; NULL is ignored
 *
 * Others may go on to submit, and prolong the wait. A worker of the pool would
 * wait for itself: it is refused with a message.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 */
void wpool_drain(struct wpool *pool)
{
	flush_wait(pool, true, "wpool_drain()");
}
EXPORT_SYMBOL_GPL(wpool_drain);
