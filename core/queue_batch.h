/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The next tasks to begin; see queue_batch.c.
 */
#ifndef _WPOOL_QUEUE_BATCH_H
#define _WPOOL_QUEUE_BATCH_H

#include "pool.h"
#include "types.h"

void __batch_reclaim(struct wpool *pool);
void __task_grab(struct wpool *pool, struct wpool_task *task);
bool __batch_fill(struct wpool *pool, const struct wpool_task *first);

/* What the worker has ended that &wpool.in_flight does not know of. */
static inline unsigned int worker_unharvested(const struct wpool_worker *worker)
{
	return (unsigned int)atomic64_read(&worker->ended) - READ_ONCE(worker->harvested);
}

/**
 * batch_reclaim() - have all tasks that wait on the queue
 * @pool: the pool
 *
 * For who changes what may begin, or which is the next.
 */
static inline void batch_reclaim(struct wpool *pool)
{
	if (unlikely(READ_ONCE(pool->batch.left)))
		__batch_reclaim(pool);
}

/**
 * task_grab() - have a task's state change under the lock alone
 * @pool: its pool, if it is accepted
 * @task: the task; may have ended when this returns
 */
static inline void task_grab(struct wpool *pool, struct wpool_task *task)
{
	if (READ_ONCE(task->state) & TASK_BATCHED)
		__task_grab(pool, task);
}

/**
 * batch_fill() - move the next tasks on the queue to the batch
 * @pool: the pool; its batch is empty
 * @first: the one before them, which has just left the queue
 *
 * Return: true if there are any; then @first is to be batched as they are.
 */
static inline bool batch_fill(struct wpool *pool, const struct wpool_task *first)
{
	return pool->nr_queued > pool->nr_deferred && __batch_fill(pool, first);
}

#endif /* _WPOOL_QUEUE_BATCH_H */
