/* SPDX-License-Identifier: GPL-2.0 */
/* Reports what takes too long; see watchdog.c. */
#ifndef _WPOOL_WATCHDOG_H
#define _WPOOL_WATCHDOG_H

#include <linux/types.h>

struct wpool;

void watchdog_await(struct wpool *pool);
bool watchdog_look(struct wpool *pool, bool awaited);

#endif /* _WPOOL_WATCHDOG_H */
