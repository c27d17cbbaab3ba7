// SPDX-License-Identifier: GPL-2.0
/*
 * Searches the tasks that wait for those of a group, on a stack, or of a module.
 *
 * The caller does not know these tasks, and any number of others may wait before them. So the
 * search walks along the lists, and drops pool->lock after every few entries. It goes on at
 * &wpool_lists.cursor: whoever takes that entry off its list moves the cursor to the next, see
 * walk_del(). There is one cursor, so walks take turns, by &wpool.walk.
 *
 * The walk also goes over delayed tasks.
 *
 * No task is missed that was there before: entries are added at the end of a list; a task that
 * moves to another list moves to one that is walked later, and if it moves elsewhere the walk
 * begins anew, see walk_moved(); and the tasks in the inbox go to the queue first. Periodic tasks
 * come to the front of the delayed ones, but from the runs, which were walked before.
 *
 * What is added to a list while it is walked does not prolong the walk.
 *
 * Modelled in scripts/model/walk.pml.
 */
#include <linux/lockdep.h>
#include <linux/sched.h>

#include "dead_run.h"
#include "key.h"
#include "key_tree.h"
#include "lock_hold.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_walk.h"
#include "task_end.h"
#include "task_lists.h"
#include "task_lock.h"
#include "waiter.h"

void walk_init(struct wpool *pool)
{
	sema_init(&pool->walk, 1);
}

static struct wpool_run *entry_run(struct list_head *entry)
{
	return list_entry(entry, struct wpool_run, again_node);
}

static struct wpool_task *entry_task(struct wpool *pool, struct list_head *list,
				     struct list_head *entry)
{
	if (list == list_of_again(pool))
		return entry_run(entry)->again;
	if (list == list_of_deferred(pool))
		return deferred_task(entry);
	return list_entry(entry, struct wpool_task, node);
}

/* The task of a run may be gone, see run_revoke(): so the run has a copy of what is needed. */
static struct walk_entry entry_of(struct wpool *pool, struct list_head *list,
				  struct list_head *entry)
{
	struct wpool_task *task = entry_task(pool, list, entry);

	if (list == list_of_again(pool))
		return (struct walk_entry) {
			task, entry_run(entry)->again_group, entry_run(entry)->again_owner,
		};
	return (struct walk_entry) { task, task_group_of(task), task->owner };
}

/*
 * Walks on, by *@left entries at most. Context: pool->lock held. Return: the entry of a wanted
 * task, which may be taken off the list, or NULL if none is wanted.
 */
static struct list_head *walk_on(struct wpool *pool, struct list_head *list,
				 walk_wants_t wants, const void *arg,
				 unsigned int *left)
{
	struct list_head *entry;
	struct walk_entry what;

	lockdep_assert_held(&pool->lock);
	while (*left && walk_next(pool) != list) {
		entry = walk_next(pool);
		--*left;
		hold_step(pool);
		what = entry_of(pool, list, entry);
		walk_go_to(pool, entry->next);
		if (wants(&what, arg))
			return entry;
	}
	return NULL;
}

/*
 * Takes a task back and drops it. Return: false if its timer is about to take it off its list
 * as soon as the lock is dropped. Context: pool->lock held.
 */
static bool cancel_one(struct wpool *pool, struct list_head *list, struct list_head *entry,
		       struct wpool_ends *ends)
{
	struct wpool_task *task = entry_task(pool, list, entry);

	if (list == list_of_again(pool) && run_revoke(pool, entry_run(entry)))
		return true;
	if (task_take_back_here(pool, task))
		return false;
	task_drop(pool, task, WPOOL_STAT_CANCELLED, ends);
	return true;
}

/*
 * Takes back some tasks. Context: pool->lock held. Return: how many; *@walked counts all
 * entries passed.
 */
static unsigned int cancel_some(struct wpool *pool, struct list_head *list,
				walk_wants_t wants, const void *arg,
				struct wpool_ends *ends, unsigned long *walked)
{
	unsigned int n = 0, left = WPOOL_CHUNK;
	struct list_head *entry;

	*walked += WPOOL_CHUNK;
	while ((entry = walk_on(pool, list, wants, arg, &left))) {
		if (!cancel_one(pool, list, entry, ends)) {
			walk_go_to(pool, entry);
			*walked -= WPOOL_CHUNK;
			break;
		}
		n++;
		if (n == WPOOL_CHUNK_BACK || ends_full(ends)) {
			*walked -= left;
			break;
		}
	}
	return n;
}

static unsigned int cancel_on(struct wpool *pool, struct list_head *list,
			      walk_wants_t wants, const void *arg, struct wpool_ends *ends)
{
	unsigned long flags, all, walked = 0;
	unsigned int n = 0;

	pool_lock(pool, flags);
	if (list == list_of_again(pool))	/* the first of a walk along all */
		walk_look_for(pool, wants, arg);
	walk_begin(pool, list);
	all = tasks_queued(pool) + tasks_delayed(pool);
	while (walked < all && walk_next(pool) != list && !ends_full(ends)) {
		n += cancel_some(pool, list, wants, arg, ends, &walked);
		pool_unlock(pool, flags);
		cpu_relax();
		cond_resched();
		pool_lock(pool, flags);
	}
	walk_end(pool);
	pool_unlock(pool, flags);
	return n;
}

