/* SPDX-License-Identifier: GPL-2.0 */
/* The work of the manager; see manager_kick.c. */
#ifndef _WPOOL_MANAGER_KICK_H
#define _WPOOL_MANAGER_KICK_H

#include <linux/types.h>

struct llist_node;
struct task_struct;
struct wpool;
struct wpool_exit;

void kick_init(struct task_struct *manager);
void kick_pool(struct wpool *pool);
void kick_exit(struct wpool_exit *exit);
struct wpool *kick_next_pool(void);
struct llist_node *kick_take_dead(void);

#endif /* _WPOOL_MANAGER_KICK_H */
