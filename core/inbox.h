/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What of the inbox is on every task's way; see inbox.c. Included by internal.h alone.
 */
#ifndef _WPOOL_INBOX_H
#define _WPOOL_INBOX_H

#include <trace/events/wpool.h>

/*
 * May it be opened: does one more task ask for nothing but its place? That stays so while
 * it is open: whoever changes it has shut it first. Needs pool->lock.
 */
static inline bool inbox_may_open(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_RUNNING && !pool->one_by_one &&
	       !pool->paused && list_empty(&pool->blocked) && !pool->nr_asleep &&
	       (pool->nr_looking ||
		(!pool->nr_idle && pool->nr_workers >= pool->capacity));
}

/* How many are in it. Needs no lock; then it may be out of date. */
static inline unsigned int inbox_count(const struct wpool *pool)
{
	const struct wpool_inbox *inbox = &pool->inbox;
	u64 collected = READ_ONCE(inbox->collected);

	smp_rmb();	/* pairs with the lock: what is collected was accepted before */
	return READ_ONCE(inbox->accepted) - collected;
}

/* How many have been accepted and may not have begun. As inbox_count(). */
static inline unsigned int pool_waiting(const struct wpool *pool)
{
	return READ_ONCE(pool->nr_queued) + READ_ONCE(pool->nr_taken) +
	       inbox_count(pool);
}

/* Moves all that is in it to the queue. Needs both locks. */
static inline void inbox_empty(struct wpool *pool)
{
	struct wpool_inbox *inbox = &pool->inbox;
	unsigned int n = inbox->accepted - inbox->collected;

	if (!n)
		return;
	list_splice_tail_init(&inbox->tasks, &pool->queue[WPOOL_PRIO_NORMAL]);
	pool->undone[inbox->color] += n;
	WRITE_ONCE(inbox->collected, inbox->accepted);
	WRITE_ONCE(pool->nr_queued, pool->nr_queued + n);
}

/* Lets as many in as there is room for. Needs both locks, and that it is empty. */
static inline void inbox_open(struct wpool *pool)
{
	unsigned int used = pool->nr_queued + pool->nr_taken;
	struct wpool_inbox *inbox = &pool->inbox;

	inbox->color = pool->color;
	WRITE_ONCE(inbox->limit, pool->depth > used ?
				 inbox->accepted + (pool->depth - used) : 0);
}

/**
 * inbox_shut() - have all that were accepted on the queue, and no more come
 * @pool: the pool
 *
 * Context: pool->lock held.
 */
static inline void inbox_shut(struct wpool *pool)
{
	if (unlikely(pool->inbox.limit))
		__inbox_shut(pool);
}

/**
 * pool_lock() - take pool->lock, and have the whole pool under it
 * @pool: the pool
 * @flags: for raw_spin_unlock_irqrestore()
 */
#define pool_lock(pool, flags) do {				\
	raw_spin_lock_irqsave(&(pool)->lock, flags);		\
	inbox_shut(pool);					\
} while (0)

/**
 * inbox_turn() - have what is in the inbox on the queue
 * @pool: the pool
 *
 * By a worker that is to look at the queue. One in which nothing was is shut, so no
 * worker goes to sleep while it is open. Context: pool->lock held.
 */
static inline void inbox_turn(struct wpool *pool)
{
	struct wpool_inbox *inbox = &pool->inbox;

	if (!inbox->limit)
		return;
	raw_spin_lock(&inbox->lock);
	if (inbox->accepted != inbox->collected) {
		inbox_empty(pool);
		inbox_open(pool);
	} else {
		WRITE_ONCE(inbox->limit, 0);
	}
	raw_spin_unlock(&inbox->lock);
}

/* Opens it if more waits than is being looked for. Needs pool->lock. */
static inline void inbox_offer(struct wpool *pool)
{
	if (pool->nr_queued - pool->nr_held > pool->nr_looking + 1)
		__inbox_offer(pool);
}

/*
 * Is nothing about it that pool->lock, or a message, is needed for? A pool that has the
 * task already may be pinning its owner just now.
 */
static __always_inline bool task_is_plain(const struct wpool *pool,
					  const struct wpool_task *task)
{
	return task && task->fn && task->prio == WPOOL_PRIO_NORMAL &&
	       !(READ_ONCE(task->flags) & WPOOL_TASK_KEYED) &&
	       (!task->owner || task->owner == pool->owner);
}

/*
 * Accepts a plain task. Needs inbox->lock. Return: false if the inbox is shut or full,
 * or somebody has the task.
 */
static __always_inline bool inbox_put(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_inbox *inbox = &pool->inbox;
	/* Pairs with the release in task_settle(), maybe in another pool. */
	u8 state = smp_load_acquire(&task->state);

	if (unlikely(inbox->accepted >= inbox->limit || state & TASK_ACCEPTED))
		return false;
	WRITE_ONCE(inbox->accepted, inbox->accepted + 1);
	WRITE_ONCE(task->pool, pool);
	task->color = inbox->color;
	trace_wpool_task_queue(pool->name, task, task->fn);
	list_add_tail(&task->node, &inbox->tasks);
	/* Release: as in queue_put(). */
	smp_store_release(&task->state, TASK_QUEUED);
	return true;
}

/**
 * inbox_submit() - have a task accepted without pool->lock
 * @pool: the pool, if it is one
 * @task: the task, if it is one
 *
 * Return: false if that cannot be; then nothing has changed.
 */
static __always_inline bool inbox_submit(struct wpool *pool, struct wpool_task *task)
{
	unsigned long flags;
	bool ret;

	if (IS_ERR_OR_NULL(pool) || !READ_ONCE(pool->inbox.limit) ||
	    !task_is_plain(pool, task))
		return false;
	raw_spin_lock_irqsave(&pool->inbox.lock, flags);
	ret = inbox_put(pool, task);
	raw_spin_unlock_irqrestore(&pool->inbox.lock, flags);
	return ret;
}

#endif /* _WPOOL_INBOX_H */