/* Does the task belong to the group? */
bool walk_wants_group(const struct walk_entry *entry, const void *group)
{
	return entry->group == group;
}

/* Context: as for walk_cancel(). Return: false if it must begin anew; not if it @stops. */
static bool walk_is_over(struct wpool *pool, bool stops)
{
	unsigned long flags;
	bool over;

	pool_lock(pool, flags);
	over = walk_finish(pool, stops);
	pool_unlock(pool, flags);
	return over;
}

/**
 * walk_cancel() - take back tasks that are wanted and have not begun
 * @pool: in this pool
 * @wants: says which are wanted; called with pool->lock held
 * @arg: its second argument
 * @ends: as for task_drop(). If it is full there may be more: then the caller calls ends_finish(),
 *	and this once more. No release is called here: it may walk itself, or end its thread.
 *
 * Context: Process context; may sleep.
 * Return: how many.
 */
unsigned int walk_cancel(struct wpool *pool, walk_wants_t wants, const void *arg,
			 struct wpool_ends *ends)
{
	unsigned int n = 0, prio;

	might_sleep();
	down(&pool->walk);
	do {
		n += cancel_on(pool, list_of_again(pool), wants, arg, ends);
		n += cancel_on(pool, list_of_delayed(pool), wants, arg, ends);
		n += cancel_on(pool, list_of_deferred(pool), wants, arg, ends);
		for (prio = 0; prio < WPOOL_NR_PRIOS; prio++)
			n += cancel_on(pool, list_of_prio(pool, prio), wants, arg, ends);
	} while (!walk_is_over(pool, ends_full(ends)));
	up(&pool->walk);
	return n;
}

/*
 * What a worker that waits for the task could begin: the task itself, or the head of its key.
 * NULL: the head is inside its function, and the worker will be woken for the next head.
 *
 * Context: pool->lock held.
 */
static struct wpool_task *ready_for(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_task *head = key_head(pool, task);

	if (head->state == TASK_QUEUED)
		return head;
	key_await(pool, task);
	return NULL;
}

/* The lists with tasks that a worker can begin, in the order in which it looks. */
static struct list_head *nth_list(struct wpool *pool, unsigned int n)
{
	return n < WPOOL_NR_PRIOS ? list_of_prio(pool, n) : list_of_deferred(pool);
}

#define NR_LISTS	(WPOOL_NR_PRIOS + 1)

static struct wpool_task *find_on(struct wpool *pool, struct list_head *list,
				  const struct wpool_group *group,
				  unsigned long *flags)
	__must_hold(&pool->lock)
{
	unsigned int walked, all = tasks_queued(pool), left;
	struct wpool_task *task;
	struct list_head *entry;

	walk_begin(pool, list);
	for (walked = 0; walked < all && walk_next(pool) != list; walked += WPOOL_CHUNK) {
		left = WPOOL_CHUNK;
		while ((entry = walk_on(pool, list, walk_wants_group, group, &left))) {
			task = ready_for(pool, entry_task(pool, list, entry));
			if (task)
				return task;
		}
		pool_unlock(pool, *flags);
		cond_resched();
		pool_lock(pool, *flags);
	}
	return NULL;
}

/*
 * The rest of walk_find(): the task is not among the first. Locking: pool->lock held; released
 * and regrabbed.
 */
static struct wpool_task *find_far(struct wpool *pool, const struct wpool_group *group,
				   unsigned long *flags)
	__must_hold(&pool->lock)
{
	struct wpool_task *task = NULL;
	unsigned int i;

	pool_unlock(pool, *flags);
	down(&pool->walk);
	pool_lock(pool, *flags);
	for (i = 0; i < NR_LISTS && !task; i++)
		task = find_on(pool, nth_list(pool, i), group, flags);
	walk_end(pool);
	up(&pool->walk);
	return task;
}

/**
 * walk_find() - find a task that is ready to begin, for a worker that waits for a group
 * @pool: in this pool
 * @group: the group
 * @flags: from pool_lock()
 *
 * Locking: pool->lock held; may be released and regrabbed, and sleeps then.
 * Return: the first task of the group on the queue, or a task on the queue that is the head of
 * the key of one, or NULL.
 */
struct wpool_task *walk_find(struct wpool *pool, const struct wpool_group *group,
			     unsigned long *flags)
	__must_hold(&pool->lock)
{
	struct list_head *list, *entry;
	struct wpool_task *task;
	unsigned int i, n = 0;

	lockdep_assert_held(&pool->lock);
	for (i = 0; i < NR_LISTS; i++) {
		list = nth_list(pool, i);
		list_for_each(entry, list) {
			if (n++ == WPOOL_CHUNK)
				return find_far(pool, group, flags);
			hold_step(pool);
			task = entry_task(pool, list, entry);
			task = task_group_of(task) == group ? ready_for(pool, task) : NULL;
			if (task)
				return task;
		}
	}
	return NULL;
}
