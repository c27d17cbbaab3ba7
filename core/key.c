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
 * All links lie in tasks, which may be broken: see broken_mend.c. So the code checks each task
 * whose links it is about to follow or write: in the tree, the tasks on the way to a key, and
 * those that a change of the tree may touch, see key_whole.c. If one of them is not whole, all
 * heads and followers are ordered again from the lists that they are on.
 *
 * Everything here needs pool->lock.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include "broken_mend.h"
#include "key.h"
#include "key_tree.h"
#include "key_whole.h"
#include "lock_hold.h"
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

/* The largest possible height of the tree of keys. */
#define KEY_LEVELS	64

/* Where the head of a key is linked, or would be. */
static struct rb_node **key_place(struct wpool *pool, u64 key, struct rb_node **parent)
{
	struct rb_node **place = keys_root(pool);
	unsigned int level = 0;

	*parent = NULL;
	while (*place) {
		if (unlikely(!key_link_ok(pool, *place, *parent))) {
			mend_lists(pool);	/* all are whole then: search again */
			place = keys_root(pool);
			*parent = NULL;
			continue;
		}
		if (link_head(*place)->key == key)
			break;
		if (++level > KEY_LEVELS)
			hold_step(pool);
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

/* Are both ends of a list in a task what they were? */
static bool tail_ok(const struct list_head *list)
{
	return mend_points(&list->prev->next, list);
}

static bool ends_ok(const struct list_head *list)
{
	return mend_follows(list->next, list) && tail_ok(list);
}

/* May a head be linked at the place from key_place()? */
static bool place_ok(struct wpool *pool, struct rb_node **place, struct rb_node *parent)
{
	if (*place)
		return tail_ok(&link_head(*place)->followers) && tail_ok(list_of_deferred(pool));
	return keys_may_insert(pool, parent);
}

/**
 * __key_defer() - put a task behind the other tasks of its key
 * @pool: the pool
 * @task: accepted, on no list; key.h handles a task without a key
 *
 * If the task may go to the queue, nothing can be mended before it is there.
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
	if (unlikely(!place_ok(pool, place, parent))) {
		mend_lists(pool);
		place = key_place(pool, keyed->key, &parent);
	}
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
	struct list_head *list = list_of_deferred(pool), *first = list->next;

	if (!list_empty(list) && !mend_entry_ok(pool, first, mend_deferred_task(first)))
		mend_lists(pool);
	return list_empty(list) ? NULL : mend_deferred_task(list->next);
}

/* Can a follower that is whole be taken off all its lists? */
bool key_linked(const struct wpool_task *task)
{
	return mend_linked(&to_keyed(task)->deferred) && mend_linked(&to_keyed(task)->awaited);
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
	struct rb_node *parent, *head;

	if (!(task->state & TASK_QUEUED) || !key_is_follower(task))
		return task;
	head = *key_place(pool, to_keyed(task)->key, &parent);
	/* There is none: the lists were mended, and the task was lost, or is the head now. */
	return head ? &link_head(head)->task : task;
}

/**
 * key_await() - a worker that could run the head of a key waits for a follower
 * @pool: the pool
 * @task: the task that it waits for, with a key or without
 */
void key_await(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_task *head = key_head(pool, task);

	if (head != task && unlikely(!tail_ok(&to_keyed(head)->awaited))) {
		mend_lists(pool);
		head = key_head(pool, task);
	}
	if (head != task && list_empty(&to_keyed(task)->awaited))
		list_add_tail(&to_keyed(task)->awaited, &to_keyed(head)->awaited);
}

/*
 * No worker waits any more. Others may still wait for the group; if not, waking them does no
 * harm.
 */
void key_unawait(struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = to_keyed(task);

	if (!(task->state & TASK_QUEUED) || !key_is_follower(task) || task_group_of(task))
		return;
	if (unlikely(!mend_linked(&keyed->awaited)))
		mend_lists(task->pool);
	list_del_init(&keyed->awaited);
}

/* The first follower of a head, or NULL. */
struct wpool_keyed_task *key_next(struct wpool_keyed_task *head)
{
	return list_first_entry_or_null(&head->followers, struct wpool_keyed_task, task.node);
}

/* May the first follower replace its head, or, if there is none, may the key go? */
bool key_next_ok(struct wpool *pool, struct wpool_keyed_task *head)
{
	struct wpool_keyed_task *next = key_next(head);

	if (!next)
		return keys_may_erase(pool, &head->link);
	return ends_ok(&head->followers) && ends_ok(&head->awaited) &&
	       mend_first_ok(pool, &head->followers, &next->task) &&
	       key_linked(&next->task) && keys_may_replace(pool, &head->link);
}

/* Is a task that has been the head of its key still among the heads? */
bool key_is_head(struct wpool *pool, struct wpool_keyed_task *head)
{
	struct rb_node *parent;

	return *key_place(pool, head->key, &parent) == &head->link;
}
