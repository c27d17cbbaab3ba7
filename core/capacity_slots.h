/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many workers there may be; see capacity_slots.c.
 */
#ifndef _WPOOL_CAPACITY_SLOTS_H
#define _WPOOL_CAPACITY_SLOTS_H

#include <linux/types.h>

struct wpool;

void slots_init(struct wpool *pool, unsigned int n);
bool slots_take(struct wpool *pool);
void slots_put(struct wpool *pool);
void slots_remove(struct wpool *pool);

#endif /* _WPOOL_CAPACITY_SLOTS_H */
