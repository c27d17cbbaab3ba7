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
 * All links lie in tasks, which may be broken: see broken_mend.c. So those are looked at that are
 * about to be followed or written to; of the tree those on the way to a key, and before it is
 * changed all around them that may be turned. If one is not whole, all heads and
 * followers are put in order anew, from the lists that they are on.
 *
 * Everything here needs pool->lock.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include "broken_mend.h"
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

/* Is it a head, as far as it says, and below another? */
static bool link_ok(const struct wpool *pool, struct rb_node *link, struct rb_node *parent)
{
	const struct wpool_task *task = &link_head(link)->task;

	return mend_peek(&task->pool) == (unsigned long)pool &&
	       task->state & TASK_ACCEPTED && task->flags & WPOOL_TASK_KEYED &&
	       rb_parent(link) == parent;
}

/* How far below a link on the way to the root a turn of the tree may reach. */
#define TURN_DEPTH	3

static bool below_ok(const struct wpool *pool, struct rb_node *link, unsigned int depth)
{
	struct rb_node *below[] = { link->rb_left, link->rb_right };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(below); i++) {
		if (!below[i])
			continue;
		if (!link_ok(pool, below[i], link) ||
		    (depth > 1 && !below_ok(pool, below[i], depth - 1)))
			return false;
	}
	return true;
}

/* May the tree be changed at a link, which is a head's? */
static bool around_ok(const struct wpool *pool, struct rb_node *link)
{
	struct rb_node *parent;

	for (; link; link = parent) {
		if (!below_ok(pool, link, TURN_DEPTH))
			return false;
		parent = rb_parent(link);
		if (!parent)
			return pool->keys.rb_node == link;
		if (mend_peek(&parent->rb_left) != (unsigned long)link &&
		    mend_peek(&parent->rb_right) != (unsigned long)link)
			return false;
		if (!link_ok(pool, parent, rb_parent(parent)))
			return false;
	}
	return true;
}

/* The same for a link that is to be taken out: the one in its place is, if it has two below. */
static bool erase_ok(const struct wpool *pool, struct rb_node *link)
{
	struct rb_node *next = link, *parent = link;

	if (!link->rb_left || !link->rb_right)
		return around_ok(pool, link);
	for (next = link->rb_right; next; next = next->rb_left) {
		if (!link_ok(pool, next, parent))
			return false;
		parent = next;
	}
	return around_ok(pool, parent);
}

/* Where the head of a key is linked, or would be. */
static struct rb_node **key_place(struct wpool *pool, u64 key, struct rb_node **parent)
{
	struct rb_node **place = &pool->keys.rb_node;
	unsigned int level = 0;

	*parent = NULL;
	while (*place) {
		if (unlikely(!link_ok(pool, *place, *parent))) {
			mend_lists(pool);	/* all are whole then, and it begins anew */
			place = &pool->keys.rb_node;
			*parent = NULL;
			continue;
		}
		if (link_head(*place)->key == key)
			break;
		if (++level > KEY_LEVELS)
			hold_step(pool);
		*parent = *place;
		place = key < link_head(*place)->key ? &(*place)->rb_left :
						       &(*place)->rb_right;
	}
	return place;
}

/* A task becomes the head of its key, where there is none. */
static void key_insert(struct wpool *pool, struct wpool_keyed_task *keyed,
		       struct rb_node **place, struct rb_node *parent)
{
	INIT_LIST_HEAD(&keyed->followers);
	rb_link_node(&keyed->link, parent, place);
	rb_insert_color(&keyed->link, &pool->keys);
}

/* Or follows one. */
static void key_follow(struct wpool *pool, struct wpool_keyed_task *keyed,
		       struct wpool_keyed_task *head)
{
	RB_CLEAR_NODE(&keyed->link);
	list_add_tail(&keyed->task.node, &head->followers);
	list_add_tail(&keyed->deferred, &pool->deferred);
	shared_inc(pool->nr_deferred);
}

/* Are the ends of a list of a task what they were? */
static bool tail_ok(const struct list_head *list)
{
	return mend_peek(&list->prev->next) == (unsigned long)list;
}

static bool ends_ok(const struct list_head *list)
{
	return mend_follows(list->next, list) && tail_ok(list);
}

