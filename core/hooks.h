/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool's own thread for the hooks that no worker can call; see hooks.c.
 */
#ifndef _WPOOL_HOOKS_H
#define _WPOOL_HOOKS_H

#include "types.h"

int hooks_start(struct wpool *pool);
void hooks_stop(struct wpool *pool);
bool hooks_take(struct wpool *pool, struct wpool_worker *worker);
bool hooks_end(struct wpool *pool);
void hooks_wake(struct wpool *pool);
int hooks_main(void *data);

#endif /* _WPOOL_HOOKS_H */
