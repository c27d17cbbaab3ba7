/* SPDX-License-Identifier: GPL-2.0 */
/* The references that keep a pool's memory; see refs.c. */
#ifndef _WPOOL_REFS_H
#define _WPOOL_REFS_H

#include <linux/types.h>

struct wpool;

void refs_init(struct wpool *pool);
void pool_pin_wpool(const struct wpool *pool);
void pool_unpin_wpool(const struct wpool *pool);
void pool_set_default(struct wpool *pool);
bool pool_is_shared(const struct wpool *pool, const char *what);

#endif /* _WPOOL_REFS_H */