/* Can it be added where key_place() says? */
static bool place_ok(struct wpool *pool, struct rb_node **place, struct rb_node *parent)
{
	if (*place)
		return tail_ok(&link_head(*place)->followers) && tail_ok(&pool->deferred);
	return around_ok(pool, parent);
}

/**
 * __key_defer() - put a task behind those of its key
 * @pool: the pool
 * @task: accepted, on no list; one without a key is left to key.h
 *
 * Where it may go on the queue nothing is left to be mended: it is there before anything is.
 *
 * Return: true if it is held back; false if it may go to the queue: it has no
 * key, or is now the head of its own.
 */
bool __key_defer(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = to_keyed(task);
	struct rb_node *parent, **place;

	lockdep_assert_held(&pool->lock);
	INIT_LIST_HEAD(&keyed->awaited);
	place = key_place(pool, keyed->key, &parent);
	if (unlikely(!place_ok(pool, place, parent))) {
		mend_lists(pool);
		place = key_place(pool, keyed->key, &parent);
	}
	if (*place) {
		key_follow(pool, keyed, link_head(*place));
		return true;
	}
	key_insert(pool, keyed, place, parent);
	return false;
}

/* Is a queued task held back behind the head of its key? */
bool __key_is_follower(const struct wpool_task *task)
{
	return RB_EMPTY_NODE(&to_keyed(task)->link);
}

/* The first of &wpool.deferred, if there is one. */
struct wpool_task *key_first_held(struct wpool *pool)
{
	struct list_head *first = pool->deferred.next;

	if (!list_empty(&pool->deferred) && !mend_entry_ok(pool, first, mend_held_task(first)))
		mend_lists(pool);
	return list_empty(&pool->deferred) ? NULL : mend_held_task(pool->deferred.next);
}

/* Can a follower, which is whole itself, leave all that it is on? */
bool key_linked(const struct wpool_task *task)
{
	return mend_linked(&to_keyed(task)->deferred) && mend_linked(&to_keyed(task)->awaited);
}

/* A follower leaves, or becomes the head of its key. It is off the list of its head. */
void key_undefer(struct wpool *pool, struct wpool_task *task)
{
	walk_del(pool, &to_keyed(task)->deferred);
	list_del_init(&to_keyed(task)->awaited);
	shared_dec(pool->nr_deferred);
}

/* The task that must end before this one may begin, or this one. */
struct wpool_task *key_head(struct wpool *pool, struct wpool_task *task)
{
	struct rb_node *parent, *head;

	if (!(task->state & TASK_QUEUED) || !key_is_follower(task))
		return task;
	head = *key_place(pool, to_keyed(task)->key, &parent);
	/* None: it was mended, and the task was lost, or is the head now. */
	return head ? &link_head(head)->task : task;
}

/**
 * key_await() - a worker waits that could run what holds a task back
 * @pool: the pool
 * @task: what it waits for, with a key or without
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

/* None does any more. Of a group others may still, and are told in vain if not. */
void key_unawait(struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = to_keyed(task);

	if (!(task->state & TASK_QUEUED) || !key_is_follower(task) || task_group_of(task))
		return;
	if (unlikely(!mend_linked(&keyed->awaited)))
		mend_lists(task->pool);
	list_del_init(&keyed->awaited);
}

/* The first of those that follow a head, or NULL. */
struct wpool_keyed_task *key_next(struct wpool_keyed_task *head)
{
	return list_first_entry_or_null(&head->followers, struct wpool_keyed_task, task.node);
}

/* Can the next of a key take the place of its head; or nobody, if there is none? */
bool key_next_ok(struct wpool *pool, struct wpool_keyed_task *head)
{
	struct wpool_keyed_task *next = key_next(head);

	if (!next)
		return erase_ok(pool, &head->link);
	return ends_ok(&head->followers) && ends_ok(&head->awaited) &&
	       mend_first_ok(pool, &head->followers, &next->task) &&
	       key_linked(&next->task) && around_ok(pool, &head->link);
}

/* Is a task that has been the head of its key still among the heads? */
bool key_is_head(struct wpool *pool, struct wpool_keyed_task *head)
{
	struct rb_node *parent;

	return *key_place(pool, head->key, &parent) == &head->link;
}
