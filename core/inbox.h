/* SPDX-License-Identifier: GPL-2.0 */
/* The inbox: where submitters leave plain tasks without pool->lock; see inbox.c. */
#ifndef _WPOOL_INBOX_H
#define _WPOOL_INBOX_H

#include <linux/lockdep.h>
#include <trace/events/wpool.h>

#include "color_count.h"
#include "counter.h"
#include "marks.h"
#include "objects.h"
#include "pool.h"
#include "task.h"
#include "task_lists.h"
#include "types.h"
#include "worker_list.h"

void inbox_init(struct wpool *pool);
void inbox_free(struct wpool *pool);
void inbox_set_color(struct wpool *pool, u8 color);
void inbox_offer(struct wpool *pool, const struct wpool_task *task);
void inbox_keep_spare(struct wpool *pool);
void inbox_give_back(struct wpool *pool, struct wpool_task *task);
void __inbox_shut(struct wpool *pool);
void __inbox_collect(struct wpool *pool, bool refill);
void __inbox_take_all(struct wpool *pool);

/*
 * May it be open: does one more task need nothing but its place? Needs pool->lock. It is open only
 * while this is true: pool_unlock() shuts it when a worker is idle or may be made, and whoever
 * changes the rest shuts it in the same hold.
 */
static inline bool inbox_may_open(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_RUNNING && !pool->conf.watchdog_ms &&
	       !pool->conf.latency && !pool_is_paused(pool) &&
	       !pool_end_marks(pool, MARK_ROOM | MARK_ASLEEP) &&
	       (workers_searching(pool) ||
		(!workers_idle(pool) && !pool_may_grow(pool)));
}

/* Does it take tasks? It does not begin to while pool->lock is held, which this needs. */
static inline bool inbox_is_open(const struct wpool *pool)
{
	return READ_ONCE(pool->inbox.room);
}

/*
 * Are there tasks in it? Needs no lock, but then may be out of date. With pool->lock it knows of
 * all that were accepted before the lock was taken.
 */
static inline bool inbox_has_some(const struct wpool *pool)
{
	return READ_ONCE(pool->inbox.room) != READ_ONCE(pool->inbox.cap);
}

/* How many, about. Needs no lock. */
static inline unsigned int inbox_count(const struct wpool *pool)
{
	int n = READ_ONCE(pool->inbox.cap) - READ_ONCE(pool->inbox.room);

	return max(n, 0);
}

/* Moves its tasks to the queue, and lets no more come. Needs pool->lock. */
static inline void inbox_shut(struct wpool *pool)
{
	if (inbox_is_open(pool) || inbox_has_some(pool))
		__inbox_shut(pool);
}

/* Moves its tasks to the queue. Needs pool->lock. */
static inline void inbox_collect(struct wpool *pool)
{
	if (unlikely(inbox_has_some(pool)))
		__inbox_collect(pool, false);
}

/* The same for a worker that needs a task: there may be room for more than before. */
static inline void inbox_refill(struct wpool *pool)
{
	if (inbox_has_some(pool))
		__inbox_collect(pool, true);
}

/*
 * For a worker that finds the queue empty: takes the task that is the only one, if it is simple.
 * Needs pool->lock. Return: the task, or NULL.
 */
static __always_inline struct wpool_task *inbox_pop_only(struct wpool *pool)
{
	struct wpool_inbox *in = &pool->inbox;
	struct wpool_task *task;

	if (READ_ONCE(in->room) == in->cap)
		return NULL;
	raw_spin_lock(&in->lock);
	task = list_first_entry(&in->tasks, struct wpool_task, node);
	if (likely(list_is_last(&task->node, &in->tasks) && task_is_simple(task))) {
		INIT_LIST_HEAD(&in->tasks);
		WRITE_ONCE(in->room, in->cap);
		color_add(pool, in->color, 1);
		stat_inc(pool, WPOOL_STAT_SUBMITTED);
		raw_spin_unlock(&in->lock);
		return task;
	}
	raw_spin_unlock(&in->lock);
	return NULL;
}

/*
 * Holds the inbox, with its tasks on the queue, if it is open: else none comes while pool->lock is
 * held, which this needs. So the state of a task that has no key and no delay goes from none to
 * accepted in one hold of inbox.lock, whichever way it is scheduled. Return: for inbox_release().
 */
static inline bool inbox_hold(struct wpool *pool)
	__acquires(&pool->inbox.lock)
{
	if (!inbox_is_open(pool)) {
		inbox_collect(pool);
		__acquire(&pool->inbox.lock);
		return false;
	}
	raw_spin_lock(&pool->inbox.lock);
	__inbox_take_all(pool);
	return true;
}

