/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every task goes through, so that it costs a test where nothing is to be
 * done: each of these stands in front of a function, told of in its own file, for
 * the case that is rare. Included by internal.h alone. All need pool->lock.
 */
#ifndef _WPOOL_FASTPATH_H
#define _WPOOL_FASTPATH_H

static inline bool key_held_back(struct wpool *pool, struct wpool_task *task)
{
	return unlikely(task->flags & WPOOL_TASK_KEYED) &&
	       __key_held_back(pool, task);
}

static inline bool key_is_follower(const struct wpool_task *task)
{
	return unlikely(task->flags & WPOOL_TASK_KEYED) &&
	       __key_is_follower(task);
}

static inline void key_release(struct wpool *pool, struct wpool_task *task,
			       struct wpool_wakes *wakes)
{
	if (unlikely(task->flags & WPOOL_TASK_KEYED))
		__key_release(pool, task, wakes);
}

static inline struct wpool_group *watch_take_group(struct wpool_task *task)
{
	return unlikely(task->watchers) ? __watch_take_group(task) : NULL;
}

static inline void watch_tell(struct wpool_task *task, int told, int value,
			      struct wpool_wakes *wakes)
{
	if (unlikely(task->watchers))
		__watch_tell(task, told, value, wakes);
}

static inline void queue_admit_blocked(struct wpool *pool,
				       struct wpool_wakes *wakes)
{
	if (unlikely(!list_empty(&pool->blocked)))
		__queue_admit_blocked(pool, wakes);
}

static inline void break_deadlock(struct wpool *pool, struct wpool_wakes *wakes)
{
	if (unlikely(pool->nr_asleep))
		__break_deadlock(pool, wakes);
}

/* Counts a task that is being accepted. */
static inline void flush_accept(struct wpool *pool, struct wpool_task *task)
{
	task->color = pool->color;
	pool->undone[task->color]++;
}

/* Counts a task that has ended, accepted under @color. */
static inline void flush_done(struct wpool *pool, u8 color,
			      struct wpool_wakes *wakes)
{
	if (!--pool->undone[color] && unlikely(!hlist_empty(&pool->flushers)))
		flush_tell(pool, color, wakes);
}

/**
 * queue_take_pin() - take over the reference that a queued task has on its owner
 * @task: the task
 *
 * Return: what to module_put(), or NULL.
 */
static inline struct module *queue_take_pin(struct wpool_task *task)
{
	if (likely(!(task->flags & WPOOL_TASK_PINNED)))
		return NULL;
	WRITE_ONCE(task->flags, task->flags & ~WPOOL_TASK_PINNED);
	return task->owner;
}

/* Tasks are ready, nobody looks, and somebody is idle or may be made. */
static inline bool queue_unseen(const struct wpool *pool)
{
	return !pool->nr_looking && queue_ready(pool) &&
	       (pool->nr_idle || pool->nr_workers < pool->capacity);
}

/**
 * wake_for_queue() - see to it that somebody looks at the queue
 * @pool: the pool
 * @wakes: gets a worker to be woken
 *
 * An idle worker is used before one is made.
 */
static inline void wake_for_queue(struct wpool *pool, struct wpool_wakes *wakes)
{
	if (queue_unseen(pool))
		__wake_for_queue(pool, wakes);
}

static inline bool wakes_any(const struct wpool_wakes *wakes)
{
	return wakes->worker || wakes->garbage ||
	       !hlist_empty(&wakes->waiters);
}

/**
 * pool_unlock_wake() - drop the lock, then wake those collected under it
 * @pool: the pool; may be gone when this returns, unless the caller holds it
 * @flags: from raw_spin_lock_irqsave()
 * @wakes: left empty
 */
static inline void pool_unlock_wake(struct wpool *pool, unsigned long flags,
				    struct wpool_wakes *wakes)
	__releases(&pool->lock)
{
	if (unlikely(wakes_any(wakes)))
		__pool_unlock_wake(pool, flags, wakes);
	else
		raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* The same for a worker, which runs with interrupts on. */
static inline void pool_unlock_wake_irq(struct wpool *pool,
					struct wpool_wakes *wakes)
	__releases(&pool->lock)
{
	if (unlikely(wakes_any(wakes)))
		__pool_unlock_wake_irq(pool, wakes);
	else
		raw_spin_unlock_irq(&pool->lock);
}

/* Drops the lock where nothing but a task on the queue asks for a wake-up. */
static inline void pool_unlock_queued(struct wpool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	if (unlikely(queue_unseen(pool)))
		__pool_unlock_queued(pool, flags);
	else
		raw_spin_unlock_irqrestore(&pool->lock, flags);
}

#endif /* _WPOOL_FASTPATH_H */
