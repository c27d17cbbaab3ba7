/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool's own thread for the hooks that no worker can call; see hooks.c.
 */
#ifndef _WPOOL_HOOKS_H
#define _WPOOL_HOOKS_H

#include <linux/list.h>
#include <linux/types.h>

#include "exit.h"

struct wpool;
struct wpool_worker;

/**
 * struct wpool_hooks - the thread, and what it has to do
 * @exit: I: of the thread; without one, of a pool that needs none, its thread is NULL
 * @dead: L: workers whose hooks have not all returned, the oldest first
 * @ending: L: the hook for the end of the pool has been asked for, and has not returned
 * @lost: L: a hook has taken the thread down: none is called any more
 * @at: S: the hook that the thread is inside, or NULL
 * @since: S: in jiffies
 */
struct wpool_hooks {
	struct wpool_exit	exit;
	struct list_head	dead;
	bool			ending;
	bool			lost;
	const char		*at;
	unsigned long		since;
};

int hooks_start(struct wpool *pool);
void hooks_stop(struct wpool *pool);
bool hooks_take(struct wpool *pool, struct wpool_worker *worker);
bool hooks_end(struct wpool *pool);
void hooks_wake(struct wpool *pool);
bool hooks_current(const struct wpool *pool);

#endif /* _WPOOL_HOOKS_H */
