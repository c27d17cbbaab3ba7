/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many workers there may be; see capacity_slots.c.
 */
#ifndef _WPOOL_CAPACITY_SLOTS_H
#define _WPOOL_CAPACITY_SLOTS_H

#include "pool.h"

void slots_init(struct wpool *pool, unsigned int n);
bool slots_take(struct wpool *pool);
void slots_put(struct wpool *pool);
void slots_resize(struct wpool *pool, unsigned int capacity);

/* How many workers there may be; read anywhere. */
static inline unsigned int pool_capacity(const struct wpool *pool)
{
	return READ_ONCE(pool->slots.capacity);
}

#endif /* _WPOOL_CAPACITY_SLOTS_H */
