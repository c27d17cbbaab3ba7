/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heads of the keys in use; see key.c.
 *
 * Everything here needs pool->lock.
 */
#ifndef _WPOOL_KEY_TREE_H
#define _WPOOL_KEY_TREE_H

#include <linux/list.h>
#include <linux/rbtree.h>

#include "pool.h"

static inline struct wpool_keyed_task *to_keyed(const struct wpool_task *task)
{
	return container_of(task, struct wpool_keyed_task, task);
}

/* The task of an entry of &wpool_lists.deferred. */
static inline struct wpool_task *deferred_task(struct list_head *entry)
{
	return &list_entry(entry, struct wpool_keyed_task, deferred)->task;
}

static inline struct wpool_keyed_task *link_head(struct rb_node *link)
{
	return rb_entry(link, struct wpool_keyed_task, link);
}

/* Where to begin to look for a place. */
static inline struct rb_node **keys_root(struct wpool *pool)
{
	return &pool->keys.rb_node;
}

/* Where to go on, from the head of another key. */
static inline struct rb_node **keys_below(struct rb_node *link, u64 key)
{
	return key < link_head(link)->key ? &link->rb_left : &link->rb_right;
}

/* Makes a task the head of its key, which has none. */
static inline void keys_insert(struct wpool *pool, struct wpool_keyed_task *keyed,
			       struct rb_node *parent, struct rb_node **place)
{
	INIT_LIST_HEAD(&keyed->followers);
	INIT_LIST_HEAD(&keyed->awaited);
	rb_link_node(&keyed->link, parent, place);
	rb_insert_color(&keyed->link, &pool->keys);
}

static inline void keys_replace(struct wpool *pool, struct rb_node *head, struct rb_node *next)
{
	rb_replace_node(head, next, &pool->keys);
}

static inline void keys_erase(struct wpool *pool, struct rb_node *head)
{
	rb_erase(head, &pool->keys);
}

#endif /* _WPOOL_KEY_TREE_H */
