// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks with a key: tasks of one key run one at a time, in the order of submission.
 *
 * Of each key in use, one task is its head: it is on the queue or inside its function, and in
 * pool->keys. The others are its followers, on a list in the head: they are accepted and
 * counted as queued, but deferred. When the head ends, its first follower becomes the head and
 * goes to the queue. So a key needs no memory outside its tasks, and a key that stalls defers
 * only its own followers.
 *
 * A worker that waits for a follower runs the head itself if nobody has begun it, and must
 * learn of the next head. So the head also knows the followers for which such a worker waits.
 *
 * The key of a task changes only where the task is accepted, in queue_take(), and not while it
 * is inside its function: so a follower has the key of its head.
 *
 * Everything here needs pool->lock.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include "key.h"
#include "key_tree.h"
#include "pool.h"
#include "task_lists.h"
#include "waiter.h"

bool key_is(const struct wpool_task *task, u64 key)
{
	return to_keyed(task)->key == key;
}

/**
 * key_take() - a task with a key is about to be accepted
 * @task: the task; in no pool, or inside its function
 * @key: the key that it is to have, or NULL: that which it has
 *
 * Inside its function it has that key already, and is the head of it. Else it has no place
 * among those of its key yet, and may be dropped before it gets one.
 */
void key_take(struct wpool_task *task, const u64 *key)
{
	struct wpool_keyed_task *keyed = to_keyed(task);

	if (key)
		keyed->key = *key;
	if (!(task->state & TASK_IN_FN))
		RB_CLEAR_NODE(&keyed->link);
}

/* Where the head of a key is linked, or would be. */
static struct rb_node **key_place(struct wpool *pool, u64 key, struct rb_node **parent)
{
	struct rb_node **place = keys_root(pool);

	*parent = NULL;
	while (*place && link_head(*place)->key != key) {
		*parent = *place;
		place = keys_below(*place, key);
	}
	return place;
}

/* Adds a follower to a head. */
static void key_follow(struct wpool *pool, struct wpool_keyed_task *keyed,
		       struct wpool_keyed_task *head)
{
	RB_CLEAR_NODE(&keyed->link);
	INIT_LIST_HEAD(&keyed->awaited);
	list_add_tail(&keyed->task.node, &head->followers);
	list_add_tail(&keyed->deferred, list_of_deferred(pool));
	deferred_add(pool, 1);
}

/**
 * __key_defer() - put a task behind the other tasks of its key
 * @pool: the pool
 * @task: accepted, on no list; key.h handles a task without a key
 *
 * Return: true if it is deferred; false if it may go to the queue: it has no key, or is now the
 * head of its key.
 */
bool __key_defer(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = to_keyed(task);
	struct rb_node *parent, **place;

	lockdep_assert_held(&pool->lock);
	place = key_place(pool, keyed->key, &parent);
	if (*place) {
		key_follow(pool, keyed, link_head(*place));
		return true;
	}
	keys_insert(pool, keyed, parent, place);
	return false;
}

/* Is a queued task deferred behind the head of its key? */
bool __key_is_follower(const struct wpool_task *task)
{
	return RB_EMPTY_NODE(&to_keyed(task)->link);
}

/* The first task on &wpool_lists.deferred, or NULL. */
struct wpool_task *key_first_deferred(struct wpool *pool)
{
	struct list_head *list = list_of_deferred(pool);

	return list_empty(list) ? NULL : deferred_task(list->next);
}

/* A follower leaves, or becomes the head of its key. It is off the list of the head already. */
void key_undefer(struct wpool *pool, struct wpool_task *task)
{
	walk_del(pool, &to_keyed(task)->deferred);
	list_del_init(&to_keyed(task)->awaited);
	deferred_add(pool, -1);
}

/* The head that must end before this task may begin, or the task itself. */
struct wpool_task *key_head(struct wpool *pool, struct wpool_task *task)
{
	struct rb_node *parent;

	if (!(task->state & TASK_QUEUED) || !key_is_follower(task))
		return task;
	return &link_head(*key_place(pool, to_keyed(task)->key, &parent))->task;
}

/**
 * key_await() - a worker that could run the head of a key waits for a follower
 * @pool: the pool
 * @task: the task that it waits for, with a key or without
 */
void key_await(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_task *head = key_head(pool, task);

	if (head != task && list_empty(&to_keyed(task)->awaited))
		list_add_tail(&to_keyed(task)->awaited, &to_keyed(head)->awaited);
}

/*
 * No worker waits any more. Others may still wait for the group; if not, waking them does no
 * harm.
 */
void key_unawait(struct wpool_task *task)
{
	if (!(task->state & TASK_QUEUED) || !key_is_follower(task) || task_group_of(task))
		return;
	list_del_init(&to_keyed(task)->awaited);
}

/* The first follower of a head, or NULL. */
struct wpool_keyed_task *key_next(struct wpool_keyed_task *head)
{
	return list_first_entry_or_null(&head->followers, struct wpool_keyed_task, task.node);
}
