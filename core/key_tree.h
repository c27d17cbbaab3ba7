/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heads of the keys in use; see key.c.
 *
 * Everything here needs pool->lock.
 */
#ifndef _WPOOL_KEY_TREE_H
#define _WPOOL_KEY_TREE_H

#include <linux/rbtree.h>

#include "pool.h"

/* Where to begin to look for a place. */
static inline struct rb_node **keys_root(struct wpool *pool)
{
	return &pool->keys.rb_node;
}

static inline bool keys_begin_with(const struct wpool *pool, const struct rb_node *head)
{
	return pool->keys.rb_node == head;
}

static inline bool keys_in_use(const struct wpool *pool)
{
	return pool->keys.rb_node;
}

static inline void keys_insert(struct wpool *pool, struct rb_node *head,
			       struct rb_node *parent, struct rb_node **place)
{
	rb_link_node(head, parent, place);
	rb_insert_color(head, &pool->keys);
}

static inline void keys_replace(struct wpool *pool, struct rb_node *head, struct rb_node *next)
{
	rb_replace_node(head, next, &pool->keys);
}

static inline void keys_erase(struct wpool *pool, struct rb_node *head)
{
	rb_erase(head, &pool->keys);
}

/* All are forgotten: they are to be inserted anew. */
static inline void keys_forget(struct wpool *pool)
{
	pool->keys = RB_ROOT;
}

#endif /* _WPOOL_KEY_TREE_H */
