/* SPDX-License-Identifier: GPL-2.0 */
/* The work of the manager; see manager_kick.c. */
#ifndef _WPOOL_MANAGER_KICK_H
#define _WPOOL_MANAGER_KICK_H

#include <linux/jiffies.h>

#include "pool.h"

struct llist_node;
struct task_struct;
struct work_struct;
struct wpool_exit;

int kick_init(void);
void kick_exit_all(void);
void kick_set_manager(struct task_struct *manager);
void kick_pool(struct wpool *pool);
void kick_pool_init(struct wpool *pool);
void kick_pool_at(struct wpool *pool, unsigned long when);
void kick_pool_stop(struct wpool *pool);
void kick_exit(struct wpool_exit *exit);
void kick_work(struct wpool *pool, struct work_struct *work);
struct wpool *kick_next_pool(void);
struct llist_node *kick_take_dead(void);

/* There is something to watch from now on. Needs pool->lock. */
static inline void watchdog_arm(struct wpool *pool)
{
	if (unlikely(pool_watchdog(pool)))
		kick_pool_at(pool, jiffies + pool_watchdog(pool));
}

#endif /* _WPOOL_MANAGER_KICK_H */
