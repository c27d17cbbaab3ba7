/* SPDX-License-Identifier: GPL-2.0 */
/* Submitters whose task has been accepted, and that sleep on; see admitted.c. */
#ifndef _WPOOL_ADMITTED_H
#define _WPOOL_ADMITTED_H

#include "pool.h"

void admitted_add(struct wpool *pool, struct wpool_waiter *waiter);
bool admitted_leave(struct wpool *pool, struct wpool_waiter *waiter);
bool admitted_wake(struct wpool *pool);
void admitted_look(struct wpool *pool);

static inline void admitted_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->admitted.list);
}

/* How many there are; read anywhere. */
static inline unsigned int admitted_asleep(const struct wpool *pool)
{
	return READ_ONCE(pool->admitted.nr);
}

#endif /* _WPOOL_ADMITTED_H */
