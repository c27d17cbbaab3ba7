/* SPDX-License-Identifier: GPL-2.0 */
/* The end of a pool; see shutdown.c. */
#ifndef _WPOOL_SHUTDOWN_H
#define _WPOOL_SHUTDOWN_H

#include <linux/types.h>
#include <linux/wpool.h>

struct wpool;

void end_init(struct wpool *pool);
bool end_is_awaited(const struct wpool *pool);
void pool_set_state(struct wpool *pool, enum wpool_state state);
int pool_destroy(struct wpool *pool, bool now);
void pool_go_on_closing(struct wpool *pool);
bool pool_close_late(struct wpool *pool);

#endif /* _WPOOL_SHUTDOWN_H */
