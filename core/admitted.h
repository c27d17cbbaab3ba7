/* SPDX-License-Identifier: GPL-2.0 */
/* Submitters whose task has been accepted, and that sleep on; see admitted.c. */
#ifndef _WPOOL_ADMITTED_H
#define _WPOOL_ADMITTED_H

#include "counter.h"
#include "pool.h"

void admitted_add(struct wpool *pool, struct wpool_waiter *waiter);
bool admitted_leave(struct wpool *pool, struct wpool_waiter *waiter);
bool admitted_wake(struct wpool *pool);
void admitted_look(struct wpool *pool);

static inline void admitted_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->admitted.list);
}

/* How many there are. Needs pool->lock. */
static inline unsigned int admitted_asleep(const struct wpool *pool)
{
	return pool->admitted.nr;
}

/* These, and the submitters that still wait for room; read anywhere. */
static inline unsigned int submitters_asleep(const struct wpool *pool)
{
	return READ_ONCE(pool->nr_blocked);
}

/* One goes to sleep for room. Needs pool->lock, as the next. */
static inline void submitter_sleeps(struct wpool *pool)
{
	shared_inc(pool->nr_blocked);
}

/* It is completed, or leaves by itself. */
static inline void submitter_wakes(struct wpool *pool)
{
	shared_dec(pool->nr_blocked);
}

#endif /* _WPOOL_ADMITTED_H */
