// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks with a key: those of one key run one at a time, in submission order.
 *
 * Of each key in use, one task is its head: on the queue or inside its function,
 * and in pool->keys. The others follow it on a list that it carries, accepted and
 * counted as queued, but held back. When the head ends, the first of them becomes
 * the head and goes to the queue. So a key costs nothing that is not in its tasks,
 * and one that stalls holds back its own followers only.
 *
 * A worker that waits for a follower runs the head itself if nobody has begun it, and must
 * learn of the next head. So the head also knows those of its followers that such a worker
 * waits for.
 *
 * The key of a task changes only where it is accepted, in queue_take(), and not while it
 * is inside its function: so a follower has the key of its head.
 *
 * Everything here needs pool->lock.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include "counter.h"
#include "key.h"
#include "lock_hold.h"
#include "pool.h"
#include "waiter.h"

bool key_is(const struct wpool_task *task, u64 key)
{
	return to_keyed(task)->key == key;
}

/* Of a task that is in no pool, or has that key already. */
void key_set(struct wpool_task *task, u64 key)
{
	to_keyed(task)->key = key;
}

static struct wpool_keyed_task *link_head(struct rb_node *link)
{
	return rb_entry(link, struct wpool_keyed_task, link);
}

/* The most levels that the tree of the keys in use has, be it ever so full. */
#define KEY_LEVELS	64

/* Where the head of a key is linked, or would be. */
static struct rb_node **key_place(struct wpool *pool, u64 key, struct rb_node **parent)
{
	struct rb_node **place = &pool->keys.rb_node;
	unsigned int level = 0;

	*parent = NULL;
	while (*place && link_head(*place)->key != key) {
		if (++level > KEY_LEVELS)
			hold_step(pool);
		*parent = *place;
		place = key < link_head(*place)->key ? &(*place)->rb_left :
						       &(*place)->rb_right;
	}
	return place;
}

/**
 * __key_held_back() - put a task behind those of its key
 * @pool: the pool
 * @task: accepted, on no list; one without a key is left to key.h
 *
 * Return: true if it is held back; false if it may go to the queue: it has no
 * key, or is now the head of its own.
 */
bool __key_held_back(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = to_keyed(task);
	struct rb_node *parent, **place;

	lockdep_assert_held(&pool->lock);
	INIT_LIST_HEAD(&keyed->awaited);
	place = key_place(pool, keyed->key, &parent);
	if (*place) {
		RB_CLEAR_NODE(&keyed->link);
		list_add_tail(&task->node, &link_head(*place)->followers);
		list_add_tail(&keyed->held, &pool->held);
		shared_inc(pool->nr_held);
		return true;
	}
	INIT_LIST_HEAD(&keyed->followers);
	rb_link_node(&keyed->link, parent, place);
	rb_insert_color(&keyed->link, &pool->keys);
	return false;
}

/* Is a queued task held back behind the head of its key? */
bool __key_is_follower(const struct wpool_task *task)
{
	return RB_EMPTY_NODE(&to_keyed(task)->link);
}

/* Of an entry of &wpool.held. */
struct wpool_task *key_held_task(struct list_head *entry)
{
	return &list_entry(entry, struct wpool_keyed_task, held)->task;
}

/* A follower leaves, or becomes the head of its key. It is off the list of its head. */
void key_unhold(struct wpool *pool, struct wpool_task *task)
{
	walk_del(pool, &to_keyed(task)->held);
	list_del_init(&to_keyed(task)->awaited);
	shared_dec(pool->nr_held);
}

/* The task that must end before this one may begin, or this one. */
struct wpool_task *key_head(struct wpool *pool, struct wpool_task *task)
{
	struct rb_node *parent, *head;

	if (!(task->state & TASK_QUEUED) || !key_is_follower(task))
		return task;
	head = *key_place(pool, to_keyed(task)->key, &parent);
	/* None: its memory was overwritten. */
	return WARN_ON_ONCE(!head) ? task : &link_head(head)->task;
}

/**
 * key_await() - a worker waits that could run what holds a task back
 * @pool: the pool
 * @task: what it waits for, with a key or without
 */
void key_await(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_task *head = key_head(pool, task);

	if (head != task && list_empty(&to_keyed(task)->awaited))
		list_add_tail(&to_keyed(task)->awaited, &to_keyed(head)->awaited);
}

/* None does any more. Of a group others may still, and are told in vain if not. */
void key_unawait(struct wpool_task *task)
{
	if (task->state & TASK_QUEUED && key_is_follower(task) && !watch_group(task))
		list_del_init(&to_keyed(task)->awaited);
}