static inline void inbox_release(struct wpool *pool, bool held)
	__releases(&pool->inbox.lock)
{
	if (held)
		raw_spin_unlock(&pool->inbox.lock);
	else
		__release(&pool->inbox.lock);
}

/* Takes one of the places that the inbox has, held and empty, for a task that goes to the queue. */
static inline void inbox_take_place(struct wpool *pool)
{
	WRITE_ONCE(pool->inbox.room, pool->inbox.room - 1);
	WRITE_ONCE(pool->inbox.cap, pool->inbox.room);
}

/*
 * Does the task need neither pool->lock nor a message? A pool that has the task already may be
 * pinning its owner just now.
 */
static __always_inline bool task_is_plain(const struct wpool *pool,
					  const struct wpool_task *task)
{
	return task && task->fn && task->prio == WPOOL_PRIO_NORMAL && !task->delayed &&
	       (likely(!(READ_ONCE(task->flags) & (WPOOL_TASK_KEYED | WPOOL_TASK_ONSTACK |
						   WPOOL_TASK_TRACKED | WPOOL_TASK_DETACHED))) ||
		task_is_ours(task)) &&
	       (!task->owner || task->owner == pool->owner);
}

/*
 * list_add_tail() without the call that CONFIG_DEBUG_LIST adds to it, which distributions set: that
 * would be 27 instructions of each task. Needs inbox.lock.
 */
static __always_inline void inbox_link(struct wpool_inbox *in, struct wpool_task *task)
{
	struct list_head *last = in->tasks.prev;

	task->node.next = &in->tasks;
	task->node.prev = last;
	last->next = &task->node;
	in->tasks.prev = &task->node;
}

/*
 * Accepts a plain task. Needs inbox.lock. Return: false if it is shut or full, or a pool has the
 * task.
 */
static __always_inline bool __inbox_put(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_inbox *in = &pool->inbox;
	/* Pairs with the release in task_settle(), perhaps in another pool. */
	u8 state = smp_load_acquire(&task->state);

	lockdep_assert_held(&in->lock);
	if (unlikely(!in->room || state & TASK_ACCEPTED))
		return false;
	WRITE_ONCE(in->room, in->room - 1);
	WRITE_ONCE(task->pool, pool);
	objects_task_accepted(task);
	task->color = in->color;
	if (trace_wpool_task_queue_enabled())
		trace_wpool_task_queue(pool->name, task, task->fn);
	inbox_link(in, task);
	/* Release: as in queue_put(). */
	smp_store_release(&task->state, TASK_QUEUED);
	return true;
}

/**
 * inbox_put() - accept a task without pool->lock
 * @pool: the pool, or NULL
 * @task: the task, or NULL
 *
 * Return: false if this is not possible; then nothing has changed.
 */
static __always_inline bool inbox_put(struct wpool *pool, struct wpool_task *task)
{
	unsigned long flags;
	bool ret;

	if (IS_ERR_OR_NULL(pool) || !inbox_is_open(pool) || !task_is_plain(pool, task))
		return false;
	raw_spin_lock_irqsave(&pool->inbox.lock, flags);
	ret = __inbox_put(pool, task);
	raw_spin_unlock_irqrestore(&pool->inbox.lock, flags);
	return ret;
}

/* Puts as many as it takes, in one hold of its lock. Return: how many. */
static inline unsigned int inbox_put_some(struct wpool *pool, struct wpool_task **tasks,
					  unsigned int n)
{
	unsigned int accepted = 0;
	unsigned long flags;

	if (!inbox_is_open(pool))
		return 0;
	raw_spin_lock_irqsave(&pool->inbox.lock, flags);
	while (accepted < n && task_is_plain(pool, tasks[accepted]) &&
	       __inbox_put(pool, tasks[accepted]))
		accepted++;
	raw_spin_unlock_irqrestore(&pool->inbox.lock, flags);
	return accepted;
}

/*
 * Takes a spare task of the pool, and puts it there in the same hold of the lock if that is
 * possible. Return: NULL if there is none.
 */
static __always_inline struct wpool_task *
inbox_put_spare(struct wpool *pool, wpool_fn_t fn, void *arg, struct module *owner,
		bool *accepted)
{
	struct wpool_inbox *in = &pool->inbox;
	struct wpool_task *task;
	unsigned long flags;

	if (!READ_ONCE(in->spare))
		return NULL;
	raw_spin_lock_irqsave(&in->lock, flags);
	task = task_unchain(&in->spare);
	if (task) {
		task_set_up(task, fn, arg, owner);
		*accepted = task_is_plain(pool, task) && __inbox_put(pool, task);
	}
	raw_spin_unlock_irqrestore(&in->lock, flags);
	return task;
}

#endif /* _WPOOL_INBOX_H */
