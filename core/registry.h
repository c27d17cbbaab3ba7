/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pools by their names; see registry.c.
 */
#ifndef _WPOOL_REGISTRY_H
#define _WPOOL_REGISTRY_H

#include <linux/types.h>

struct wpool;

int registry_add(struct wpool *pool);
void registry_publish(struct wpool *pool);
void registry_remove(struct wpool *pool);
void visit_pools(void (*fn)(struct wpool *pool, void *arg), void *arg);
void visit_all_pools(void (*fn)(struct wpool *pool, void *arg), void *arg);

#endif /* _WPOOL_REGISTRY_H */
