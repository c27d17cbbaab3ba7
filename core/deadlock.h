/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workers that wait for one another; see deadlock.c.
 */
#ifndef _WPOOL_DEADLOCK_H
#define _WPOOL_DEADLOCK_H

#include "pool.h"
#include "types.h"

/**
 * struct wpool_circle - the search for a circle of workers that one has closed
 * @waiter: of the one that has
 * @member: how far we have come
 * @left: how many more there may be
 * @victim: the one of them that is best refused, or NULL
 * @victim_turn: &wpool_waiter.turn of it
 * @least: the harm that does
 */
struct wpool_circle {
	struct wpool_waiter	*waiter;
	struct wpool_worker	*member;
	unsigned int		left;
	struct wpool_worker	*victim;
	unsigned long		victim_turn;
	int			least;
};

void deadlock_break(struct wpool *pool);
void deadlock_count(struct wpool_waiter *waiter, bool needs_worker);
bool deadlock_is_own(struct wpool *pool, struct wpool_task *task,
		     const struct wpool_worker *worker);
bool deadlock_enter(struct wpool_waiter *waiter, struct wpool_circle *circle);
bool deadlock_follow(struct wpool_circle *circle);
void deadlock_leave(struct wpool_waiter *waiter);
void deadlock_go_on(struct wpool *pool);
bool deadlock_if_asleep(const struct wpool_waiter *waiter);

/*
 * When so many sleep in the pool's own calls, nobody is left who could end one of
 * its tasks: all that there may be, or, if no more can be made, that there are. If
 * those that wait are all held back by others, and none is to come by itself or by another
 * thread, they are all that are inside a task: more workers could begin nothing.
 * Needs pool->lock.
 */
static inline unsigned int pool_all_asleep(const struct wpool *pool)
{
	if (pool_collected(pool) == pool->nr_deferred && !pool->nr_delayed &&
	    !pool->nr_outside)
		return pool->nr_running;
	return pool->spawn_error ? pool_alive(pool) :
	       max(pool->capacity, pool_alive(pool));
}

#endif /* _WPOOL_DEADLOCK_H */
