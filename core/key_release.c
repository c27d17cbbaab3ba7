// SPDX-License-Identifier: GPL-2.0
/*
 * When the head of a key has ended, its first follower goes to the queue, and this wakes the
 * waiters of that task or of one further back.
 *
 * Everything here needs pool->lock.
 */
#include <linux/list.h>
#include <linux/rbtree.h>

#include "counter.h"
#include "group.h"
#include "key.h"
#include "key_release.h"
#include "key_tree.h"
#include "lock_hold.h"
#include "pool.h"
#include "queue.h"
#include "task_waiters.h"
#include "waiter.h"

/* For how many followers one hold wakes the workers that wait for their groups. */
#define GROUPS_WOKEN	4

/* Wakes the workers that wait for the group of a task. Return: false if it has no group. */
static bool wake_group_behind(struct wpool *pool, struct wpool_keyed_task *behind)
{
	struct wpool_group *group = task_group_of(&behind->task);

	if (WARN_ON_ONCE(!group))
		return false;
	/* A worker that looks and finds no more to do puts it back. */
	list_del_init(&behind->awaited);
	group_wake_workers(group, pool);
	return true;
}

/*
 * Makes one waiter of a task further back look again. It runs the head itself, as perhaps no
 * other worker is free to do it. It can run it, so one waiter is enough; if others were
 * quicker, one is woken when that head has ended. Those that wait for a group are woken as
 * well, but it is not known whether they still wait. So if there are more of them, the manager
 * wakes all, see key_behind.c.
 */
static void wake_behind(struct wpool *pool, struct wpool_keyed_task *head)
{
	struct wpool_keyed_task *awaited;
	struct wpool_waiter *waiter;
	unsigned int n;

	for (n = 0; n < GROUPS_WOKEN; n++) {
		awaited = list_first_entry_or_null(&head->awaited, struct wpool_keyed_task,
						   awaited);
		if (!awaited)
			return;
		hold_step(pool);
		waiter = task_waiter_helper(&awaited->task);
		if (waiter) {
			task_waiter_del(pool, waiter);
			waiter_complete(waiter, -EAGAIN, pool_wake_queue(pool));
			return;
		}
		if (!wake_group_behind(pool, awaited))
			return;
	}
	if (list_empty(&head->awaited))
		return;
	shared_inc(pool->behind_unwoken);
	pool_mark(pool, MARK_MANAGER);
}

/*
 * A worker that was woken to run the head may have waited for this task: it finds that it has
 * ended, and runs nothing. Another is woken in its place.
 */
static void follower_left(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_task *head = key_head(pool, task);

	if (head != task && head->state == TASK_QUEUED)
		wake_behind(pool, to_keyed(head));
}

/**
 * __key_release() - let the next task of a key go to the queue
 * @pool: the pool
 * @task: has ended, or will not begin; a follower is already off its list
 */
void __key_release(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *head, *next;
	struct wpool_group *group;

	if (key_is_follower(task)) {
		follower_left(pool, task);
		return;
	}
	head = to_keyed(task);
	next = key_next(head);
	if (next)
		keys_replace(pool, &head->link, &next->link);
	else
		keys_erase(pool, &head->link);
	RB_CLEAR_NODE(&head->link);
	if (!next)
		return;
	list_del(&next->task.node);
	key_undefer(pool, &next->task);
	INIT_LIST_HEAD(&next->followers);
	list_splice_init(&head->followers, &next->followers);
	list_splice_init(&head->awaited, &next->awaited);
	queue_link(pool, &next->task);
	task_waiters_complete(&next->task, -EAGAIN, 0);
	group = task_group_of(&next->task);
	if (group)
		group_wake_workers(group, pool);
	wake_behind(pool, next);
}
