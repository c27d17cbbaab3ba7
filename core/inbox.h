/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What of the inboxes is on every task's way; see inbox.c. Included by internal.h alone.
 */
#ifndef _WPOOL_INBOX_H
#define _WPOOL_INBOX_H

#include <trace/events/wpool.h>

/*
 * May they be opened: does one more task ask for nothing but its place? That stays so
 * while they are open: whoever changes it has shut them first. Needs pool->lock.
 */
static inline bool inbox_may_open(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_RUNNING && !pool->one_by_one &&
	       !pool->paused && list_empty(&pool->blocked) && !pool->nr_asleep &&
	       (pool->nr_looking ||
		(!pool->nr_idle && pool->nr_workers >= pool->capacity));
}

/* Those that are open or would be, see &wpool.inbox_mask; @n counts down. */
#define for_each_inbox(pool, inbox, n)						\
	for (n = READ_ONCE((pool)->inbox_mask), inbox = &(pool)->inbox[n & 1], n++;	\
	     n; n--, inbox++)

/* How many are in them. Needs no lock; then it may be out of date. */
static inline unsigned int inbox_count(const struct wpool *pool)
{
	const struct wpool_inbox *inbox;
	unsigned int n, count = 0;
	u64 collected;

	for_each_inbox(pool, inbox, n) {
		collected = READ_ONCE(inbox->collected);
		smp_rmb();	/* pairs with the lock: what is collected was accepted before */
		count += READ_ONCE(inbox->accepted) - collected;
	}
	return count;
}

/* How many have been accepted and may not have begun. As inbox_count(). */
static inline unsigned int pool_waiting(const struct wpool *pool)
{
	return READ_ONCE(pool->nr_queued) + READ_ONCE(pool->nr_taken) +
	       inbox_count(pool);
}

/**
 * inbox_shut() - have all that were accepted on the queue, and no more come
 * @pool: the pool
 *
 * Context: pool->lock held.
 */
static inline void inbox_shut(struct wpool *pool)
{
	if (unlikely(pool->inbox_open))
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
 * inbox_turn() - have what is in the inboxes on the queue
 * @pool: the pool
 *
 * By a worker that is to look at the queue. If nothing was in any of them they are shut,
 * so no worker goes to sleep while they are open. Context: pool->lock held.
 */
static inline void inbox_turn(struct wpool *pool)
{
	if (pool->inbox_open)
		__inbox_turn(pool);
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
 * Opens them if more waits than is being looked for, and @task could have come that way.
 * Needs pool->lock.
 */
static inline void inbox_offer(struct wpool *pool, const struct wpool_task *task)
{
	if (pool->nr_queued - pool->nr_held > pool->nr_looking + 1 &&
	    task_is_plain(pool, task))
		__inbox_offer(pool);
}

/*
 * Where the calling thread leaves its tasks: always in the same as long as that is open.
 * All interrupts count as one thread.
 */
static __always_inline struct wpool_inbox *inbox_of_caller(struct wpool *pool)
{
	unsigned int mask = READ_ONCE(pool->inbox_mask);

	return &pool->inbox[(mask & 1) + (in_task() ? current->pid & mask : 0)];
}

/*
 * Accepts a plain task. Needs inbox->lock. Return: false if the inbox is shut or full,
 * or somebody has the task.
 */
static __always_inline bool inbox_put(struct wpool *pool, struct wpool_inbox *inbox,
				      struct wpool_task *task)
{
	/* Pairs with the release in task_settle(), maybe in another pool. */
	u8 state = smp_load_acquire(&task->state);

	if (unlikely(inbox->accepted >= inbox->limit || state & TASK_ACCEPTED))
		return false;
	/*
	 * The same that another thread writes which submits the task by another inbox
	 * just now; the exchange says which of them has it. Ordered as in queue_put().
	 */
	WRITE_ONCE(task->pool, pool);
	WRITE_ONCE(task->color, inbox->color);
	if (unlikely(cmpxchg(&task->state, state, TASK_QUEUED) != state))
		return false;
	WRITE_ONCE(inbox->accepted, inbox->accepted + 1);
	trace_wpool_task_queue(pool->name, task, task->fn);
	list_add_tail(&task->node, &inbox->tasks);
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
	struct wpool_inbox *inbox;
	unsigned long flags;
	bool ret;

	if (IS_ERR_OR_NULL(pool))
		return false;
	inbox = inbox_of_caller(pool);
	if (!READ_ONCE(inbox->limit) || !task_is_plain(pool, task))
		return false;
	raw_spin_lock_irqsave(&inbox->lock, flags);
	ret = inbox_put(pool, inbox, task);
	raw_spin_unlock_irqrestore(&inbox->lock, flags);
	return ret;
}

#endif /* _WPOOL_INBOX_H */
