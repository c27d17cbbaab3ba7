/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the tree of keys may be followed and changed; see key_whole.c. */
#ifndef _WPOOL_KEY_WHOLE_H
#define _WPOOL_KEY_WHOLE_H

#include <linux/rbtree.h>

#include "pool.h"

bool key_link_ok(const struct wpool *pool, struct rb_node *link, struct rb_node *parent);
bool keys_may_insert(const struct wpool *pool, struct rb_node *parent);
bool keys_may_replace(const struct wpool *pool, struct rb_node *link);
bool keys_may_erase(const struct wpool *pool, struct rb_node *link);

#endif /* _WPOOL_KEY_WHOLE_H */
